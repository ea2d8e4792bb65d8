//! A proxy in front of DynamoDB that refuses or holds back operations, or loses their answers.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::{net::TcpListener, sync::watch};

/// What DynamoDB answers a transaction with whose first item another one holds.
const CONFLICT: &str = r#"{
    "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
    "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons [TransactionConflict, None, None]",
    "CancellationReasons": [
        { "Code": "TransactionConflict", "Message": "Transaction is ongoing for the item" },
        { "Code": "None" },
        { "Code": "None" }
    ]
}"#;

/// A running proxy.
pub(crate) struct Faults {
    pub(crate) url: String,
    upstream: Upstream,
}

#[derive(Clone)]
struct Upstream {
    url: String,
    http: Client<HttpConnector, Body>,
    refused: Arc<Mutex<Option<&'static str>>>,
    conflicts: Arc<Mutex<u32>>,
    held: watch::Sender<Option<&'static str>>,
    unanswered: Arc<Mutex<Option<&'static str>>>,
    lost: Arc<Mutex<Option<&'static str>>>,
    waiting: Arc<AtomicUsize>,
}

impl Faults {
    /// Starts one in front of the DynamoDB at `url`.
    pub(crate) async fn start(url: &str) -> Self {
        let upstream = Upstream {
            url: url.to_owned(),
            http: Client::builder(TokioExecutor::new()).build_http(),
            refused: Arc::default(),
            conflicts: Arc::default(),
            held: watch::Sender::default(),
            unanswered: Arc::default(),
            lost: Arc::default(),
            waiting: Arc::default(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(forward).with_state(upstream.clone());
        tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
        Self { url, upstream }
    }

    /// Refuses an operation from now on, in a way that is not worth another try.
    pub(crate) fn refuse(&self, operation: &'static str) {
        *self.upstream.refused.lock().unwrap() = Some(operation);
    }

    /// Lets so many transactions, the next ones, meet another one.
    pub(crate) fn conflict(&self, times: u32) {
        *self.upstream.conflicts.lock().unwrap() = times;
    }

    /// Does an operation the next time, and then says that it failed, in a way that is worth another
    /// try.
    pub(crate) fn lose_answer(&self, operation: &'static str) {
        *self.upstream.lost.lock().unwrap() = Some(operation);
    }

    /// Holds an operation back until [`Self::release`].
    pub(crate) fn hold(&self, operation: &'static str) {
        self.upstream.held.send_replace(Some(operation));
    }

    /// Holds an operation back until [`Self::release`], and says at once that it failed.
    pub(crate) fn hold_unanswered(&self, operation: &'static str) {
        *self.upstream.unanswered.lock().unwrap() = Some(operation);
        self.hold(operation);
    }

    pub(crate) fn release(&self) {
        self.upstream.held.send_replace(None);
    }

    /// Waits until something is held back.
    pub(crate) async fn holds_one(&self) {
        let held = async {
            while self.upstream.waiting.load(Ordering::SeqCst) == 0 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), held).await.unwrap();
    }
}

impl Upstream {
    fn meets_a_conflict(&self) -> bool {
        let mut left = self.conflicts.lock().unwrap();
        let one = left.checked_sub(1);
        *left = one.unwrap_or(0);
        one.is_some()
    }

    /// Does an operation once it is not held back.
    async fn pass_on(&self, operation: &str, mut request: Request) -> Response {
        let is = |held: Option<&str>| held == Some(operation);
        if is(*self.held.borrow()) {
            self.waiting.fetch_add(1, Ordering::SeqCst);
            self.held.subscribe().wait_for(|held| !is(*held)).await.unwrap();
        }
        *request.uri_mut() = self.url.parse().unwrap();
        self.http.request(request).await.unwrap().map(Body::new)
    }
}

async fn forward(State(upstream): State<Upstream>, request: Request) -> Response {
    let target = request.headers()["x-amz-target"].to_str().unwrap();
    let operation = target.rsplit('.').next().unwrap().to_owned();
    let is = |other: Option<&str>| other == Some(operation.as_str());
    if is(*upstream.refused.lock().unwrap()) {
        return failure();
    }
    if is(Some("TransactWriteItems")) && upstream.meets_a_conflict() {
        return (StatusCode::BAD_REQUEST, CONFLICT).into_response();
    }
    if is(*upstream.unanswered.lock().unwrap()) {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let request = Request::from_parts(parts, body.into());
        tokio::spawn(async move { upstream.pass_on(&operation, request).await });
        return failure();
    }
    let is_lost = upstream.lost.lock().unwrap().take_if(|lost| *lost == operation).is_some();
    let answer = upstream.pass_on(&operation, request).await;
    if is_lost { passing_failure() } else { answer }
}

/// What the SDK tries again after.
fn passing_failure() -> Response {
    let error = r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError"}"#;
    (StatusCode::INTERNAL_SERVER_ERROR, error).into_response()
}

/// What the SDK does not try again after.
fn failure() -> Response {
    let error = r#"{"__type":"com.amazonaws.dynamodb.v20120810#AccessDeniedException"}"#;
    (StatusCode::BAD_REQUEST, error).into_response()
}
