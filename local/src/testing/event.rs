//! The way through `lambda_http`: an event of API Gateway in, its answer out.

use axum::Router;
use lambda_http::{Context, LambdaEvent, request::LambdaRequest};
use serde_json::Value;
use shared::http::behind_gateway;
use tower::ServiceExt as _;

/// `events/<function>.json`, the event for `sam local invoke`.
#[must_use]
pub fn event(function: &str) -> Value {
    let path = format!("{}/../events/{function}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// What API Gateway is told when it hands `event` to a function with this router.
pub async fn invoke(router: Router, event: Value) -> Value {
    let payload: LambdaRequest = serde_json::from_value(event).unwrap();
    let event = LambdaEvent::new(payload, Context::default());
    serde_json::to_value(behind_gateway(router).oneshot(event).await.unwrap()).unwrap()
}
