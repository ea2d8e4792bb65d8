//! The control API; [`super`] documents it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State as Extract;
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Deserialize;

use super::behaviour::Behaviour;
use super::state::{Received, State};

pub(super) fn router() -> Router<Arc<State>> {
    Router::new()
        .route("/control/behaviours", post(add_behaviour).delete(clear_behaviours))
        .route("/control/delay", put(set_delay))
        .route("/control/requests", get(requests).delete(clear_requests))
}

async fn add_behaviour(
    Extract(state): Extract<Arc<State>>,
    Json(behaviour): Json<Behaviour>,
) -> StatusCode {
    state.add(behaviour);
    StatusCode::CREATED
}

async fn clear_behaviours(Extract(state): Extract<Arc<State>>) -> StatusCode {
    state.clear_behaviours();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Delay {
    delay_ms: u64,
}

async fn set_delay(Extract(state): Extract<Arc<State>>, Json(delay): Json<Delay>) -> StatusCode {
    state.set_delay(Duration::from_millis(delay.delay_ms));
    StatusCode::NO_CONTENT
}

async fn requests(Extract(state): Extract<Arc<State>>) -> Json<Vec<Received>> {
    Json(state.requests())
}

async fn clear_requests(Extract(state): Extract<Arc<State>>) -> StatusCode {
    state.clear_requests();
    StatusCode::NO_CONTENT
}
