//! The wire between the function and its DynamoDB: notes every call, holds one up, or loses its
//! answer.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{Request, StatusCode, Uri, request::Parts},
    response::{IntoResponse, Response},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use tokio::{net::TcpListener, sync::oneshot};

#[derive(Clone)]
pub(crate) struct Wire {
    pub(crate) url: String,
    upstream: String,
    client: Client<HttpConnector, Body>,
    calls: Arc<Mutex<Vec<Call>>>,
    plans: Arc<Mutex<Vec<(&'static str, Plan)>>>,
}

/// A call that was answered.
struct Call {
    operation: String,
    /// The sort keys of the items that it is about: what they are, not whose.
    items: Vec<String>,
    status: StatusCode,
}

/// What happens to a call.
enum Plan {
    /// It waits before it goes on.
    Hold { arrived: oneshot::Sender<()>, release: oneshot::Receiver<()> },
    /// Nothing.
    LetPass,
    /// It succeeds, but the caller never learns of it.
    LoseAnswer,
    /// It is refused, as to somebody without the permission: nobody tries again.
    Refuse,
}

/// A call that is held up.
pub(crate) struct Held {
    arrived: oneshot::Receiver<()>,
    release: oneshot::Sender<()>,
}

impl Held {
    /// Waits until the call has come.
    pub(crate) async fn arrived(&mut self) {
        (&mut self.arrived).await.unwrap();
    }

    /// Lets it go on.
    pub(crate) fn release(self) {
        self.release.send(()).unwrap();
    }
}

impl Wire {
    pub(crate) async fn to(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let wire = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            upstream: upstream.to_owned(),
            client: Client::builder(TokioExecutor::new()).build_http(),
            calls: Arc::default(),
            plans: Arc::default(),
        };
        let router = Router::new().fallback(pass).with_state(wire.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        wire
    }

    /// Holds up the next call of `operation`.
    pub(crate) fn hold(&self, operation: &'static str) -> Held {
        let ((arrived, has_arrived), (release, released)) =
            (oneshot::channel(), oneshot::channel());
        self.plan(operation, Plan::Hold { arrived, release: released });
        Held { arrived: has_arrived, release }
    }

    /// Does nothing to the next call of `operation`: what is planned for it is meant for the one after.
    pub(crate) fn let_pass(&self, operation: &'static str) {
        self.plan(operation, Plan::LetPass);
    }

    /// Loses the answer to the next call of `operation`.
    pub(crate) fn lose_answer(&self, operation: &'static str) {
        self.plan(operation, Plan::LoseAnswer);
    }

    /// Refuses the next call of `operation`, for good.
    pub(crate) fn refuse(&self, operation: &'static str) {
        self.plan(operation, Plan::Refuse);
    }

    fn plan(&self, operation: &'static str, plan: Plan) {
        self.plans.lock().unwrap().push((operation, plan));
    }

    /// The calls since they were last asked for, sorted: those that are made side by side come in
    /// any order.
    pub(crate) fn calls(&self) -> Vec<String> {
        sorted(self.taken().into_iter().map(|call| call.operation))
    }

    /// The same calls with what makes them cost what they cost: the kinds of items, and how it ended.
    pub(crate) fn work(&self) -> Vec<String> {
        let tell = |Call { operation, items, status }| format!("{operation} {items:?}: {status}");
        sorted(self.taken().into_iter().map(tell))
    }

    fn taken(&self) -> Vec<Call> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    fn planned_for(&self, operation: &str) -> Option<Plan> {
        let mut plans = self.plans.lock().unwrap();
        let at = plans.iter().position(|(planned, _)| *planned == operation)?;
        Some(plans.remove(at).1)
    }
}

fn sorted(calls: impl Iterator<Item = String>) -> Vec<String> {
    let mut calls: Vec<_> = calls.collect();
    calls.sort();
    calls
}

async fn pass(State(wire): State<Wire>, mut parts: Parts, body: Bytes) -> Response {
    let target = parts.headers["x-amz-target"].to_str().unwrap();
    let operation = target.rsplit('.').next().unwrap().to_owned();
    let items = sort_keys(&serde_json::from_slice(&body).unwrap());
    let plan = wire.planned_for(&operation);
    if matches!(plan, Some(Plan::Refuse)) {
        let error = r#"{"__type":"com.amazon.coral.service#AccessDeniedException"}"#;
        return (StatusCode::BAD_REQUEST, error).into_response();
    }
    let lost = matches!(plan, Some(Plan::LoseAnswer));
    if let Some(Plan::Hold { arrived, release }) = plan {
        arrived.send(()).unwrap();
        release.await.unwrap();
    }
    parts.uri = Uri::try_from(format!("{}/", wire.upstream)).unwrap();
    let response = wire.client.request(Request::from_parts(parts, Body::from(body))).await.unwrap();
    let status = response.status();
    wire.calls.lock().unwrap().push(Call { operation, items, status });
    if lost {
        assert!(status.is_success(), "there was nothing to lose");
        let error = r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError"}"#;
        return (StatusCode::INTERNAL_SERVER_ERROR, error).into_response();
    }
    response.map(Body::new)
}

/// The sort keys anywhere in a request, sorted: `{"sk": {"S": "profile"}}`.
fn sort_keys(request: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let inner: Vec<_> = match request {
        Value::Object(object) => {
            found.extend(object.get("sk").and_then(|sk| sk["S"].as_str()).map(kind));
            object.values().collect()
        }
        Value::Array(array) => array.iter().collect(),
        _ => Vec::new(),
    };
    found.extend(inner.into_iter().flat_map(sort_keys));
    found.sort();
    found
}

/// `session#01K…` is a session, whichever.
fn kind(sort_key: &str) -> String {
    sort_key.split_once("session#").map_or(sort_key, |_| "session").to_owned()
}
