//! What was lost heals when news were due, and nobody is asked about before.

use jiff::SignedDuration;
use shared::domain::Tier::{Basic, Pro};

use crate::host::{Host, ONE_SYNCED};

const HOUR: i64 = 3_600;
const TEN_MINUTES: i64 = 600;

/// [`Host::standing`] is to be this.
macro_rules! assert_standing {
    ($host:expr, $buyer:expr, $tier:expr, $status:expr) => {
        assert_eq!($host.standing(&$buyer).await, ($tier, $status.to_owned()))
    };
}

#[tokio::test]
async fn a_paid_checkout_of_which_no_event_came_is_found_after_an_hour() {
    let host = Host::start().await;
    let opened = host.now().as_second();
    let buyer = host.buyer().await;
    host.pass(SignedDuration::from_mins(5));
    host.stripe.pay(&buyer.session).unwrap();
    host.assert_due_at(opened + HOUR).await;
    assert_standing!(host, buyer, Pro, "active");
}

#[tokio::test]
async fn a_checkout_is_asked_about_after_an_hour_and_when_it_has_ended() {
    let host = Host::start().await;
    let opened = host.now().as_second();
    let buyer = host.buyer().await;
    host.assert_due_at(opened + HOUR).await;
    let checkout = host.known(&buyer.caller).await.facts.checkout.unwrap();
    assert_eq!(checkout.id.as_str(), buyer.session, "it may still be paid");
    // Paid in the last minute.
    host.set_second(checkout.expires - 60);
    host.stripe.pay(&buyer.session).unwrap();
    host.assert_due_at(checkout.expires + TEN_MINUTES).await;
    assert_standing!(host, buyer, Pro, "active");
    assert_eq!(host.known(&buyer.caller).await.facts.checkout, None);
}

#[tokio::test]
async fn a_checkout_that_was_left_is_forgotten() {
    let host = Host::start().await;
    let buyer = host.buyer().await;
    let ends = host.known(&buyer.caller).await.facts.checkout.unwrap().expires;
    host.assert_due_at(host.now().as_second() + HOUR).await;
    host.assert_due_at(ends + TEN_MINUTES).await;
    let billing = host.known(&buyer.caller).await;
    assert_eq!((billing.facts.checkout, billing.facts.subscription), (None, None));
    assert_eq!(billing.due, None, "there is nothing more to ask");
}

#[tokio::test]
async fn money_that_arrived_unheard_is_found_within_the_hour() {
    let host = Host::start().await;
    let buyer = host.buyer().await;
    host.stripe.pay_later(&buyer.session).unwrap();
    host.tell(&buyer).await;
    assert_standing!(host, buyer, Basic, "incomplete");
    host.stripe.payment_arrives(&buyer.session).unwrap();
    host.assert_due_at(host.now().as_second() + HOUR).await;
    assert_standing!(host, buyer, Pro, "active");
}

#[tokio::test]
async fn a_renewal_is_found_ten_minutes_after_the_period() {
    let host = Host::start().await;
    let (buyer, subscription) = host.subscriber().await;
    let end = host.period_end(&buyer).await;
    host.set_second(end - HOUR);
    assert_eq!(host.run().await, ONE_SYNCED, "as every day");
    host.set_second(end);
    host.stripe.renew(&subscription).unwrap();
    host.assert_due_at(end + TEN_MINUTES).await;
    assert_standing!(host, buyer, Pro, "active");
    assert!(host.period_end(&buyer).await > end);
}

#[tokio::test]
async fn a_failed_payment_is_found_and_so_is_the_end_of_its_grace() {
    let host = Host::start().await;
    let (buyer, subscription) = host.subscriber().await;
    let end = host.period_end(&buyer).await;
    host.set_second(end - HOUR);
    assert_eq!(host.run().await, ONE_SYNCED);
    host.set_second(end);
    host.stripe.fail_payment(&subscription).unwrap();
    host.assert_due_at(end + TEN_MINUTES).await;
    assert_standing!(host, buyer, Pro, "past_due");

    let grace_ends = end + TEN_MINUTES + 3 * 24 * HOUR;
    assert_eq!(host.known(&buyer.caller).await.entitlement.until, Some(grace_ends));
    host.set_second(grace_ends - HOUR);
    assert_eq!(host.run().await, ONE_SYNCED, "as every day");
    host.stripe.give_up(&subscription).unwrap();
    host.assert_due_at(grace_ends).await;
    assert_standing!(host, buyer, Basic, "unpaid");
}

#[tokio::test]
async fn a_subscription_that_ends_with_its_period_is_asked_about_at_its_end() {
    let host = Host::start().await;
    let (buyer, subscription) = host.subscriber().await;
    host.stripe.cancel_at_period_end(&subscription).unwrap();
    host.tell(&buyer).await;
    let end = host.period_end(&buyer).await;
    host.set_second(end - HOUR);
    assert_eq!(host.run().await, ONE_SYNCED, "as every day");
    host.stripe.end_period(&subscription).unwrap();
    host.assert_due_at(end).await;
    assert_standing!(host, buyer, Basic, "canceled");
    assert_eq!(host.known(&buyer.caller).await.due, None, "there is nothing more to ask");
}

#[tokio::test]
async fn any_other_event_that_was_lost_is_made_good_within_a_day() {
    let host = Host::start().await;
    let (buyer, subscription) = host.subscriber().await;
    let day = 24 * HOUR;
    let start = host.now().as_second();
    host.stripe.change_price(&subscription, "price_of_a_year").unwrap();
    host.assert_due_at(start + day).await;
    let stored = host.known(&buyer.caller).await.facts.subscription.unwrap();
    assert_eq!(stored.price.as_deref(), Some("price_of_a_year"));

    host.stripe.pause(&subscription).unwrap();
    host.assert_due_at(start + 2 * day).await;
    assert_standing!(host, buyer, Basic, "paused");

    host.stripe.resume(&subscription).unwrap();
    host.assert_due_at(start + 3 * day).await;
    assert_standing!(host, buyer, Pro, "active");

    host.stripe.cancel(&subscription).unwrap();
    host.assert_due_at(start + 4 * day).await;
    assert_standing!(host, buyer, Basic, "canceled");
    host.set_second(start + 400 * day);
    host.assert_nothing_due().await;
}

#[tokio::test]
async fn a_customer_that_was_deleted_unheard_is_basic_within_a_day() {
    let host = Host::start().await;
    let (buyer, _) = host.subscriber().await;
    host.stripe.delete_customer(&buyer.customer).unwrap();
    host.assert_due_at(host.now().as_second() + 24 * HOUR).await;
    assert_standing!(host, buyer, Basic, "canceled");
}

#[tokio::test]
async fn who_never_subscribed_is_never_asked_about() {
    let host = Host::start().await;
    host.person().await;
    host.pass(SignedDuration::from_hours(300 * 24));
    host.assert_nothing_due().await;
}
