//! The life of a subscription, step by step: tier, status and stored facts follow.

use jiff::SignedDuration;
use shared::domain::Tier::{Basic, Pro};

use crate::host::Host;

const GRACE_HOURS: i64 = 3 * 24;

/// What [`Host::standing`] is to be.
macro_rules! assert_standing {
    ($host:expr, $buyer:expr, $tier:expr, $status:expr) => {
        assert_eq!($host.standing(&$buyer).await, ($tier, $status.to_owned()))
    };
}

#[tokio::test]
async fn a_renewed_subscription_stays_pro_for_another_period() {
    let host = Host::start().await;
    let (buyer, subscription) = host.subscriber().await;
    let first = host.known(&buyer.caller).await.facts.subscription.unwrap().current_period_end;
    host.hours_pass(30 * 24);
    host.tell(host.stripe.renew(&subscription).unwrap()).await;
    assert_standing!(host, buyer, Pro, "active");
    let next = host.known(&buyer.caller).await.facts.subscription.unwrap().current_period_end;
    assert!(next > first);
}

#[tokio::test]
async fn a_failed_payment_ends_pro_after_the_grace_without_an_event() {
    let host = Host::start().await;
    let (buyer, subscription) = host.subscriber().await;
    host.tell(host.stripe.fail_payment(&subscription).unwrap()).await;
    assert_standing!(host, buyer, Pro, "past_due");
    host.hours_pass(1);
    // Another failure of the same invoice doesn't begin the grace anew.
    host.tell(host.stripe.fail_payment(&subscription).unwrap()).await;
    host.clock.advance(SignedDuration::from_secs((GRACE_HOURS - 1) * 3_600 - 1));
    assert_standing!(host, buyer, Pro, "past_due");
    host.clock.advance(SignedDuration::from_secs(1));
    assert_standing!(host, buyer, Basic, "past_due");

    host.tell(host.stripe.recover(&subscription).unwrap()).await;
    assert_standing!(host, buyer, Pro, "active");
    assert_eq!(host.known(&buyer.caller).await.entitlement.until, None);
}

#[tokio::test]
async fn each_event_of_a_failure_is_enough_by_itself() {
    for kind in ["invoice.payment_failed", "customer.subscription.updated"] {
        let host = Host::start().await;
        let (buyer, subscription) = host.subscriber().await;
        let failed = host.stripe.fail_payment(&subscription).unwrap();
        let event = failed.events.into_iter().rfind(|event| event.kind == kind).unwrap();
        assert_eq!(host.deliver(&event.id).await.status, 200);
        assert_standing!(host, buyer, Pro, "past_due");
        host.hours_pass(GRACE_HOURS);
        assert_standing!(host, buyer, Basic, "past_due");
    }
}

#[tokio::test]
async fn a_payment_that_needs_the_customer_has_the_same_grace() {
    let host = Host::start().await;
    let (buyer, subscription) = host.subscriber().await;
    let asked = host.stripe.require_action(&subscription).unwrap();
    let event =
        asked.events.iter().find(|event| event.kind == "invoice.payment_action_required").unwrap();
    assert_eq!(host.deliver(&event.id).await.status, 200);
    assert_standing!(host, buyer, Pro, "past_due");
    host.hours_pass(GRACE_HOURS);
    assert_standing!(host, buyer, Basic, "past_due");
}

#[tokio::test]
async fn a_subscription_that_is_given_up_is_basic_within_the_grace() {
    let host = Host::start().await;
    let (buyer, subscription) = host.subscriber().await;
    host.tell(host.stripe.fail_payment(&subscription).unwrap()).await;
    host.tell(host.stripe.give_up(&subscription).unwrap()).await;
    assert_standing!(host, buyer, Basic, "unpaid");
    host.tell(host.stripe.recover(&subscription).unwrap()).await;
    assert_standing!(host, buyer, Pro, "active");
}

#[tokio::test]
async fn a_paused_subscription_is_basic_until_it_goes_on() {
    let host = Host::start().await;
    let (buyer, subscription) = host.subscriber().await;
    host.tell(host.stripe.pause(&subscription).unwrap()).await;
    assert_standing!(host, buyer, Basic, "paused");
    host.hours_pass(48);
    host.tell(host.stripe.resume(&subscription).unwrap()).await;
    assert_standing!(host, buyer, Pro, "active");
}

#[tokio::test]
async fn a_trial_is_pro() {
    let host = Host::start().await;
    let (buyer, subscription) = host.subscriber().await;
    host.tell(host.stripe.trial(&subscription, 14).unwrap()).await;
    assert_standing!(host, buyer, Pro, "trialing");
}

#[tokio::test]
async fn a_subscription_cancelled_at_its_periods_end_is_pro_until_that_second() {
    let host = Host::start().await;
    let (buyer, subscription) = host.subscriber().await;
    host.tell(host.stripe.cancel_at_period_end(&subscription).unwrap()).await;
    assert_standing!(host, buyer, Pro, "active");
    let billing = host.known(&buyer.caller).await;
    let end = billing.facts.subscription.unwrap().current_period_end.unwrap();
    assert_eq!(billing.entitlement.until, Some(end));

    let end = jiff::Timestamp::from_second(end).unwrap();
    host.clock.set(end - SignedDuration::from_secs(1));
    assert_standing!(host, buyer, Pro, "active");
    host.clock.set(end);
    assert_standing!(host, buyer, Basic, "active");

    host.tell(host.stripe.end_period(&subscription).unwrap()).await;
    assert_standing!(host, buyer, Basic, "canceled");
}

#[tokio::test]
async fn a_subscription_that_is_kept_after_all_has_no_end() {
    let host = Host::start().await;
    let (buyer, subscription) = host.subscriber().await;
    host.tell(host.stripe.cancel_at_period_end(&subscription).unwrap()).await;
    host.tell(host.stripe.keep(&subscription).unwrap()).await;
    assert_standing!(host, buyer, Pro, "active");
    assert_eq!(host.known(&buyer.caller).await.entitlement.until, None);
}

#[tokio::test]
async fn a_subscription_that_is_deleted_is_basic_at_once() {
    let host = Host::start().await;
    let (buyer, subscription) = host.subscriber().await;
    host.tell(host.stripe.cancel(&subscription).unwrap()).await;
    assert_standing!(host, buyer, Basic, "canceled");
    assert_eq!(host.known(&buyer.caller).await.due, None, "nothing can happen to it any more");
}

#[tokio::test]
async fn another_price_is_stored_and_as_good() {
    let host = Host::start().await;
    let (buyer, subscription) = host.subscriber().await;
    host.tell(host.stripe.change_price(&subscription, "price_of_a_year").unwrap()).await;
    assert_standing!(host, buyer, Pro, "active");
    let stored = host.known(&buyer.caller).await.facts.subscription.unwrap();
    assert_eq!(stored.price.as_deref(), Some("price_of_a_year"));
}

#[tokio::test]
async fn a_deleted_customer_is_forgotten_and_the_next_checkout_makes_another() {
    let host = Host::start().await;
    let (buyer, _) = host.subscriber().await;
    let deleted = host.stripe.delete_customer(&buyer.customer).unwrap();
    let event = deleted.events.iter().find(|event| event.kind == "customer.deleted").unwrap();
    assert_eq!(host.deliver(&event.id).await.status, 200);
    assert_standing!(host, buyer, Basic, "canceled");
    assert_eq!(host.known(&buyer.caller).await.facts.customer, None);
    let owned =
        host.items().await.iter().any(|item| item["pk"] == format!("customer#{}", buyer.customer));
    assert!(!owned, "nobody's customer any more");

    let again = host.checkout(&buyer.caller).await;
    assert_ne!(again.customer, buyer.customer);
    host.tell(host.stripe.pay(&again.session).unwrap()).await;
    assert_standing!(host, again, Pro, "active");
}
