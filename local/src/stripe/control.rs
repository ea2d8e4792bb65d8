//! The control API; [`super`] documents it.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State as Extract},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::{
    account::{Cause, Change, Event, Made, Refusal, SessionVerb, SubscriptionVerb},
    behaviour::Behaviour,
    delivery::{Delivered, WebhookSettings},
    lock::lock,
    requests::Received,
    state::State,
};

pub(super) fn router() -> Router<Arc<State>> {
    Router::new()
        .route("/control/behaviours", post(add_behaviour).delete(clear_behaviours))
        .route("/control/checkout/sessions/{id}/{verb}", post(at_session))
        .route("/control/customers", get(customers))
        .route("/control/customers/{id}/{verb}", post(to_customer))
        .route("/control/deliver", post(deliver))
        .route("/control/emit", post(emit))
        .route("/control/events", get(events))
        .route("/control/requests", get(requests).delete(clear_requests))
        .route("/control/subscriptions/{id}/{verb}", post(to_subscription))
        .route("/control/webhooks", put(set_webhooks))
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Unknown { .. } => StatusCode::NOT_FOUND,
            Self::Illegal { .. } => StatusCode::CONFLICT,
            Self::Bad(_) => StatusCode::BAD_REQUEST,
        };
        (status, Json(json!({"error": self.to_string()}))).into_response()
    }
}

async fn add_behaviour(
    Extract(state): Extract<Arc<State>>,
    Json(behaviour): Json<Behaviour>,
) -> StatusCode {
    lock(&state.behaviours).add(behaviour);
    StatusCode::CREATED
}

async fn clear_behaviours(Extract(state): Extract<Arc<State>>) -> StatusCode {
    lock(&state.behaviours).clear();
    StatusCode::NO_CONTENT
}

async fn at_session(
    Extract(state): Extract<Arc<State>>,
    Path((id, verb)): Path<(String, String)>,
    body: Bytes,
) -> Result<Json<Change>, Refusal> {
    let verb: SessionVerb = parse(&verb, &body)?;
    state.store.change(Cause::default(), |account| account.on_session(verb, &id)).map(Json)
}

async fn to_subscription(
    Extract(state): Extract<Arc<State>>,
    Path((id, verb)): Path<(String, String)>,
    body: Bytes,
) -> Result<Json<Change>, Refusal> {
    let verb: SubscriptionVerb = parse(&verb, &body)?;
    state.store.change(Cause::default(), |account| account.on_subscription(&verb, &id)).map(Json)
}

async fn to_customer(
    Extract(state): Extract<Arc<State>>,
    Path((id, verb)): Path<(String, String)>,
) -> Result<Json<Change>, Refusal> {
    if verb != "delete" {
        return Err(Refusal::Bad(format!("{verb} is not known")));
    }
    state.store.change(Cause::default(), |account| account.delete_customer(&id)).map(Json)
}

async fn customers(Extract(state): Extract<Arc<State>>) -> Json<Vec<Value>> {
    Json(state.customers())
}

async fn events(Extract(state): Extract<Arc<State>>) -> Json<Vec<Value>> {
    let show = |event: &Event| {
        json!({
            "id": event.id,
            "type": event.kind,
            "object_id": event.object_id,
            "created": event.created,
            "due": event.due,
            "deliveries": event.deliveries,
        })
    };
    Json(state.store.read(|account| account.events.all().iter().map(show).collect()))
}

/// Which events to deliver, and how.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    ids: Vec<String>,
    #[serde(default)]
    parallel: bool,
}

async fn deliver(
    Extract(state): Extract<Arc<State>>,
    Json(order): Json<Order>,
) -> Result<Json<Vec<Delivered>>, Refusal> {
    state.delivery.deliver_now(&order.ids, order.parallel).await.map(Json)
}

/// An event of any kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Emission {
    #[serde(rename = "type")]
    kind: String,
    object: Value,
}

async fn emit(
    Extract(state): Extract<Arc<State>>,
    Json(emission): Json<Emission>,
) -> (StatusCode, Json<Made>) {
    let Emission { kind, object } = emission;
    let made = state.store.change(Cause::default(), |account| account.emit(&kind, object));
    (StatusCode::CREATED, Json(made))
}

async fn requests(Extract(state): Extract<Arc<State>>) -> Json<Vec<Received>> {
    Json(lock(&state.requests).all())
}

async fn clear_requests(Extract(state): Extract<Arc<State>>) -> StatusCode {
    lock(&state.requests).clear();
    StatusCode::NO_CONTENT
}

async fn set_webhooks(
    Extract(state): Extract<Arc<State>>,
    Json(settings): Json<WebhookSettings>,
) -> StatusCode {
    state.delivery.set(settings);
    StatusCode::NO_CONTENT
}

/// A verb by its name, with what it needs in the body, such as `{"days": 14}`.
fn parse<T: DeserializeOwned>(name: &str, body: &[u8]) -> Result<T, Refusal> {
    let verb = if body.is_empty() {
        Value::from(name)
    } else {
        let details: Value = serde_json::from_slice(body)
            .map_err(|error| Refusal::Bad(format!("the body is not JSON: {error}")))?;
        Value::from(Map::from_iter([(name.to_owned(), details)]))
    };
    T::deserialize(verb).map_err(|error| Refusal::Bad(format!("{name} is not understood: {error}")))
}
