//! What Stripe tells is taken if it is Stripe who tells it, and if Stripe says the same when it is asked.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::json;
use tests::{
    Parley, eventually, now,
    stripe::{
        Behaviour, Respond, WEBHOOK, WebhookSettings, all_are_delivered, answers, signature, with,
    },
};

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
    let wrong_method = if parley.is_behind_a_gateway().await { 404 } else { 405 };
    let body = json!({"id": "evt_1", "object": "event", "type": "invoice.paid"}).to_string();
    for path in [WEBHOOK, "/subscribe/webhook"] {
        let json = || parley.post(path).body("application/json", body.clone());
        let forged = signature("whsec_of_a_forger", now(), &body);
        for signature in [&forged, "", "t=1,v1=", "nonsense", "t=,v0=00"] {
            let refused = json().header("stripe-signature", signature).await.expect(400);
            assert_eq!(refused.json()["code"], "invalid_signature", "{signature}: {refused}");
        }
        assert_eq!(json().await.expect(400).json()["code"], "invalid_signature");
        parley.get(path).await.is(wrong_method);
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
    let paid = stripe.pay(&user.subscribe().await.id).unwrap();
    stripe.clear_requests();
    let secret = stripe.webhook_secret();
    let event =
        stripe.events().into_iter().find(|event| event.id == paid.events[0].id).unwrap().body;
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
