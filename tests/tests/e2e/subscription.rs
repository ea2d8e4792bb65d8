//! Pro is bought, used and left again: what a user sees and does.

use std::{collections::BTreeSet, time::Duration};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{
    Browser, PATIENCE, Parley, clear_of_midnight, eventually, is_midnight_in,
    stripe::{
        Behaviour, Respond, WebhookSettings, all_are_delivered, answers, period_end, status_of,
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_user_is_basic_and_has_nothing_to_look_after() {
    clear_of_midnight().await;
    let parley = Parley::start().await;
    let user = parley.user().await;
    let standing = user.subscription().await;
    for (member, value) in [
        ("tier", json!("basic")),
        ("active", json!(false)),
        ("status", Value::Null),
        ("daily_limit", json!(5)),
        ("messages_used_today", json!(0)),
        ("current_period_end", Value::Null),
        ("cancel_at_period_end", json!(false)),
    ] {
        assert_eq!(standing[member], value, "{member}: {standing}");
    }
    let resets_at: jiff::Timestamp = standing["resets_at"].as_str().unwrap().parse().unwrap();
    assert!(is_midnight_in(resets_at.as_second() - tests::now().as_second()), "{standing}");
    let other = user.get("/subscription/status").await.expect(200);
    assert_eq!(other.json(), standing, "{other}");
    let portal = user.post("/subscribe/portal").await.expect(409);
    assert_eq!(portal.json()["code"], "no_subscription", "{portal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_pays_is_pro_from_the_next_message_on_and_basic_again_when_the_period_has_ended() {
    clear_of_midnight().await;
    let Some(parley) = Parley::builder().start().await else { return };
    let (stripe, browser) = (parley.stripe(), Browser::default());
    let user = parley.user().await;
    let room = user.use_up_the_day().await;

    // Paid, but Stripe has not told yet. To come back from its page proves nothing.
    stripe.webhooks(WebhookSettings::held());
    let checkout = user.subscribe().await;
    assert!(browser.open(&checkout.url).await.html.contains("Parley Pro"), "{checkout:?}");
    let paid = browser.press(&format!("{}/pay", checkout.url)).await;
    assert!(paid.leads_to().contains(&checkout.id), "{paid:?}");
    let thanks = parley.get(paid.leads_to()).await.expect(200);
    assert!(thanks.header("content-type").starts_with("text/html"), "{thanks}");
    assert_eq!(user.tier().await, "basic");
    user.send(&room, "Now?").await.is(429);

    stripe.webhooks(WebhookSettings::default());
    let standing = user.wait_for_tier("pro").await;
    assert_eq!(standing["status"], "active", "{standing}");
    assert_eq!(standing["daily_limit"], Value::Null, "{standing}");
    // With the token of before, and in the same room.
    user.ask_and_wait(&room, "Now?").await;
    let me = user.get("/user/me").await.expect(200);
    assert_eq!(me.json()["subscription_tier"], "pro", "{me}");
    assert_eq!(me.json()["daily_limit"], Value::Null, "{me}");
    let again = user.post("/subscribe/pro").await.expect(409);
    assert_eq!(again.json()["code"], "already_pro", "{again}");

    // Cancelled, but paid for.
    let portal = user.portal().await;
    let subscription = browser.open(&portal).await.subscription();
    let press = async |button: &str| {
        let pressed = browser.press(&format!("{portal}/{subscription}/{button}")).await;
        assert!(portal.ends_with(pressed.leads_to()), "{pressed:?}");
    };
    press("cancel_at_period_end").await;
    let leaving = user.wait_until("it is to end", |now| now["cancel_at_period_end"] == true).await;
    assert_eq!(leaving["tier"], "pro", "{leaving}");
    let end: jiff::Timestamp = leaving["current_period_end"].as_str().unwrap().parse().unwrap();
    assert_eq!(end.as_second(), period_end(stripe, &subscription), "{leaving}");
    user.send(&room, "Still?").await.is(202);

    press("end_period").await;
    let standing = user.wait_for_tier("basic").await;
    assert_eq!(standing["status"], "canceled", "{standing}");
    user.send(&room, "No longer?").await.is(429);

    // And once more, with the same customer.
    all_are_delivered(stripe).await;
    let next = user.subscribe().await;
    assert_ne!(next.id, checkout.id);
    browser.press(&format!("{}/pay", next.url)).await.is(303);
    user.wait_for_tier("pro").await;
    user.send(&room, "Again?").await.is(202);
    assert_eq!(stripe.customers().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_parallel_requests_comes_one_customer_and_one_session() {
    let Some(parley) = Parley::builder().start().await else { return };
    let stripe = parley.stripe();
    // So long that all of them are there before the first is finished.
    let slow = || Behaviour::new(Respond::Answer).delay(Duration::from_millis(700));
    stripe.on(slow().when("POST", "/v1/customers"));
    stripe.on(slow().when("POST", "/v1/checkout/sessions"));
    let user = parley.user().await;
    let checkouts = join_all((0..50).map(|_| user.subscribe())).await;
    assert_eq!(checkouts.len(), 50);
    for checkout in &checkouts {
        assert_eq!(checkout, &checkouts[0]);
    }
    assert_eq!(stripe.customers().len(), 1);
    assert_eq!(stripe.sessions().len(), 1);
    // Somebody else has theirs.
    let other = parley.user().await.subscribe().await;
    assert_ne!(other.url, checkouts[0].url);
    let customers = stripe.customers();
    let ids: BTreeSet<_> = customers.iter().map(|customer| customer["id"].to_string()).collect();
    assert_eq!(ids.len(), 2, "{customers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_card_and_a_checkout_that_is_left_change_nothing() {
    let Some(parley) = Parley::builder().start().await else { return };
    let browser = Browser::default();
    let user = parley.user().await;
    let checkout = user.subscribe().await;
    browser.press(&format!("{}/decline", checkout.url)).await.is(303);
    let left = browser.press(&format!("{}/cancel", checkout.url)).await;
    parley.get(left.leads_to()).await.is(200);
    assert_eq!(user.subscription().await["status"], Value::Null);
    // The page that stands is given again, and still takes money.
    assert_eq!(user.subscribe().await, checkout);
    browser.press(&format!("{}/pay", checkout.url)).await.is(303);
    user.wait_for_tier("pro").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_takes_days_is_pro_when_it_arrives() {
    let Some(parley) = Parley::builder().start().await else { return };
    let (stripe, browser) = (parley.stripe(), Browser::default());
    let user = parley.user().await;
    let checkout = user.subscribe().await;
    browser.press(&format!("{}/pay_later", checkout.url)).await.is(303);
    let waiting =
        user.wait_until("it is on its way", |standing| standing["status"] == "incomplete").await;
    assert_eq!(waiting["tier"], "basic", "{waiting}");
    let second = user.post("/subscribe/pro").await.expect(409);
    assert_eq!(second.json()["code"], "subscription_unsettled", "{second}");
    stripe.payment_arrives(&checkout.id).unwrap();
    user.wait_for_tier("pro").await;

    let other = parley.user().await;
    let checkout = other.subscribe().await;
    let late = stripe.pay_later(&checkout.id).unwrap();
    stripe.payment_fails_later(&checkout.id).unwrap();
    stripe.give_up(late.object["subscription"].as_str().unwrap()).unwrap();
    other.wait_until("it is over", |standing| standing["status"] == "incomplete_expired").await;
    assert_eq!(other.tier().await, "basic");
    other.subscribe().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_pays_no_longer() {
    let Some(parley) = Parley::builder().start().await else { return };
    let stripe = parley.stripe();
    let (paying, undecided) = (parley.user().await, parley.user().await);
    let subscription = paying.upgrade(stripe).await;
    let open = undecided.subscribe().await;
    for user in [&paying, &undecided] {
        user.delete("/user/me").await.is(204);
        user.get("/subscribe/status").await.is(401);
        user.post("/subscribe/pro").await.is(401);
        user.post("/subscribe/portal").await.is(401);
    }
    eventually("Stripe has neither of them any more", PATIENCE, async || {
        stripe.customers().iter().all(|customer| customer["deleted"] == true).then_some(())
    })
    .await;
    assert_eq!(stripe.customers().len(), 2);
    assert_eq!(status_of(stripe, &subscription), "canceled");
    assert_eq!(stripe.session(&open.id).unwrap()["status"], "expired");
    let late = Browser::default().press(&format!("{}/pay", open.url)).await;
    assert_eq!(late.status, 409, "{late:?}");
    // What Stripe has to say about that is taken, and forgotten.
    all_are_delivered(stripe).await;
    let answers = answers(stripe);
    assert!(answers.iter().all(|answer| *answer == Some(200)), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_user_reads_what_stripe_says_in_its_errors() {
    let Some(parley) = Parley::builder().start().await else { return };
    let stripe = parley.stripe();
    for (status, answered) in [
        (400, 500),
        (401, 500),
        (402, 500),
        (403, 500),
        (404, 500),
        (409, 503),
        (429, 503),
        (500, 503),
    ] {
        let user = parley.user().await;
        stripe.on(Behaviour::new(Respond::status(status)));
        let refused = user.post("/subscribe/pro").may_fail().await;
        assert_eq!(refused.status(), answered, "{status}: {refused}");
        stripe.clear_behaviours();
        assert_eq!(user.tier().await, "basic");
    }
    // It passes, and has done no harm.
    let user = parley.user().await;
    stripe.on(Behaviour::new(Respond::status(500)));
    user.post("/subscribe/pro").may_fail().await.is(503);
    stripe.clear_behaviours();
    user.upgrade(stripe).await;
    assert_eq!(stripe.customers().len(), 1);

    let Some(parley) = Parley::builder().env("STRIPE_SECRET_KEY", "sk_invalid").start().await
    else {
        return;
    };
    let user = parley.user().await;
    let refused = user.post("/subscribe/pro").may_fail().await.expect(500);
    assert!(!refused.text().contains("sk_"), "{refused}");
    assert!(!parley.logs().contains("sk_invalid"), "the key is in the log");
    assert_eq!(user.tier().await, "basic");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_the_default_frontend_may_call_whatever_port_it_is() {
    let Some(parley) = Parley::builder().start().await else { return };
    let port = parley.base_url().rsplit(':').next().unwrap().to_owned();
    let origin = format!("http://localhost:{port}");
    let preflight = parley
        .request(Method::OPTIONS, "/subscribe/pro")
        .header("origin", &origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type,idempotency-key");
    let preflight = preflight.await;
    assert_eq!(preflight.header("access-control-allow-origin"), origin, "{preflight}");
    let user = parley.user().await;
    let standing = user.get("/subscribe/status").header("origin", &origin).await.expect(200);
    assert_eq!(standing.header("access-control-allow-origin"), origin, "{standing}");
    // Checkout leads back there, too.
    let checkout = user.subscribe().await;
    let paid = Browser::default().press(&format!("{}/pay", checkout.url)).await;
    assert!(paid.leads_to().starts_with(&format!("{origin}/subscribe/success?")), "{paid:?}");
}
