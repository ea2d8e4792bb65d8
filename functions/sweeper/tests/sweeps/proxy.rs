//! A DynamoDB that refuses some requests, or keeps the first of a kind waiting.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
};

/// A request is refused if its action is this one, and its body holds this text.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub(crate) action: &'static str,
    pub(crate) holding: String,
}

#[derive(Clone)]
struct Proxy {
    to: String,
    refused: Option<Refused>,
    held: Option<Held>,
    client: reqwest::Client,
}

/// The first request of this action is told of, and goes on when it is told to.
#[derive(Clone)]
struct Held {
    action: &'static str,
    told: Arc<Mutex<Option<mpsc::Sender<oneshot::Sender<()>>>>>,
}

/// Serves one in front of the DynamoDB at `to`; gone with the test's runtime.
pub(crate) async fn in_front_of(to: &str, refused: Refused) -> String {
    serve(to, Some(refused), None).await
}

/// Serves one that holds the first request of `action`, and gives what it goes on by.
pub(crate) async fn holding(
    to: &str,
    action: &'static str,
) -> (String, mpsc::Receiver<oneshot::Sender<()>>) {
    let (told, held) = mpsc::channel(1);
    let told = Arc::new(Mutex::new(Some(told)));
    (serve(to, None, Some(Held { action, told })).await, held)
}

async fn serve(to: &str, refused: Option<Refused>, held: Option<Held>) -> String {
    rustls::crypto::ring::default_provider().install_default().ok();
    let proxy = Proxy { to: to.to_owned(), refused, held, client: reqwest::Client::new() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(pass).with_state(proxy);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn pass(State(proxy): State<Proxy>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers["x-amz-target"].to_str().unwrap();
    let text = String::from_utf8_lossy(&body);
    let is_refused =
        |refused: &Refused| target.ends_with(refused.action) && text.contains(&refused.holding);
    if proxy.refused.as_ref().is_some_and(is_refused) {
        let error = r#"{"__type":"com.amazon.coral.service#AccessDeniedException"}"#;
        return (StatusCode::BAD_REQUEST, error).into_response();
    }
    if let Some(held) = proxy.held.filter(|held| target.ends_with(held.action)) {
        let first = held.told.lock().unwrap().take();
        if let Some(told) = first {
            let (go_on, going_on) = oneshot::channel();
            told.send(go_on).await.unwrap();
            going_on.await.unwrap();
        }
    }
    let answer = proxy.client.post(proxy.to).headers(headers).body(body).send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    (status, headers, answer.bytes().await.unwrap()).into_response()
}
