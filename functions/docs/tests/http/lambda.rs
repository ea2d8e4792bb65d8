//! The way through `lambda_http`: an event of API Gateway in, its answer out.

use std::fs;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use lambda_http::{Context, LambdaEvent, request::LambdaRequest};
use serde_json::Value;
use shared::http::behind_gateway;
use tower::ServiceExt as _;

fn event() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/docs.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn event_for(path: &str, accept_encoding: &str) -> Value {
    let mut event = event();
    event["rawPath"] = path.into();
    event["requestContext"]["http"]["path"] = path.into();
    event["headers"] = serde_json::json!({ "accept-encoding": accept_encoding });
    event
}

/// What API Gateway is told.
async fn answer(event: Value) -> Value {
    let payload: LambdaRequest = serde_json::from_value(event).unwrap();
    let event = LambdaEvent::new(payload, Context::default());
    let answer = behind_gateway(docs::router()).oneshot(event).await.unwrap();
    serde_json::to_value(answer).unwrap()
}

#[tokio::test]
async fn the_event_for_sam_local_invoke_is_answered() {
    let event = event();
    assert_eq!(event["version"], "2.0", "an event of an HTTP API");
    let answer = answer(event).await;
    assert_eq!(answer["statusCode"], 200);
    assert_eq!(answer["isBase64Encoded"], false);
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn text_goes_through_api_gateway_as_it_is() {
    for path in ["/docs", "/openapi.json", "/docs/icon.svg", "/docs/reference.js"] {
        let answer = answer(event_for(path, "br")).await;
        assert_eq!(answer["statusCode"], 200, "{path}");
        assert_eq!(answer["isBase64Encoded"], false, "{path}");
        let direct = crate::get(path).await;
        assert!(answer["body"].as_str().unwrap() == direct.text(), "{path}");
    }
}

#[tokio::test]
async fn brotli_goes_through_api_gateway_as_base64() {
    let page = crate::get("/docs").await;
    let (_, rest) = page.text().split_once("src=\"").unwrap();
    let bundle = format!("/{}", rest.split_once('"').unwrap().0);

    let packed = answer(event_for(&bundle, "gzip, br")).await;
    assert_eq!(packed["statusCode"], 200);
    assert_eq!(packed["headers"]["content-encoding"], "br");
    assert_eq!(packed["isBase64Encoded"], true);
    let packed = BASE64_STANDARD.decode(packed["body"].as_str().unwrap()).unwrap();

    let plain = answer(event_for(&bundle, "gzip")).await;
    assert_eq!(plain["headers"]["content-encoding"], Value::Null);
    assert_eq!(plain["isBase64Encoded"], false);

    let mut unpacked = Vec::new();
    brotli_decompressor::BrotliDecompress(&mut packed.as_slice(), &mut unpacked).unwrap();
    assert!(unpacked == plain["body"].as_str().unwrap().as_bytes());
}
