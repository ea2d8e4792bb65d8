//! Who may not open a checkout, and who may again.

use billing::Hint;
use shared::domain::{Caller, Tier};

use crate::host::{Host, opened};

/// Asserts that nothing can be bought, that nothing was opened, and that the lease was given back.
async fn refused(host: &Host, caller: &Caller, code: &str) {
    let sessions = host.stripe.sessions().len();
    for _ in 0..2 {
        host.subscribe(caller).await.assert_problem(409, code);
    }
    assert_eq!(host.stripe.sessions().len(), sessions);
}

#[tokio::test]
async fn whoever_has_pro_can_not_buy_it_again() {
    let host = Host::start().await;
    let ada = host.person().await;
    let subscription = host.buy(&ada).await;
    host.calls();
    refused(&host, &ada, "already_pro").await;
    assert_eq!(host.calls(), Vec::<String>::new());
    // Nor while it is to end, or a payment is late.
    host.stripe.cancel_at_period_end(&subscription).unwrap();
    host.told(&ada).await;
    refused(&host, &ada, "already_pro").await;
    host.stripe.keep(&subscription).unwrap();
    host.stripe.fail_payment(&subscription).unwrap();
    host.told(&ada).await;
    refused(&host, &ada, "already_pro").await;
}

#[tokio::test]
async fn a_payment_whose_events_were_lost_is_found_out() {
    let host = Host::start().await;
    let ada = host.person().await;
    let session = opened(&host.subscribe(&ada).await);
    host.seconds_pass(60);
    host.stripe.pay(&session).unwrap();
    refused(&host, &ada, "already_pro").await;
    let stored = host.billing(&ada).await.unwrap();
    assert_eq!(stored.entitlement.tier, Tier::Pro);
    assert!(stored.facts.checkout.is_none());
    let subscription = host.subscription_of(&ada).await;
    assert_eq!(stored.facts.subscription.unwrap().id.to_string(), subscription);
    assert_eq!(host.get(&ada, "/subscribe/status").await.json()["tier"], "pro");
}

#[tokio::test]
async fn a_first_payment_on_its_way_is_waited_for() {
    let host = Host::start().await;
    let [ada, bob] = [host.person().await, host.person().await];
    let sessions = [&ada, &bob].map(|caller| host.subscribe(caller));
    let [adas, bobs] = futures_util::future::join_all(sessions).await.try_into().unwrap();
    let [adas, bobs] = [opened(&adas), opened(&bobs)];
    host.stripe.pay_later(&adas).unwrap();
    host.stripe.pay_later(&bobs).unwrap();
    // Bob's events arrived, Ada's did not.
    let ended = Hint { ended_checkout: Some(bobs.parse().unwrap()), ..Hint::default() };
    host.told_with(&bob, &ended).await;
    host.seconds_pass(60);
    refused(&host, &ada, "subscription_unsettled").await;
    refused(&host, &bob, "subscription_unsettled").await;
    // What is stored may be behind: Stripe is asked.
    host.stripe.payment_arrives(&adas).unwrap();
    refused(&host, &ada, "already_pro").await;
    host.stripe.payment_fails_later(&bobs).unwrap();
    host.stripe.give_up(&host.subscription_of(&bob).await).unwrap();
    assert_ne!(opened(&host.subscribe(&bob).await), bobs);
}

#[tokio::test]
async fn a_subscription_that_waits_for_a_payment_is_not_bought_twice() {
    let host = Host::start().await;
    let ada = host.person().await;
    let subscription = host.buy(&ada).await;
    host.stripe.fail_payment(&subscription).unwrap();
    host.told(&ada).await;
    host.seconds_pass(3 * 24 * 3_600);
    refused(&host, &ada, "subscription_unsettled").await;
    host.stripe.give_up(&subscription).unwrap();
    host.told(&ada).await;
    refused(&host, &ada, "subscription_unsettled").await;
    // The way out: it is paid.
    host.stripe.recover(&subscription).unwrap();
    refused(&host, &ada, "already_pro").await;
}

#[tokio::test]
async fn a_paused_subscription_is_not_bought_twice() {
    let host = Host::start().await;
    let ada = host.person().await;
    let subscription = host.buy(&ada).await;
    host.stripe.pause(&subscription).unwrap();
    host.told(&ada).await;
    refused(&host, &ada, "subscription_unsettled").await;
}

#[tokio::test]
async fn what_has_ended_can_be_bought_again_by_the_same_customer() {
    let host = Host::start().await;
    let ada = host.person().await;
    let subscription = host.buy(&ada).await;
    host.stripe.cancel(&subscription).unwrap();
    host.told(&ada).await;
    let customer = host.customer_of(&ada).await;
    host.seconds_pass(60);
    let session = opened(&host.subscribe(&ada).await);
    assert_eq!(host.stripe.session(&session).unwrap()["customer"], customer);
    assert_eq!(host.stripe.customers().len(), 1);
    host.stripe.pay(&session).unwrap();
    host.told(&ada).await;
    refused(&host, &ada, "already_pro").await;
    assert_ne!(host.subscription_of(&ada).await, subscription);
}

#[tokio::test]
async fn an_end_that_nobody_told_of_is_in_nobodys_way() {
    let host = Host::start().await;
    let ada = host.person().await;
    let subscription = host.buy(&ada).await;
    host.stripe.fail_payment(&subscription).unwrap();
    host.told(&ada).await;
    host.seconds_pass(3 * 24 * 3_600);
    host.stripe.cancel(&subscription).unwrap();
    opened(&host.subscribe(&ada).await);
    let stored = host.billing(&ada).await.unwrap();
    assert!(stored.facts.subscription.unwrap().status.is_final());
}
