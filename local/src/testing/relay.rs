//! A server in front of another one, so that something can happen while an answer is on its way.

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::request::Parts,
    response::Response,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::net::TcpListener;

#[derive(Clone)]
struct Relay<F> {
    to: String,
    client: Client<HttpConnector, Body>,
    meanwhile: F,
}

/// Serves one in front of the server at `to`, and gives its URL; gone with the test's runtime. When
/// that server has answered a request, `meanwhile` happens, and then the answer is passed on.
pub async fn relay<F, Fut>(to: &str, meanwhile: F) -> String
where
    F: Fn(Parts) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
    let relay = Relay { to: to.to_owned(), client, meanwhile };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(pass::<F, Fut>).with_state(relay);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn pass<F, Fut>(State(relay): State<Relay<F>>, request: Request) -> Response
where
    F: Fn(Parts) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let (mut parts, body) = request.into_parts();
    let asked = parts.clone();
    let path = parts.uri.path_and_query().unwrap();
    parts.uri = format!("{}{path}", relay.to).parse().unwrap();
    let answer = relay.client.request(Request::from_parts(parts, body)).await.unwrap();
    (relay.meanwhile)(asked).await;
    answer.map(Body::new)
}
