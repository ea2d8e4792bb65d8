//! A proxy in front of the embedded DynamoDB: it asks for the consumed capacity of every request,
//! and keeps what was asked and what was answered.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::header::CONTENT_LENGTH,
    response::Response,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

/// One request to DynamoDB, and its answer.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// `GetItem`, `Query`, …
    pub(crate) operation: String,
    /// As sent.
    pub(crate) request: Value,
    /// Of a refused one, the error.
    pub(crate) answer: Value,
}

/// A running proxy. Dropping it stops it.
pub(crate) struct Proxy {
    url: String,
    calls: Calls,
    served: JoinHandle<()>,
}

type Calls = Arc<Mutex<Vec<Call>>>;

#[derive(Clone)]
struct Upstream {
    url: String,
    http: Client<HttpConnector, Body>,
    calls: Calls,
}

impl Proxy {
    /// Starts one in front of the DynamoDB at `url`.
    pub(crate) async fn start(url: &str) -> Self {
        let calls = Calls::default();
        let upstream = Upstream {
            url: url.to_owned(),
            http: Client::builder(TokioExecutor::new()).build_http(),
            calls: Arc::clone(&calls),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(forward).with_state(upstream);
        let served = tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
        Self { url, calls, served }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The calls since this was asked last.
    pub(crate) fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.served.abort();
    }
}

async fn forward(State(upstream): State<Upstream>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let target = parts.headers["x-amz-target"].to_str().unwrap();
    let operation = target.rsplit('.').next().unwrap().to_owned();
    let mut request = json(body).await;
    request["ReturnConsumedCapacity"] = "INDEXES".into();

    parts.uri = upstream.url.parse().unwrap();
    parts.headers.remove(CONTENT_LENGTH);
    let sent = Request::from_parts(parts, Body::from(request.to_string()));
    let (parts, body) = upstream.http.request(sent).await.unwrap().into_parts();
    let answer = json(Body::new(body)).await;

    let body = Body::from(answer.to_string());
    upstream.calls.lock().unwrap().push(Call { operation, request, answer });
    let mut response = Response::from_parts(parts, body);
    // Both are of the body as it came: it is written anew.
    response.headers_mut().remove(CONTENT_LENGTH);
    response.headers_mut().remove("x-amz-crc32");
    response
}

async fn json(body: Body) -> Value {
    serde_json::from_slice(&to_bytes(body, usize::MAX).await.unwrap()).unwrap()
}
