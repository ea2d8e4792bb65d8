//! The way through `lambda_http`: API Gateway hands bodies over in base64, and the signature is over
//! the bytes.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use local::testing;
use serde_json::Value;
use shared::{
    domain::{EventId, Ids},
    store::{Lease, Leased},
};

use crate::host::Host;

/// Makes the customer that the event is about a user's.
async fn take_customer(host: &Host, customer: &str) {
    let ada = host.person().await;
    let lease = Lease { user: ada.user_id, id: Ids::default().next(host.now()) };
    let leased = host.store.lease_checkout(&ada, &lease, host.now(), host.now()).await.unwrap();
    assert!(matches!(leased, Leased::Granted(_)));
    assert!(host.store.keep_customer(&lease, &customer.parse().unwrap()).await.unwrap());
}

fn body_of(event: &Value) -> String {
    String::from_utf8(STANDARD.decode(event["body"].as_str().unwrap()).unwrap()).unwrap()
}

#[tokio::test]
async fn the_event_for_sam_local_invoke_is_applied_while_its_signature_is_fresh() {
    let host = Host::start().await;
    let event = testing::event("stripe-webhook");
    assert_eq!(event["isBase64Encoded"], true);
    let inner: Value = serde_json::from_str(&body_of(&event)).unwrap();
    take_customer(&host, inner["data"]["object"]["customer"].as_str().unwrap()).await;

    let told = testing::invoke(host.router.clone(), event.clone()).await;
    assert_eq!(told["statusCode"], 200, "{told}");
    assert_eq!(told["body"], r#"{"status":"received"}"#);
    let id: EventId = inner["id"].as_str().unwrap().parse().unwrap();
    let customer = inner["data"]["object"]["customer"].as_str().unwrap().parse().unwrap();
    let owner = host.store.owner_of_customer(&customer, &id, host.now()).await.unwrap();
    assert!(owner.seen, "it was applied");

    host.hours_pass(1);
    let stale = testing::invoke(host.router.clone(), event).await;
    assert_eq!(stale["statusCode"], 400, "{stale}");
}

#[tokio::test]
async fn text_will_do_and_other_bytes_will_not() {
    let host = Host::start().await;
    let mut event = testing::event("stripe-webhook");
    let body = body_of(&event);
    let altered = body.replace("active", "paused");
    assert_ne!(altered, body);
    event["body"] = STANDARD.encode(&altered).into();
    let refused = testing::invoke(host.router.clone(), event.clone()).await;
    assert_eq!(refused["statusCode"], 400, "{refused}");

    event["body"] = body.into();
    event["isBase64Encoded"] = false.into();
    assert_eq!(testing::invoke(host.router.clone(), event).await["statusCode"], 200);
}
