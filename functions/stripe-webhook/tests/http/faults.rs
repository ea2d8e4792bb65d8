//! What can't be finished is answered with a 5xx, leaves no trace, and is applied when it is delivered
//! again.

use std::time::{Duration, Instant};

use axum::Router;
use local::{
    stripe::{Behaviour, Respond, StatusReply},
    testing::{self, Buyer},
};
use serde_json::json;
use shared::{domain::Tier, store::Billing};

use crate::host::{Host, NOBODY};

/// Somebody who has paid, and an event that tells it.
async fn paid(host: &Host) -> (Buyer, String) {
    let buyer = host.buyer().await;
    let paid = host.stripe.pay(&buyer.session).unwrap();
    (buyer, paid.events.last().unwrap().id.clone())
}

/// Asserts that `broken` answers with this status and writes nothing, and that the same event is
/// applied by a function that is not.
async fn assert_later(host: &Host, broken: &Router, status: u16, code: &str) {
    let (buyer, event) = paid(host).await;
    let before = host.items().await;
    host.deliver_by(broken, &event).await.assert_problem(status, code);
    assert_eq!(host.items().await, before, "the event is not remembered either");
    host.stripe.clear_behaviours();
    assert_eq!(host.deliver(&event).await.status, 200);
    assert_eq!(host.standing(&buyer).await, (Tier::Pro, "active".to_owned()));
}

#[tokio::test]
async fn while_stripe_can_not_be_reached_events_wait() {
    let host = Host::start().await;
    let broken = host.router_with("STRIPE_BASE_URL", NOBODY).await;
    assert_later(&host, &broken, 503, "unavailable").await;
}

#[tokio::test]
async fn while_stripe_fails_or_is_busy_events_wait() {
    let host = Host::start().await;
    for respond in [Respond::status(500), Respond::status(429), Respond::Cut, Respond::Swallow] {
        host.stripe.on(Behaviour::new(respond).when("GET", "/v1/subscriptions"));
        assert_later(&host, &host.router, 503, "unavailable").await;
    }
}

#[tokio::test]
async fn what_fails_once_is_tried_again_at_once() {
    let host = Host::start().await;
    for respond in [Respond::status(500), Respond::status(429), Respond::Cut, Respond::Swallow] {
        let (buyer, event) = paid(&host).await;
        host.stripe.on(Behaviour::new(respond).when("GET", "/v1/subscriptions").times(1));
        assert_eq!(host.deliver(&event).await.status, 200);
        assert_eq!(host.standing(&buyer).await, (Tier::Pro, "active".to_owned()));
    }
}

#[tokio::test]
async fn with_a_key_that_is_revoked_events_wait() {
    let host = Host::start().await;
    let broken = host.router_with("STRIPE_SECRET_KEY", "sk_invalid").await;
    assert_later(&host, &broken, 500, "internal").await;
}

#[tokio::test]
async fn a_stripe_that_hangs_is_not_waited_for_longer_than_stripe_waits() {
    let host = Host::start().await;
    host.stripe.on(Behaviour::new(Respond::Hang).when("GET", "/v1/subscriptions"));
    let begun = Instant::now();
    let (buyer, event) = paid(&host).await;
    let before = host.items().await;
    host.deliver(&event).await.assert_problem(503, "unavailable");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(host.items().await, before);
    host.stripe.clear_behaviours();
    assert_eq!(host.deliver(&event).await.status, 200);
    assert_eq!(host.standing(&buyer).await, (Tier::Pro, "active".to_owned()));
}

#[tokio::test]
async fn a_customer_whose_end_can_not_be_confirmed_is_kept() {
    let host = Host::start().await;
    let (buyer, _) = host.subscriber().await;
    let deleted = host.stripe.delete_customer(&buyer.customer).unwrap();
    let event = &deleted.events.iter().find(|event| event.kind == "customer.deleted").unwrap().id;
    host.stripe.on(Behaviour::new(Respond::status(500)).when("GET", "/v1/customers"));
    let before = host.items().await;
    host.deliver(event).await.assert_problem(503, "unavailable");
    assert_eq!(host.items().await, before);
    host.stripe.clear_behaviours();
    assert_eq!(host.deliver(event).await.status, 200);
    assert_eq!(host.known(&buyer.caller).await.facts.customer, None);
}

#[tokio::test]
async fn while_dynamodb_can_not_be_reached_events_wait() {
    let host = Host::start().await;
    let broken = host.router_with("AWS_ENDPOINT_URL_DYNAMODB", NOBODY).await;
    assert_later(&host, &broken, 503, "unavailable").await;
}

#[tokio::test]
async fn who_is_written_by_others_again_and_again_waits() {
    let host = Host::start().await;
    let (buyer, event) = paid(&host).await;
    let (store, user, now) = (host.store.clone(), buyer.caller.user_id, host.now());
    // Whenever Stripe has answered, somebody else writes before the answer arrives.
    let busy = testing::relay(host.stripe.url(), move |_| {
        let store = store.clone();
        async move {
            let read = store.billing(user).await.unwrap().unwrap();
            let next = Billing { customer_attempt: read.customer_attempt + 1, ..read.clone() };
            store.record_billing(user, &read, &next, None, now).await.unwrap();
        }
    });
    let busy = host.router_with("STRIPE_BASE_URL", &busy.await).await;
    host.deliver_by(&busy, &event).await.assert_problem(503, "unavailable");
    let billing = host.known(&buyer.caller).await;
    assert_eq!(billing.customer_attempt, 8, "so often it was tried");
    assert_eq!(billing.facts.subscription, None);

    assert_eq!(host.deliver(&event).await.status, 200);
    assert_eq!(host.standing(&buyer).await, (Tier::Pro, "active".to_owned()));
}

#[tokio::test]
async fn whom_stripe_does_not_know_is_not_taken_for_deleted() {
    let host = Host::start().await;
    let (buyer, subscription) = host.subscriber().await;
    let renewed = host.stripe.renew(&subscription).unwrap().events.remove(0);
    let customer = json!({ "object": "customer", "id": buyer.customer });
    let deleted = host.stripe.emit("customer.deleted", customer);
    let before = host.items().await;
    // So it is with another account's key.
    let missing = StatusReply { status: 404, code: Some("resource_missing".to_owned()) };
    host.stripe.on(Behaviour::new(Respond::Status(missing)));
    for event in [&renewed, &deleted] {
        host.deliver(&event.id).await.assert_problem(500, "internal");
    }
    assert_eq!(host.items().await, before);
    host.stripe.clear_behaviours();
    for event in [&renewed, &deleted] {
        assert_eq!(host.deliver(&event.id).await.status, 200);
    }
    assert_eq!(host.standing(&buyer).await, (Tier::Pro, "active".to_owned()));
}
