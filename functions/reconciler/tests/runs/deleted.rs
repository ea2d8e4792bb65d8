//! Whoever has deleted their account is not charged again.

use jiff::SignedDuration;
use local::stripe::{Behaviour, Respond, StatusReply};
use serde_json::Value;

use crate::host::{Host, NOBODY, ONE_CLOSED};

/// What the sweeper does with a tombstone: whether it is gone.
async fn sweep(host: &Host, user: shared::domain::UserId) -> bool {
    host.store.purge_account(user, 100).await.unwrap().finished
}

fn is_deleted(host: &Host, customer: &str) -> bool {
    let all = host.stripe.customers();
    all.iter().find(|known| known["id"] == customer).unwrap()["deleted"] == true
}

#[tokio::test]
async fn their_subscription_and_their_customer_end_before_the_tombstone_goes() {
    let host = Host::start().await;
    let (buyer, subscription) = host.subscriber().await;
    host.delete_account(&buyer.caller).await;
    assert!(!sweep(&host, buyer.caller.user_id).await, "the way to Stripe would be lost");
    assert!(!is_deleted(&host, &buyer.customer));

    assert_eq!(host.run().await, ONE_CLOSED);
    assert!(is_deleted(&host, &buyer.customer));
    assert_eq!(host.stripe.subscription(&subscription).unwrap()["status"], "canceled");
    host.assert_nothing_due().await;
    assert!(sweep(&host, buyer.caller.user_id).await);
    assert_eq!(host.billing(&buyer.caller).await, None);

    let left = host.client.scan().table_name("users").send().await.unwrap().items.unwrap();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn nobody_pays_in_a_session_that_they_left_open() {
    let host = Host::start().await;
    let buyer = host.buyer().await;
    host.delete_account(&buyer.caller).await;
    assert_eq!(host.run().await, ONE_CLOSED);
    assert_eq!(host.stripe.session(&buyer.session).unwrap()["status"], "expired");
    assert!(is_deleted(&host, &buyer.customer));
    assert!(sweep(&host, buyer.caller.user_id).await);
}

#[tokio::test]
async fn a_session_that_was_paid_after_the_account_was_deleted_ends_too() {
    let host = Host::start().await;
    let buyer = host.buyer().await;
    host.delete_account(&buyer.caller).await;
    host.stripe.pay(&buyer.session).unwrap();
    let subscription = host.subscription_of(&buyer);
    assert_eq!(host.run().await, ONE_CLOSED);
    assert_eq!(host.stripe.subscription(&subscription).unwrap()["status"], "canceled");
}

#[tokio::test]
async fn without_a_customer_stripe_is_not_called() {
    let host = Host::start().await;
    let ada = host.person().await;
    host.delete_account(&ada).await;
    assert!(!sweep(&host, ada.user_id).await);
    assert_eq!(host.run().await, ONE_CLOSED);
    assert_eq!(host.stripe.requests(), []);
    assert!(sweep(&host, ada.user_id).await);
}

#[tokio::test]
async fn a_customer_who_is_gone_already_is_gone() {
    let host = Host::start().await;
    let (buyer, _) = host.subscriber().await;
    host.stripe.delete_customer(&buyer.customer).unwrap();
    host.delete_account(&buyer.caller).await;
    assert_eq!(host.run().await, ONE_CLOSED);
    assert!(sweep(&host, buyer.caller.user_id).await);
}

#[tokio::test]
async fn while_stripe_is_down_the_tombstone_stays_and_later_it_is_done() {
    let host = Host::start().await;
    let (buyer, _) = host.subscriber().await;
    host.delete_account(&buyer.caller).await;
    for url in [NOBODY, host.stripe.url()] {
        host.stripe.on(Behaviour::new(Respond::status(500)).when("DELETE", "/v1/customers"));
        let broken = host.reconciler_with("STRIPE_BASE_URL", url).await;
        broken.run().await.unwrap_err();
        assert!(!sweep(&host, buyer.caller.user_id).await);
        assert!(!is_deleted(&host, &buyer.customer));
        host.pass(SignedDuration::from_mins(15));
    }
    host.stripe.clear_behaviours();
    assert_eq!(host.run().await, ONE_CLOSED);
    assert!(is_deleted(&host, &buyer.customer));
    assert!(sweep(&host, buyer.caller.user_id).await);
}

#[tokio::test]
async fn an_answer_that_is_lost_does_no_harm() {
    let host = Host::start().await;
    let (buyer, _) = host.subscriber().await;
    host.delete_account(&buyer.caller).await;
    host.stripe.on(Behaviour::new(Respond::Swallow).when("DELETE", "/v1/customers").times(1));
    assert_eq!(host.run().await, ONE_CLOSED);
    let events = host.stripe.events();
    let deleted = |event: &&local::stripe::Event| event.kind == "customer.deleted";
    assert_eq!(events.iter().filter(deleted).count(), 1);
    let body: Value = serde_json::from_str(&events.last().unwrap().body).unwrap();
    assert_eq!(body["data"]["object"]["id"], buyer.customer);
}

#[tokio::test]
async fn whom_stripe_does_not_know_is_not_taken_for_deleted() {
    let host = Host::start().await;
    let (buyer, _) = host.subscriber().await;
    host.delete_account(&buyer.caller).await;
    // So it is with another account's key.
    let missing = StatusReply { status: 404, code: Some("resource_missing".to_owned()) };
    host.stripe.on(Behaviour::new(Respond::Status(missing)));
    host.reconciler.run().await.unwrap_err();
    assert!(!sweep(&host, buyer.caller.user_id).await, "the way to Stripe would be lost");
    host.stripe.clear_behaviours();
    host.pass(SignedDuration::from_mins(15));
    assert_eq!(host.run().await, ONE_CLOSED);
    assert!(is_deleted(&host, &buyer.customer));
}
