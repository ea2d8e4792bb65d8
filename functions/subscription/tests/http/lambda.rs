//! The way through `lambda_http`: an event of API Gateway in, its answer out.

use local::testing;
use serde_json::Value;
use shared::domain::Caller;

use crate::host::Host;

/// The event for `sam local invoke`, with a token that is good.
fn signed(host: &Host, caller: &Caller) -> Value {
    let mut event = testing::event("subscription");
    event["headers"]["authorization"] = format!("Bearer {}", host.token(caller)).into();
    event
}

#[tokio::test]
async fn the_event_for_sam_local_invoke_is_refused_until_it_has_a_token() {
    let host = Host::start().await;
    let event = testing::event("subscription");
    assert_eq!(event["version"], "2.0", "an event of an HTTP API");
    let refused = testing::invoke(host.router(), event.clone()).await;
    assert_eq!(refused["statusCode"], 401);
    assert_eq!(refused["headers"]["x-request-id"], event["requestContext"]["requestId"]);

    let ada = host.person().await;
    let told = testing::invoke(host.router(), signed(&host, &ada)).await;
    assert_eq!(told["statusCode"], 201, "{told}");
    assert_eq!(told["isBase64Encoded"], false);
    let body: Value = serde_json::from_str(told["body"].as_str().unwrap()).unwrap();
    assert_eq!(told["headers"]["location"], body["url"]);
    assert_eq!(host.stripe.sessions()[0]["url"], body["url"]);
    // Its idempotency key and its body came through.
    let again = testing::invoke(host.router(), signed(&host, &ada)).await;
    assert_eq!((&again["statusCode"], &again["body"]), (&told["statusCode"], &told["body"]));
    let mut other = signed(&host, &ada);
    other["body"] = r#"{"x":1}"#.into();
    assert_eq!(testing::invoke(host.router(), other).await["statusCode"], 422);
}

#[tokio::test]
async fn a_base64_body_is_the_same_body() {
    let host = Host::start().await;
    let ada = host.person().await;
    let told = testing::invoke(host.router(), signed(&host, &ada)).await;
    let mut encoded = signed(&host, &ada);
    encoded["body"] = "e30=".into();
    encoded["isBase64Encoded"] = true.into();
    let again = testing::invoke(host.router(), encoded).await;
    assert_eq!((&again["statusCode"], &again["body"]), (&told["statusCode"], &told["body"]));
}

#[tokio::test]
async fn a_page_comes_through_as_text() {
    let host = Host::start().await;
    let mut event = testing::event("subscription");
    event["rawPath"] = "/subscribe/success".into();
    event["requestContext"]["http"]["path"] = "/subscribe/success".into();
    event["requestContext"]["http"]["method"] = "GET".into();
    event["body"] = Value::Null;
    let page = testing::invoke(host.router(), event).await;
    assert_eq!((&page["statusCode"], &page["isBase64Encoded"]), (&200.into(), &false.into()));
    assert!(page["body"].as_str().unwrap().starts_with("<!doctype html>"));
}
