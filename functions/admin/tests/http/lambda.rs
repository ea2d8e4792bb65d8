//! The way through `lambda_http`: an event of API Gateway in, its answer out.

use local::testing;
use serde_json::Value;

use crate::host::Host;

#[tokio::test]
async fn the_event_for_sam_local_invoke_is_refused_until_it_has_an_operators_token() {
    let host = Host::start().await;
    let mut event = testing::event("admin");
    assert_eq!(event["version"], "2.0", "an event of an HTTP API");

    let refused = testing::invoke(host.router(), event.clone()).await;
    assert_eq!(refused["statusCode"], 401);
    assert_eq!(refused["headers"]["x-request-id"], event["requestContext"]["requestId"]);

    event["headers"]["authorization"] = format!("Bearer {}", host.token(&host.user().await)).into();
    assert_eq!(testing::invoke(host.router(), event.clone()).await["statusCode"], 403);

    let operator = host.operator().await;
    event["headers"]["authorization"] = format!("Bearer {}", host.token(&operator)).into();
    let told = testing::invoke(host.router(), event).await;
    assert_eq!(told["statusCode"], 200);
    assert_eq!(told["isBase64Encoded"], false);
    let status: Value = serde_json::from_str(told["body"].as_str().unwrap()).unwrap();
    assert_eq!(status["status"], "ok");
}
