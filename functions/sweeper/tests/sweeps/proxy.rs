//! A DynamoDB that refuses some requests.

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use tokio::net::TcpListener;

/// A request is refused if its action is this one, and its body holds this text.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub(crate) action: &'static str,
    pub(crate) holding: String,
}

#[derive(Clone)]
struct Proxy {
    to: String,
    refused: Refused,
    client: reqwest::Client,
}

/// Serves one in front of the DynamoDB at `to`; gone with the test's runtime.
pub(crate) async fn in_front_of(to: &str, refused: Refused) -> String {
    rustls::crypto::ring::default_provider().install_default().ok();
    let proxy = Proxy { to: to.to_owned(), refused, client: reqwest::Client::new() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(pass).with_state(proxy);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn pass(State(proxy): State<Proxy>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers["x-amz-target"].to_str().unwrap();
    let text = String::from_utf8_lossy(&body);
    if target.ends_with(proxy.refused.action) && text.contains(&proxy.refused.holding) {
        let error = r#"{"__type":"com.amazon.coral.service#AccessDeniedException"}"#;
        return (StatusCode::BAD_REQUEST, error).into_response();
    }
    let answer = proxy.client.post(proxy.to).headers(headers).body(body).send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    (status, headers, answer.bytes().await.unwrap()).into_response()
}
