//! What the log tells of a delivery, and what is counted: each delivery as one thing.

use local::testing::Lines;
use serde_json::json;

use crate::host::{Host, NOBODY, post};

#[tokio::test]
async fn an_event_is_applied_once_and_known_from_then_on() {
    let host = Host::start().await;
    let buyer = host.buyer().await;
    let paid = host.stripe.pay(&buyer.session).unwrap();
    let event = &paid.events.last().unwrap().id;
    let (lines, _guard) = Lines::begin(host.clock.clone());
    for _ in 0..3 {
        host.deliver(event).await;
    }
    lines.assert_counted(&[("WebhooksApplied", 1), ("WebhooksKnown", 2)]);
    let told = &lines.saying("event")[0];
    assert_eq!(told["user_id"], buyer.caller.user_id.to_string());
    assert_eq!(told["stripe.event"], json!(event));
    assert_eq!(told["webhook.outcome"], "Applied");
    assert_eq!(told["http.route"], "/webhook/stripe");
}

#[tokio::test]
async fn what_leads_to_nothing_is_ignored() {
    let host = Host::start().await;
    let object = json!({ "id": "x_1", "customer": "cus_of_nobody" });
    let (lines, _guard) = Lines::begin(host.clock.clone());
    for kind in ["customer.updated", "customer.subscription.updated"] {
        let made = host.stripe.emit(kind, object.clone());
        host.deliver(&made.id).await;
    }
    lines.assert_counted(&[("WebhooksIgnored", 2)]);
}

#[tokio::test]
async fn what_stripe_has_not_signed_is_refused_and_what_can_not_be_applied_has_failed() {
    let host = Host::start().await;
    let buyer = host.buyer().await;
    let paid = host.stripe.pay(&buyer.session).unwrap();
    let event = &paid.events.last().unwrap().id;
    let broken = host.router_with("STRIPE_BASE_URL", NOBODY).await;
    let (lines, _guard) = Lines::begin(host.clock.clone());
    post(&host.router, "t=1,v1=00", "{}").await.assert_problem(400, "invalid_signature");
    lines.assert_counted(&[("WebhooksRefused", 1)]);
    host.deliver_by(&broken, event).await.assert_problem(503, "unavailable");
    lines.assert_counted(&[("WebhooksFailed", 1), ("WebhooksRefused", 1)]);
    let told = lines.only("event");
    assert_eq!(
        (&told["webhook.outcome"], &told["stripe.event"]),
        (&json!("Failed"), &json!(event))
    );
}
