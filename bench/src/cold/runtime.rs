//! The Lambda Runtime API, as a function's program sees it
//! (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>).

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc},
    time::timeout,
};

/// Longer than any step takes, under valgrind too.
const PATIENCE: Duration = Duration::from_mins(1);
/// What an invocation may take, as the function is told.
const DEADLINE: Duration = Duration::from_mins(2);

/// The side of the API that gives events and takes answers; one for each start of a program.
pub(super) struct Runtime {
    /// What the program needs for `AWS_LAMBDA_RUNTIME_API`.
    pub(super) address: String,
    events: mpsc::Sender<Value>,
    asked: mpsc::Receiver<Instant>,
    answers: mpsc::Receiver<(Instant, Value)>,
}

struct Shared {
    events: Mutex<mpsc::Receiver<Value>>,
    asked: mpsc::Sender<Instant>,
    answers: mpsc::Sender<(Instant, Value)>,
    invocations: AtomicU64,
}

impl Runtime {
    /// Serves one until the program's runtime ends.
    pub(super) async fn start() -> Self {
        let (events, to_give) = mpsc::channel(1);
        let (asking, asked) = mpsc::channel(1);
        let (answering, answers) = mpsc::channel(1);
        let shared = Shared {
            events: Mutex::new(to_give),
            asked: asking,
            answers: answering,
            invocations: AtomicU64::default(),
        };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(answer))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(failed))
            .route("/2018-06-01/runtime/init/error", post(failed))
            .with_state(Arc::new(shared));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, events, asked, answers }
    }

    /// When the program asks for its next event.
    pub(super) async fn asked(&mut self) -> Instant {
        let asked = timeout(PATIENCE, self.asked.recv()).await;
        asked.expect("the function did not ask for an event").unwrap()
    }

    /// Gives an event to a program that has asked for one: how long the answer took, and what it is.
    pub(super) async fn invoke(&mut self, event: Value) -> (Duration, Value) {
        let given = Instant::now();
        self.events.send(event).await.unwrap();
        let answer = timeout(PATIENCE, self.answers.recv()).await;
        let (answered, answer) = answer.expect("the function did not answer").unwrap();
        (answered.duration_since(given), answer)
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    // Taken first: whoever is told of the request may give the event at once.
    let mut events = shared.events.lock().await;
    shared.asked.send(Instant::now()).await.ok();
    let Some(event) = events.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let nth = shared.invocations.fetch_add(1, Ordering::Relaxed);
    let deadline = tests::now().as_millisecond() + i64::try_from(DEADLINE.as_millis()).unwrap();
    let headers = [
        ("lambda-runtime-aws-request-id", format!("8476a536-e9f4-11e8-9739-{nth:012x}")),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:eu-central-1:123456789012:function:measured".to_owned(),
        ),
        ("lambda-runtime-trace-id", format!("Root=1-5bef4de7-ad49b0e87f6ef6c8{nth:08x};Sampled=0")),
    ];
    let headers = headers
        .into_iter()
        .map(|(name, value)| (name.parse().unwrap(), HeaderValue::try_from(value).unwrap()));
    (headers.collect::<HeaderMap>(), Json(event)).into_response()
}

async fn answer(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    let answered = Instant::now();
    let answer = serde_json::from_slice(&body).unwrap_or_default();
    shared.answers.send((answered, answer)).await.ok();
    StatusCode::ACCEPTED
}

async fn failed(body: Bytes) -> StatusCode {
    panic!("the function failed: {}", String::from_utf8_lossy(&body));
}
