//! The way through `lambda_http`: an event of API Gateway in, its answer out.

use lambda_http::{Adapter, Context, LambdaEvent, request::LambdaRequest};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::App;

fn event() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/auth.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// What API Gateway is told.
async fn answer(app: &App, event: Value) -> Value {
    let payload: LambdaRequest = serde_json::from_value(event).unwrap();
    let event = LambdaEvent::new(payload, Context::default());
    let answer = Adapter::from(app.service()).oneshot(event).await.unwrap();
    serde_json::to_value(answer).unwrap()
}

#[tokio::test]
async fn the_event_for_sam_local_invoke_is_answered() {
    let event = event();
    let request_id = event["requestContext"]["requestId"].clone();
    let answer = answer(&App::start().await, event).await;
    assert_eq!(answer["statusCode"], 200, "{answer}");
    assert_eq!(answer["headers"]["x-request-id"], request_id);
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["expires_in"], 300);
}

#[tokio::test]
async fn a_body_may_come_as_base64() {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let mut event = event();
    event["body"] = BASE64_STANDARD.encode(event["body"].as_str().unwrap()).into();
    event["isBase64Encoded"] = true.into();
    let answer = answer(&App::start().await, event).await;
    assert_eq!(answer["statusCode"], 200, "{answer}");
}

#[tokio::test]
async fn an_unknown_path_is_a_problem() {
    let mut event = event();
    event["rawPath"] = "/auth/nothing".into();
    event["requestContext"]["http"]["path"] = "/auth/nothing".into();
    let answer = answer(&App::start().await, event).await;
    assert_eq!(answer["statusCode"], 404, "{answer}");
    assert_eq!(answer["headers"]["content-type"], "application/problem+json");
}
