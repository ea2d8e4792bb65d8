//! What is answered 200 and left at that: nothing is written, and Stripe is not asked.

use local::testing::Answer;
use serde_json::json;
use shared::store::Account;

use crate::host::Host;

fn assert_received(answer: &Answer) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json(), json!({ "status": "received" }));
}

#[tokio::test]
async fn the_very_same_delivery_is_applied_once() {
    let host = Host::start().await;
    let buyer = host.buyer().await;
    let paid = host.stripe.pay(&buyer.session).unwrap();
    let event = &paid.events.last().unwrap().id;
    assert_received(&host.deliver(event).await);
    let before = host.items().await;
    for _ in 0..3 {
        assert_received(&host.deliver(event).await);
    }
    // Stripe delivers it again for three days, with a new signature.
    host.hours_pass(3 * 24);
    assert_received(&host.deliver(event).await);
    host.assert_untouched(&before).await;
}

#[tokio::test]
async fn a_replay_does_not_apply_what_has_happened_since() {
    let host = Host::start().await;
    let (buyer, subscription) = host.subscriber().await;
    let renewed = host.stripe.renew(&subscription).unwrap();
    host.tell(renewed.clone()).await;
    host.stripe.cancel(&subscription).unwrap();
    let before = host.items().await;
    assert_received(&host.deliver(&renewed.events[0].id).await);
    host.assert_untouched(&before).await;
    assert_eq!(
        host.known(&buyer.caller).await.facts.subscription.unwrap().status.as_str(),
        "active"
    );
}

#[tokio::test]
async fn types_that_lead_to_nothing_are_left() {
    let host = Host::start().await;
    let (buyer, _) = host.subscriber().await;
    let object = json!({ "id": "x_1", "customer": buyer.customer });
    let before = host.items().await;
    for kind in ["customer.updated", "invoice.created", "charge.refunded", "a.type.of.tomorrow"] {
        let made = host.stripe.emit(kind, object.clone());
        assert_received(&host.deliver(&made.id).await);
    }
    host.assert_untouched(&before).await;
}

#[tokio::test]
async fn customers_of_nobody_here_are_left() {
    let host = Host::start().await;
    host.subscriber().await;
    let before = host.items().await;
    for customer in [json!("cus_of_another_shop"), json!(null), json!(""), json!("owner"), json!(7)]
    {
        let object = json!({ "id": "in_1", "object": "invoice", "customer": customer });
        let made = host.stripe.emit("invoice.paid", object);
        assert_received(&host.deliver(&made.id).await);
    }
    let made = host.stripe.emit("invoice.paid", json!(null));
    assert_received(&host.deliver(&made.id).await);
    host.assert_untouched(&before).await;
}

#[tokio::test]
async fn events_about_a_deleted_account_are_left() {
    let host = Host::start().await;
    let (buyer, subscription) = host.subscriber().await;
    let Account { user, .. } =
        host.store.account(buyer.caller.user_id, host.now()).await.unwrap().unwrap();
    assert!(host.store.delete_account(&buyer.caller, &user, host.now()).await.unwrap());
    let cancelled = host.stripe.cancel(&subscription).unwrap();
    let before = host.items().await;
    assert_received(&host.deliver(&cancelled.events[0].id).await);
    host.assert_untouched(&before).await;
}
