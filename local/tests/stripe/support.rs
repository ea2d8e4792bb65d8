//! A stand-in with a customer, an HTTP client, and a receiver of webhooks.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use local::stripe::{Change, DEFAULT_PRICE, Settings, StandIn};
use reqwest::{Client, Method, Response, redirect::Policy};
use serde_json::Value;
use tokio::net::TcpListener;

/// A stand-in with nothing set.
pub(crate) async fn stand_in() -> StandIn {
    StandIn::start(Settings::default()).await.unwrap()
}

/// An HTTP client that follows no redirects. It never uses TLS, but reqwest is built to want a
/// provider for it.
pub(crate) fn http() -> Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(Policy::none())
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap()
}

/// A request with a good key; `form` is the query of a `GET` and the body of anything else.
pub(crate) async fn call(stand_in: &StandIn, method: Method, path: &str, form: &str) -> Response {
    call_with(stand_in, method, path, form, None).await
}

/// The same with an idempotency key.
pub(crate) async fn call_with(
    stand_in: &StandIn,
    method: Method,
    path: &str,
    form: &str,
    key: Option<&str>,
) -> Response {
    try_call(stand_in, method, path, form, key).await.unwrap()
}

/// The same, which may fail.
pub(crate) async fn try_call(
    stand_in: &StandIn,
    method: Method,
    path: &str,
    form: &str,
    key: Option<&str>,
) -> reqwest::Result<Response> {
    let url = format!("{}{path}", stand_in.url());
    let request = if method == Method::POST {
        let kind = "application/x-www-form-urlencoded";
        http().post(url).header("content-type", kind).body(form.to_owned())
    } else {
        http().request(method, format!("{url}?{form}"))
    };
    let request = request.bearer_auth("sk_test_1");
    match key {
        Some(key) => request.header("idempotency-key", key).send().await,
        None => request.send().await,
    }
}

/// The body of a successful call.
pub(crate) async fn get(stand_in: &StandIn, path: &str, form: &str) -> Value {
    ok(call(stand_in, Method::GET, path, form).await).await
}

/// The body of a successful call.
pub(crate) async fn create(stand_in: &StandIn, path: &str, form: &str) -> Value {
    ok(call(stand_in, Method::POST, path, form).await).await
}

async fn ok(response: Response) -> Value {
    let status = response.status();
    let body: Value = response.json().await.unwrap();
    assert_eq!(status, StatusCode::OK, "{body}");
    body
}

/// Status and `error` of a call that is refused.
pub(crate) async fn error_of(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    assert!(response.headers()["request-id"].to_str().unwrap().starts_with("req_"));
    let body: Value = response.json().await.unwrap();
    (status, body["error"].clone())
}

/// A new customer's id.
pub(crate) async fn customer(stand_in: &StandIn) -> String {
    id(&create(stand_in, "/v1/customers", "email=ada@example.com").await)
}

/// The id of a session that is open for `customer`.
pub(crate) async fn session(stand_in: &StandIn, customer: &str) -> String {
    let form = format!(
        "mode=subscription&customer={customer}&line_items[0][price]={DEFAULT_PRICE}\
         &line_items[0][quantity]=1&success_url=http://localhost:3000/success?id={{CHECKOUT_SESSION_ID}}\
         &cancel_url=http://localhost:3000/cancel&subscription_data[metadata][user]=7"
    );
    id(&create(stand_in, "/v1/checkout/sessions", &form).await)
}

/// A customer and what they pay for: two ids.
pub(crate) async fn subscribed(stand_in: &StandIn) -> (String, String) {
    let customer = customer(stand_in).await;
    let session = session(stand_in, &customer).await;
    let paid = stand_in.pay(&session).unwrap();
    (customer, paid.object["subscription"].as_str().unwrap().to_owned())
}

pub(crate) fn id(object: &Value) -> String {
    object["id"].as_str().unwrap().to_owned()
}

/// The types of the events that a change made.
pub(crate) fn kinds(change: &Change) -> Vec<&str> {
    change.events.iter().map(|event| event.kind.as_str()).collect()
}

/// The event `id`, as it is delivered.
pub(crate) fn event(stand_in: &StandIn, id: &str) -> Value {
    let events = stand_in.events();
    let event = events.iter().find(|event| event.id == id).unwrap();
    serde_json::from_str(&event.body).unwrap()
}

/// Waits until `condition` holds, for ten seconds at most.
pub(crate) async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(10), "{what} in vain");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A receiver of webhooks, which answers as it is told.
pub(crate) struct Receiver {
    pub(crate) url: String,
    inbox: Arc<Inbox>,
}

#[derive(Default)]
struct Inbox {
    received: Mutex<Vec<Webhook>>,
    /// What to answer next; after these, 200.
    answers: Mutex<VecDeque<StatusCode>>,
}

/// A webhook as it came.
#[derive(Clone)]
pub(crate) struct Webhook {
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) at: Instant,
}

impl Webhook {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn signature(&self) -> &str {
        self.headers["stripe-signature"].to_str().unwrap()
    }
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let inbox = Arc::new(Inbox::default());
        let router = Router::new().route("/webhook", post(receive)).with_state(Arc::clone(&inbox));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhook", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, router).into_future());
        Self { url, inbox }
    }

    /// Answers like this next.
    pub(crate) fn answer(&self, status: u16) {
        self.inbox.answers.lock().unwrap().push_back(StatusCode::from_u16(status).unwrap());
    }

    pub(crate) fn received(&self) -> Vec<Webhook> {
        self.inbox.received.lock().unwrap().clone()
    }

    /// The ids of the events, in the order in which they came.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.received().iter().map(|webhook| id(&webhook.json())).collect()
    }

    /// Waits until so many came.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Webhook> {
        eventually(&format!("waited for {count} webhooks"), || self.received().len() >= count)
            .await;
        self.received()
    }
}

async fn receive(State(inbox): State<Arc<Inbox>>, headers: HeaderMap, body: String) -> StatusCode {
    let webhook = Webhook { headers, body, at: Instant::now() };
    inbox.received.lock().unwrap().push(webhook);
    inbox.answers.lock().unwrap().pop_front().unwrap_or(StatusCode::OK)
}
