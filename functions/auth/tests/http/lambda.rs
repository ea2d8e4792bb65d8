//! The way through `lambda_http`: an event of API Gateway in, its answer out.

use local::testing;
use serde_json::Value;

use crate::App;

/// What API Gateway is told.
async fn answer(app: &App, event: Value) -> Value {
    testing::invoke(app.service(), event).await
}

#[tokio::test]
async fn the_event_for_sam_local_invoke_is_answered() {
    let event = testing::event("auth");
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
    let mut event = testing::event("auth");
    event["body"] = BASE64_STANDARD.encode(event["body"].as_str().unwrap()).into();
    event["isBase64Encoded"] = true.into();
    let answer = answer(&App::start().await, event).await;
    assert_eq!(answer["statusCode"], 200, "{answer}");
}

#[tokio::test]
async fn an_unknown_path_is_a_problem() {
    let mut event = testing::event("auth");
    event["rawPath"] = "/auth/nothing".into();
    event["requestContext"]["http"]["path"] = "/auth/nothing".into();
    let answer = answer(&App::start().await, event).await;
    assert_eq!(answer["statusCode"], 404, "{answer}");
    assert_eq!(answer["headers"]["content-type"], "application/problem+json");
}
