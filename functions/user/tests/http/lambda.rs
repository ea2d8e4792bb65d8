//! The way through `lambda_http`: an event of API Gateway in, its answer out.

use local::testing;
use serde_json::{Value, json};

use crate::host::Host;

/// What API Gateway is told.
async fn answer(host: &Host, event: Value) -> Value {
    testing::invoke(host.router(), event).await
}

#[tokio::test]
async fn the_event_for_sam_local_invoke_is_refused_until_it_has_a_token() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let mut event = testing::event("user");
    assert_eq!(event["version"], "2.0", "an event of an HTTP API");

    let refused = answer(&host, event.clone()).await;
    assert_eq!(refused["statusCode"], 401);
    assert_eq!(refused["headers"]["x-request-id"], event["requestContext"]["requestId"]);

    event["headers"]["authorization"] = format!("Bearer {}", host.token(&ada)).into();
    let told = answer(&host, event).await;
    assert_eq!(told["statusCode"], 200);
    assert_eq!(told["isBase64Encoded"], false);
    let me: Value = serde_json::from_str(told["body"].as_str().unwrap()).unwrap();
    assert_eq!(me["id"], ada.user_id.to_string());
}

#[tokio::test]
async fn the_query_and_a_base64_body_come_through_api_gateway() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let mut event = testing::event("user");
    event["headers"]["authorization"] = format!("Bearer {}", host.token(&ada)).into();
    event["rawPath"] = "/user/me/usage".into();
    event["requestContext"]["http"]["path"] = "/user/me/usage".into();
    event["rawQueryString"] = "days=0".into();
    event["queryStringParameters"] = json!({ "days": "0" });
    assert_eq!(answer(&host, event.clone()).await["statusCode"], 422);
    event["rawQueryString"] = "days=7".into();
    event["queryStringParameters"] = json!({ "days": "7" });
    assert_eq!(answer(&host, event.clone()).await["statusCode"], 200);

    event["rawPath"] = "/user/me".into();
    event["requestContext"]["http"] = json!({ "method": "PATCH", "path": "/user/me" });
    event["headers"]["content-type"] = "application/json".into();
    event["body"] = "eyJmdWxsX25hbWUiOiJBZGEgS2luZyJ9".into();
    event["isBase64Encoded"] = true.into();
    let changed = answer(&host, event).await;
    assert_eq!(changed["statusCode"], 200, "{changed}");
    assert!(changed["body"].as_str().unwrap().contains(r#""full_name":"Ada King""#));
}

const HOSTILE: [&str; 20] = [
    "a=%",
    "a=%zz",
    "a=%00",
    "a=\"",
    "a='",
    "a=`",
    "a=\\",
    "a=^",
    "a={b}",
    "a=|",
    "a=[0]",
    "a=b;c",
    "&&&===",
    "?a",
    "a=\u{7f}",
    "%0d%0aa: b",
    "a=<b>",
    "a= b",
    "a=é",
    "a=#b",
];

/// What `lambda_http` makes a request of is the client's, but for the frame that API Gateway puts
/// around it.
#[tokio::test]
async fn an_event_whatever_is_in_it_is_answered() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let mut event = testing::event("user");
    event["headers"]["authorization"] = format!("Bearer {}", host.token(&ada)).into();
    for text in HOSTILE {
        for member in ["rawPath", "rawQueryString"] {
            let mut event = event.clone();
            event[member] = format!("{}{text}", event[member].as_str().unwrap()).into();
            let status = answer(&host, event).await["statusCode"].as_u64().unwrap();
            assert!([200, 404].contains(&status), "{member} {text:?}: {status}");
        }
        let mut with_headers = event.clone();
        for name in
            ["x-forwarded-proto", "x-forwarded-for", "idempotency-key", "content-type", "referer"]
        {
            if text.chars().all(|c| !c.is_control()) {
                with_headers["headers"][name] = text.into();
            }
        }
        with_headers["cookies"] = json!([text, "a=b"]);
        with_headers["queryStringParameters"] = json!({ text: text });
        assert_eq!(answer(&host, with_headers).await["statusCode"], 200, "{text:?}");
    }
}
