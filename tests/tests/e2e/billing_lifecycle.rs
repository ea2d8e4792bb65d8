//! What becomes of a subscription without its user: renewals, payments that fail, ends, news that get
//! lost, and processes that do.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tests::{
    Browser, PATIENCE, Parley, User, clear_of_midnight, eventually, now,
    stripe::{
        Behaviour, Dropped, Respond, StandIn, WebhookSettings, all_are_delivered, answers,
        period_end, status_of,
    },
};

/// From here on nothing is told, not even late.
async fn lose_all_news(stripe: &StandIn) {
    all_are_delivered(stripe).await;
    stripe.webhooks(WebhookSettings { drop: Dropped::All, ..WebhookSettings::default() });
}

/// Lets a subscription be in a period, a trial of a day, that ends in so many seconds, and waits until
/// Parley has heard of it. Pro it is all the while.
async fn period_ends_in(parley: &Parley, user: &User, subscription: &str, seconds: i64) -> i64 {
    let (stripe, clock) = (parley.stripe(), parley.stripe_clock());
    stripe.webhooks(WebhookSettings::held());
    let present = now();
    clock.set(present + SignedDuration::from_secs(seconds) - SignedDuration::from_hours(24));
    stripe.trial(subscription, 1).unwrap();
    clock.set(present);
    stripe.webhooks(WebhookSettings::default());
    let end = period_end(stripe, subscription);
    user.wait_until("the period is known", |standing| {
        let shown = standing["current_period_end"].as_str().unwrap_or_default();
        shown.parse::<Timestamp>().is_ok_and(|shown| shown.as_second() == end)
    })
    .await;
    end
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_payment_ends_pro_only_when_the_grace_is_over() {
    clear_of_midnight().await;
    let Some(parley) = Parley::builder().start().await else { return };
    let (stripe, user) = (parley.stripe(), parley.user().await);
    let room = user.use_up_the_day().await;
    let subscription = user.upgrade(stripe).await;
    stripe.fail_payment(&subscription).unwrap();
    let overdue = user.wait_until("it failed", |standing| standing["status"] == "past_due").await;
    assert_eq!(overdue["tier"], "pro", "{overdue}");
    user.send(&room, "Within the grace?").await.is(202);

    let builder = Parley::builder().env("SUBSCRIPTION_GRACE_SECONDS", "2");
    let Some(parley) = builder.start().await else { return };
    let (stripe, user) = (parley.stripe(), parley.user().await);
    let room = user.use_up_the_day().await;
    let subscription = user.upgrade(stripe).await;
    stripe.require_action(&subscription).unwrap();
    user.wait_until("it failed", |standing| standing["status"] == "past_due").await;
    // No event tells that the grace is over: time does.
    lose_all_news(stripe).await;
    let over = user.wait_for_tier("basic").await;
    assert_eq!(over["status"], "past_due", "{over}");
    user.send(&room, "Out of grace?").await.is(429);
    let second = user.post("/subscribe/pro").await.expect(409);
    assert_eq!(second.json()["code"], "subscription_unsettled", "{second}");

    stripe.webhooks(WebhookSettings::default());
    stripe.recover(&subscription).unwrap();
    user.wait_for_tier("pro").await;
    user.send(&room, "Paid after all?").await.is(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_is_cancelled_at_once_leaves_the_quota_to_the_next_message() {
    clear_of_midnight().await;
    let Some(parley) = Parley::builder().start().await else { return };
    let (stripe, user) = (parley.stripe(), parley.user().await);
    let subscription = user.upgrade(stripe).await;
    let room = user.create_room("More than five").await;
    for nth in 1..=7 {
        user.ask(&room, &format!("Question number {nth}")).await;
    }
    stripe.renew(&subscription).unwrap();
    stripe.cancel(&subscription).unwrap();
    user.wait_for_tier("basic").await;
    user.send(&room, "One more?").await.is(429);
    let me = user.get("/user/me").await.expect(200);
    assert_eq!(me.json()["subscription_tier"], "basic", "{me}");
    assert_eq!(me.json()["daily_message_count"], 7, "{me}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_that_is_not_renewed_ends_pro_by_itself() {
    clear_of_midnight().await;
    let Some(parley) = Parley::builder().start().await else { return };
    let (stripe, user) = (parley.stripe(), parley.user().await);
    let room = user.use_up_the_day().await;
    let subscription = user.upgrade(stripe).await;
    let end = period_ends_in(&parley, &user, &subscription, 6).await;
    stripe.cancel_at_period_end(&subscription).unwrap();
    user.wait_until("it is to end", |standing| standing["cancel_at_period_end"] == true).await;
    lose_all_news(stripe).await;
    let sent = user.send(&room, "Is it over?").await;
    if now().as_second() < end {
        sent.is(202);
    }
    user.wait_for_tier("basic").await;
    assert!(now().as_second() >= end, "it ended too early");
    user.send(&room, "And now?").await.is(429);
    // As far as Stripe is concerned, nothing has happened yet.
    assert_eq!(status_of(stripe, &subscription), "trialing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_nobody_told_of_is_found() {
    let Some(parley) = Parley::builder().start().await else { return };
    let (stripe, user) = (parley.stripe(), parley.user().await);
    // It is asked about an hour after it was opened: in a few seconds.
    parley.stripe_clock().set(now() + SignedDuration::from_secs(6 - 3_600));
    lose_all_news(stripe).await;
    user.upgrade(stripe).await;
    assert_eq!(answers(stripe), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_nobody_told_of_is_found() {
    clear_of_midnight().await;
    let Some(parley) = Parley::builder().start().await else { return };
    let (stripe, user) = (parley.stripe(), parley.user().await);
    let room = user.use_up_the_day().await;
    let subscription = user.upgrade(stripe).await;
    // It is asked about ten minutes after the period's end: in a few seconds.
    period_ends_in(&parley, &user, &subscription, 10 - 600).await;
    lose_all_news(stripe).await;
    stripe.fail_payment(&subscription).unwrap();
    stripe.give_up(&subscription).unwrap();
    let found = user.wait_for_tier("basic").await;
    assert_eq!(found["status"], "unpaid", "{found}");
    user.send(&room, "Unpaid?").await.is(429);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stripe_tells_a_process_that_is_gone_it_tells_the_next_one() {
    let Some(mut parley) = Parley::builder().start().await else { return };
    let user = parley.user().await;
    let checkout = user.subscribe().await;
    parley.kill();
    parley.stripe().pay(&checkout.id).unwrap();
    let lost = eventually("nobody answers", PATIENCE, async || {
        Some(answers(parley.stripe())).filter(|answers| answers.len() >= 3)
    })
    .await;
    assert!(lost.iter().all(Option::is_none), "{lost:?}");
    parley.restart();
    user.wait_for_tier("pro").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_was_being_applied_when_the_process_died_is_applied_by_the_next_one() {
    let Some(mut parley) = Parley::builder().start().await else { return };
    let user = parley.user().await;
    let checkout = user.subscribe().await;
    parley.stripe().on(Behaviour::new(Respond::Hang).when("GET", "/v1/subscriptions"));
    parley.stripe().pay(&checkout.id).unwrap();
    eventually("it is being applied", PATIENCE, async || {
        let requests = parley.stripe().requests();
        requests.iter().any(|asked| asked.path == "/v1/subscriptions").then_some(())
    })
    .await;
    parley.kill();
    parley.stripe().clear_behaviours();
    parley.restart();
    assert_eq!(user.tier().await, "basic");
    user.wait_for_tier("pro").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_local_sells_pro_itself_and_remembers_who_bought_it() {
    let builder = Parley::builder().keeping_its_own_stripe();
    let Some(mut parley) = builder.start().await else { return };
    let browser = Browser::default();
    let (early, late) = (parley.user().await, parley.user().await);
    browser.press(&format!("{}/pay", early.subscribe().await.url)).await.is(303);
    early.wait_for_tier("pro").await;
    // This one's payment may be all that the process still has to tell.
    let checkout = late.subscribe().await;
    browser.press(&format!("{}/pay", checkout.url)).await.is(303);
    parley.restart();
    assert_eq!(early.tier().await, "pro");
    late.wait_for_tier("pro").await;
    for user in [&early, &late] {
        let portal = user.portal().await;
        let subscription = browser.open(&portal).await.subscription();
        browser.press(&format!("{portal}/{subscription}/cancel")).await.is(303);
        user.wait_for_tier("basic").await;
    }
    assert_eq!(parley.stripe().requests(), [], "it asked the test's Stripe");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_stripe_holds_up_nobody_who_does_not_pay() {
    let Some(parley) = Parley::builder().start().await else { return };
    let (stripe, user) = (parley.stripe(), parley.user().await);
    user.upgrade(stripe).await;
    stripe.on(Behaviour::new(Respond::Hang));
    let started = tokio::time::Instant::now();
    let room = user.create_room("Not held up").await;
    user.ask_and_wait(&room, "Am I held up?").await;
    assert_eq!(user.tier().await, "pro");
    user.get("/user/me").await.is(200);
    assert!(started.elapsed() < Duration::from_secs(5), "held up for {:?}", started.elapsed());
}
