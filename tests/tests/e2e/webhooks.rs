//! What Stripe tells: late, twice, in any order, not at all, and what others say in its name.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::{
    Parley, User, eventually, now,
    stripe::{
        Behaviour, Dropped, Made, Respond, StandIn, WEBHOOK, WebhookSettings, all_are_delivered,
        answers, period_end, signature, with,
    },
};

const KINDS: [&str; 4] = [
    "customer.subscription.created",
    "checkout.session.completed",
    "invoice.paid",
    "customer.subscription.updated",
];

/// All orders of four things.
fn orders() -> Vec<[usize; 4]> {
    let mut orders = Vec::new();
    for code in 0..256 {
        let order = [code / 64, code / 16 % 4, code / 4 % 4, code % 4];
        if (0..4).all(|nth| order.contains(&nth)) {
            orders.push(order);
        }
    }
    orders
}

/// Subscribes and pays: the events of [`KINDS`], and the subscription's id.
async fn pay(stripe: &StandIn, user: &User) -> (Vec<Made>, String) {
    let checkout = user.subscribe().await;
    let paid = stripe.pay(&checkout.id).unwrap();
    let event = |kind| paid.events.iter().find(|made| made.kind == kind).unwrap().clone();
    (KINDS.map(event).into(), paid.object["subscription"].as_str().unwrap().to_owned())
}

/// Delivers the events of one payment in `order`, each one to three times.
async fn deliver(stripe: &StandIn, events: &[Made], order: [usize; 4], parallel: bool) {
    let times = |event: usize| 1 + (event + order[0]) % 3;
    let ids = order.iter().flat_map(|&event| std::iter::repeat_n(&events[event].id, times(event)));
    for delivered in stripe.deliver(&ids.collect::<Vec<_>>(), parallel).await.unwrap() {
        let [answer] = delivered.answers.as_slice() else { panic!("{delivered:?}") };
        // With all at once it may be too much for one of them; then Stripe comes again.
        let later = parallel && answer.status == Some(503);
        assert!(answer.is_success() || later, "{delivered:?}");
    }
}

/// What every user who has paid sees, whose period ends then.
fn paid_until(end: i64) -> Value {
    json!({
        "tier": "pro", "active": true, "status": "active", "daily_limit": null,
        "messages_used_today": 0, "cancel_at_period_end": false,
        "current_period_end": Timestamp::from_second(end).unwrap().to_string(),
    })
}

/// Who has paid has the same whatever the order, and whatever comes afterwards from earlier times.
async fn has_what_was_paid_for(stripe: &StandIn, user: &User, subscription: &str) {
    let expected = paid_until(period_end(stripe, subscription));
    let check = async |when: &str| {
        let mut standing = user.subscription().await;
        standing.as_object_mut().unwrap().remove("resets_at");
        let end: Timestamp = standing["current_period_end"].as_str().unwrap().parse().unwrap();
        standing["current_period_end"] = json!(end.to_string());
        assert_eq!(standing, expected, "{when}");
    };
    check("after the events").await;
    let now = stripe.subscription(subscription).unwrap();
    let session = stripe.sessions().into_iter().find(|known| known["customer"] == now["customer"]);
    let earlier = with(session.unwrap(), "id", "cs_test_an_earlier_one");
    let late = [
        stripe.emit("checkout.session.expired", with(earlier, "status", "expired")),
        stripe.emit("customer.subscription.updated", with(now.clone(), "status", "incomplete")),
        stripe.emit("customer.subscription.deleted", with(now, "status", "canceled")),
    ];
    for delivered in stripe.deliver(&late.map(|event| event.id), false).await.unwrap() {
        assert!(delivered.answers[0].is_success(), "{delivered:?}");
    }
    check("after late ones").await;
}

async fn any_order_leads_to_the_same_end(parallel: bool) {
    let Some(parley) = Parley::builder().start().await else { return };
    let stripe = parley.stripe();
    stripe.webhooks(WebhookSettings::held());
    let orders = orders();
    assert_eq!(orders.len(), 24);
    let users = join_all(orders.into_iter().map(async |order| {
        let user = parley.user().await;
        let (events, subscription) = pay(stripe, &user).await;
        assert_eq!(user.tier().await, "basic");
        deliver(stripe, &events, order, parallel).await;
        (user, subscription)
    }))
    .await;
    stripe.webhooks(WebhookSettings::default());
    all_are_delivered(stripe).await;
    for (user, subscription) in &users {
        has_what_was_paid_for(stripe, user, subscription).await;
    }
    all_are_delivered(stripe).await;
    assert_eq!(stripe.customers().len(), users.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn events_in_any_order_lead_to_the_same_end() {
    any_order_leads_to_the_same_end(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_all_at_once_lead_to_the_same_end() {
    any_order_leads_to_the_same_end(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_single_event_is_enough() {
    let Some(parley) = Parley::builder().start().await else { return };
    let stripe = parley.stripe();
    for kind in KINDS {
        let others = KINDS.into_iter().filter(|other| *other != kind).map(str::to_owned);
        // Says the same as `invoice.paid`.
        let others = others.chain(["invoice.payment_succeeded".to_owned()]).collect();
        stripe.webhooks(WebhookSettings { drop: Dropped::Types(others), ..Default::default() });
        let user = parley.user().await;
        user.upgrade(stripe).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn late_repeated_and_reordered_events_are_right_in_the_end() {
    let Some(parley) = Parley::builder().start().await else { return };
    let stripe = parley.stripe();
    let usual = WebhookSettings::default;
    for settings in [
        WebhookSettings { delay_ms: 400, ..usual() },
        WebhookSettings { copies: 3, ..usual() },
        WebhookSettings { reorder: true, ..usual() },
        WebhookSettings { delay_ms: 200, copies: 3, reorder: true, ..usual() },
    ] {
        stripe.webhooks(settings.clone());
        let user = parley.user().await;
        let subscription = user.upgrade(stripe).await;
        // Many changes at once, the last of which counts.
        stripe.fail_payment(&subscription).unwrap();
        stripe.recover(&subscription).unwrap();
        stripe.cancel_at_period_end(&subscription).unwrap();
        all_are_delivered(stripe).await;
        let standing = user.subscription().await;
        assert_eq!(standing["cancel_at_period_end"], true, "{settings:?}: {standing}");
        assert_eq!(standing["status"], "active", "{settings:?}: {standing}");
        stripe.keep(&subscription).unwrap();
        stripe.pause(&subscription).unwrap();
        stripe.resume(&subscription).unwrap();
        stripe.cancel(&subscription).unwrap();
        all_are_delivered(stripe).await;
        let standing = user.subscription().await;
        assert_eq!(standing["status"], "canceled", "{settings:?}: {standing}");
        assert_eq!(standing["tier"], "basic", "{settings:?}: {standing}");
    }
    let answers = answers(stripe);
    let refused = answers.iter().filter(|answer| **answer != Some(200));
    // Only ever "later".
    assert!(refused.clone().all(|answer| *answer == Some(503)), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_only_the_occasion_to_ask() {
    let Some(parley) = Parley::builder().start().await else { return };
    let stripe = parley.stripe();
    let user = parley.user().await;
    let subscription = user.upgrade(stripe).await;
    let snapshot = stripe.subscription(&subscription).unwrap();
    stripe.cancel(&subscription).unwrap();
    user.wait_for_tier("basic").await;
    // Well signed, and no longer true.
    for kind in ["customer.subscription.created", "customer.subscription.updated"] {
        stripe.emit(kind, snapshot.clone());
    }
    all_are_delivered(stripe).await;
    assert_eq!(user.tier().await, "basic");
    let somebody = with(snapshot, "customer", "cus_NobodyHere");
    stripe.emit("customer.subscription.updated", somebody);
    all_are_delivered(stripe).await;
    let answers = answers(stripe);
    assert!(answers.iter().all(|answer| *answer == Some(200)), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stripe_has_not_signed_is_refused() {
    let parley = Parley::start().await;
    let body = json!({"id": "evt_1", "object": "event", "type": "invoice.paid"}).to_string();
    for path in [WEBHOOK, "/subscribe/webhook"] {
        let json = || parley.post(path).body("application/json", body.clone());
        let forged = signature("whsec_of_a_forger", now(), &body);
        for signature in [&forged, "", "t=1,v1=", "nonsense", "t=,v0=00"] {
            let refused = json().header("stripe-signature", signature).await.expect(400);
            assert_eq!(refused.json()["code"], "invalid_signature", "{signature}: {refused}");
        }
        assert_eq!(json().await.expect(400).json()["code"], "invalid_signature");
        parley.get(path).await.is(405);
        let large = parley.post(path).body("application/json", vec![b'x'; 1024 * 1024]).alone();
        let large = large.header("stripe-signature", &forged).await.expect(413);
        assert_eq!(large.json()["code"], "body_too_large", "{large}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_signed_is_read_with_care() {
    let Some(parley) = Parley::builder().start().await else { return };
    let stripe = parley.stripe();
    let user = parley.user().await;
    stripe.webhooks(WebhookSettings::held());
    let (events, _) = pay(stripe, &user).await;
    stripe.clear_requests();
    let secret = stripe.webhook_secret();
    let event = stripe.events().into_iter().find(|event| event.id == events[0].id).unwrap().body;
    let post = async |body: &str, signature: String| {
        let post = parley.post(WEBHOOK).body("application/json", body.to_owned());
        post.header("stripe-signature", signature).alone().await
    };
    // The true event, but not as it was signed, or not when.
    let minutes = SignedDuration::from_mins;
    for (body, signature) in [
        (format!("{event} "), signature(secret, now(), &event)),
        (event.clone(), signature(secret, now() - minutes(6), &event)),
        (event.clone(), signature(secret, now() + minutes(6), &event)),
        (event.clone(), signature(&secret[1..], now(), &event)),
    ] {
        let refused = post(&body, signature).await.expect(400);
        assert_eq!(refused.json()["code"], "invalid_signature", "{refused}");
    }
    for (body, status) in [
        ("no JSON", 400),
        ("{}", 400),
        ("[]", 400),
        (r#"{"id": 5, "type": []}"#, 400),
        (r#"{"id": "evt_1", "type": "invoice.paid", "data": {"object": {"customer": 7}}}"#, 200),
        (r#"{"id": "evt_2", "type": "a.type.of.tomorrow", "data": null}"#, 200),
    ] {
        assert_eq!(post(body, signature(secret, now(), body)).await.status(), status, "{body}");
    }
    let large = "x".repeat(1024 * 1024);
    post(&large, signature(secret, now(), &large)).await.is(413);
    assert!(stripe.requests().is_empty(), "Stripe was asked about something of that");
    assert_eq!(user.tier().await, "basic");
    post(&event, signature(secret, now(), &event)).await.is(200);
    assert_eq!(user.tier().await, "pro");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_stripe_can_not_be_asked_events_wait_with_stripe() {
    let Some(parley) = Parley::builder().start().await else { return };
    let stripe = parley.stripe();
    let user = parley.user().await;
    let checkout = user.subscribe().await;
    stripe.on(Behaviour::new(Respond::status(500)).when("GET", "/v1/subscriptions"));
    stripe.pay(&checkout.id).unwrap();
    let refused = eventually("some were refused", Duration::from_secs(30), async || {
        Some(answers(stripe)).filter(|answers| answers.len() >= 6)
    })
    .await;
    assert!(refused.iter().all(|answer| *answer == Some(503)), "{refused:?}");
    assert_eq!(user.tier().await, "basic");
    stripe.clear_behaviours();
    user.wait_for_tier("pro").await;
    all_are_delivered(stripe).await;
    for event in stripe.events() {
        let last = event.deliveries.last().unwrap();
        assert_eq!(last.status, Some(200), "{}: {:?}", event.kind, event.deliveries);
    }
}
