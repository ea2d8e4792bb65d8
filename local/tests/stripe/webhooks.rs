//! Webhooks: signed, tried again, and delivered as they are told to be.

use std::time::Duration;

use local::stripe::{DEFAULT_SECRET, Dropped, Settings, StandIn, WebhookSettings};
use serde_json::{Value, json};
use stripe_oracle::{EventObject, Webhook};

use crate::support::{Receiver, customer, eventually, id, session, stand_in, subscribed};

/// A stand-in that delivers to a receiver.
async fn world() -> (StandIn, Receiver) {
    let (stand_in, receiver) = (stand_in().await, Receiver::start().await);
    stand_in.deliver_to(&receiver.url);
    (stand_in, receiver)
}

async fn settled(stand_in: &StandIn) {
    eventually("waited for all deliveries", || stand_in.events().iter().all(|event| !event.due))
        .await;
}

fn ids(stand_in: &StandIn) -> Vec<String> {
    stand_in.events().into_iter().map(|event| event.id).collect()
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}

#[tokio::test]
async fn stripes_own_library_takes_every_event() {
    let (stand_in, receiver) = world().await;
    let (customer, id) = subscribed(&stand_in).await;
    stand_in.fail_payment(&id).unwrap();
    stand_in.require_action(&id).unwrap();
    stand_in.recover(&id).unwrap();
    stand_in.pause(&id).unwrap();
    stand_in.resume(&id).unwrap();
    stand_in.trial(&id, 3).unwrap();
    stand_in.cancel_at_period_end(&id).unwrap();
    let later = session(&stand_in, &customer).await;
    stand_in.pay_later(&later).unwrap();
    stand_in.payment_arrives(&later).unwrap();
    let failing = session(&stand_in, &customer).await;
    stand_in.pay_later(&failing).unwrap();
    stand_in.payment_fails_later(&failing).unwrap();
    stand_in.expire(&session(&stand_in, &customer).await).unwrap();
    stand_in.delete_customer(&customer).unwrap();

    let count = stand_in.events().len();
    let webhooks = receiver.wait_for(count).await;
    settled(&stand_in).await;
    assert_eq!(receiver.received().len(), count);
    for webhook in &webhooks {
        let event =
            Webhook::construct_event(&webhook.body, webhook.signature(), DEFAULT_SECRET).unwrap();
        let kind = event.type_.as_str();
        assert!(!matches!(event.data.object, EventObject::Unknown(_)), "{kind}");
        assert!(kind.ends_with(".updated") == event.data.previous_attributes.is_some(), "{kind}");
        assert_eq!(webhook.headers["content-type"], "application/json; charset=utf-8");
        assert_eq!(webhook.headers["user-agent"], "Stripe/1.0 (+https://stripe.com/docs/webhooks)");
        let wrong = Webhook::construct_event(&webhook.body, webhook.signature(), "whsec_other");
        assert!(wrong.is_err());
    }
    let mut kinds: Vec<_> =
        webhooks.iter().map(|it| it.json()["type"].as_str().unwrap().to_owned()).collect();
    kinds.sort();
    kinds.dedup();
    assert_eq!(
        kinds,
        [
            "checkout.session.async_payment_failed",
            "checkout.session.async_payment_succeeded",
            "checkout.session.completed",
            "checkout.session.expired",
            "customer.created",
            "customer.deleted",
            "customer.subscription.created",
            "customer.subscription.deleted",
            "customer.subscription.paused",
            "customer.subscription.resumed",
            "customer.subscription.updated",
            "invoice.paid",
            "invoice.payment_action_required",
            "invoice.payment_failed",
            "invoice.payment_succeeded",
        ]
    );
}

#[tokio::test]
async fn while_a_secret_is_replaced_both_sign() {
    let settings =
        Settings { webhook_secret: "whsec_old, whsec_new".to_owned(), ..Settings::default() };
    let stand_in = StandIn::start(settings).await.unwrap();
    let receiver = Receiver::start().await;
    stand_in.deliver_to(&receiver.url);
    customer(&stand_in).await;
    let webhook = receiver.wait_for(1).await.remove(0);
    for secret in ["whsec_old", "whsec_new"] {
        Webhook::construct_event(&webhook.body, webhook.signature(), secret).unwrap();
    }
}

#[tokio::test]
async fn what_is_not_taken_comes_again_with_a_fresh_signature() {
    let (stand_in, receiver) = world().await;
    receiver.answer(500);
    receiver.answer(302);
    customer(&stand_in).await;
    let webhooks = receiver.wait_for(3).await;
    settled(&stand_in).await;
    assert!(webhooks.iter().all(|webhook| webhook.body == webhooks[0].body));
    let waits = [webhooks[1].at - webhooks[0].at, webhooks[2].at - webhooks[1].at];
    assert!(waits[0] >= Duration::from_millis(490), "{waits:?}");
    assert!(waits[1] >= Duration::from_millis(990), "{waits:?}");
    assert_ne!(webhooks[0].signature(), webhooks[2].signature());
    let event = stand_in.events().remove(0);
    let statuses: Vec<_> = event.deliveries.iter().map(|attempt| attempt.status).collect();
    assert_eq!(statuses, [Some(500), Some(302), Some(200)]);
}

#[tokio::test]
async fn nobody_there_is_no_answer() {
    let stand_in = stand_in().await;
    // Nothing listens there: port 1 is never given out.
    stand_in.deliver_to("http://127.0.0.1:1/webhook");
    customer(&stand_in).await;
    let tried = || !stand_in.events()[0].deliveries.is_empty();
    eventually("waited for an attempt", tried).await;
    let event = stand_in.events().remove(0);
    assert_eq!(event.deliveries[0].status, None);
    assert!(event.due);
}

#[tokio::test]
async fn what_arose_before_there_was_a_target_waits_for_it() {
    let stand_in = stand_in().await;
    subscribed(&stand_in).await;
    let receiver = Receiver::start().await;
    stand_in.deliver_to(&receiver.url);
    receiver.wait_for(6).await;
    assert_eq!(sorted(receiver.ids()), sorted(ids(&stand_in)));
}

#[tokio::test]
async fn every_target_gets_every_copy() {
    let (stand_in, receiver) = world().await;
    let other = Receiver::start().await;
    stand_in.deliver_to(&other.url);
    stand_in.webhooks(WebhookSettings { copies: 3, ..WebhookSettings::default() });
    customer(&stand_in).await;
    settled(&stand_in).await;
    assert_eq!((receiver.received().len(), other.received().len()), (3, 3));
}

#[tokio::test]
async fn events_may_leave_in_reverse_order() {
    let (stand_in, receiver) = world().await;
    stand_in.webhooks(WebhookSettings { reorder: true, ..WebhookSettings::default() });
    receiver.answer(500);
    subscribed(&stand_in).await;
    let expected: Vec<_> = ids(&stand_in).into_iter().rev().collect();
    let first: Vec<_> = receiver.wait_for(7).await.iter().map(|it| id(&it.json())).collect();
    assert_eq!(first[..6], expected);
    assert_eq!(first[6], expected[0], "the one that was not taken comes again");
}

#[tokio::test]
async fn events_may_leave_late() {
    let (stand_in, receiver) = world().await;
    stand_in.webhooks(WebhookSettings { delay_ms: 300, ..WebhookSettings::default() });
    let start = std::time::Instant::now();
    customer(&stand_in).await;
    let webhook = receiver.wait_for(1).await.remove(0);
    assert!(webhook.at - start >= Duration::from_millis(300));
}

#[tokio::test]
async fn what_is_dropped_comes_only_when_told() {
    let (stand_in, receiver) = world().await;
    let drop = Dropped::Types(vec!["invoice.paid".to_owned(), "customer.created".to_owned()]);
    stand_in.webhooks(WebhookSettings { drop, ..WebhookSettings::default() });
    subscribed(&stand_in).await;
    receiver.wait_for(4).await;
    settled(&stand_in).await;
    assert_eq!(receiver.received().len(), 4);
    stand_in.webhooks(WebhookSettings { drop: Dropped::All, ..WebhookSettings::default() });
    customer(&stand_in).await;
    settled(&stand_in).await;
    let dropped = ids(&stand_in).pop().unwrap();
    assert_eq!(receiver.received().len(), 4);
    stand_in.deliver(&[&dropped], false).await.unwrap();
    assert_eq!(receiver.ids().pop().unwrap(), dropped);
}

#[tokio::test]
async fn what_is_held_comes_in_any_order_that_is_told() {
    let (stand_in, receiver) = world().await;
    stand_in.webhooks(WebhookSettings::held());
    subscribed(&stand_in).await;
    let all = ids(&stand_in);
    let order = [&all[5], &all[1], &all[5], &all[1]];
    receiver.answer(200);
    receiver.answer(503);
    let delivered = stand_in.deliver(&order, false).await.unwrap();
    assert_eq!(receiver.ids(), order.map(Clone::clone));
    let statuses: Vec<_> = delivered.iter().map(|one| one.answers[0].status.unwrap()).collect();
    assert_eq!(statuses, [200, 503, 200, 200]);

    let together = stand_in.deliver(&[&all[0], &all[0], &all[2]], true).await.unwrap();
    assert_eq!(together.len(), 3);
    assert_eq!(receiver.received().len(), 7);

    // What was taken meanwhile is not due any more; the rest is.
    stand_in.webhooks(WebhookSettings::default());
    settled(&stand_in).await;
    assert_eq!(sorted(receiver.ids()[7..].to_vec()), sorted(vec![all[3].clone(), all[4].clone()]));
}

#[tokio::test]
async fn what_is_tried_again_waits_while_it_is_held() {
    let (stand_in, receiver) = world().await;
    receiver.answer(500);
    customer(&stand_in).await;
    receiver.wait_for(1).await;
    stand_in.webhooks(WebhookSettings::held());
    // Longer than the wait before the second attempt.
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(receiver.received().len(), 1);
    stand_in.webhooks(WebhookSettings::default());
    receiver.wait_for(2).await;
}

#[tokio::test]
async fn there_has_to_be_something_to_deliver_and_somewhere() {
    let stand_in = stand_in().await;
    customer(&stand_in).await;
    let event = ids(&stand_in);
    assert!(stand_in.deliver(&event, false).await.is_err(), "no target");
    stand_in.webhooks(WebhookSettings::held());
    stand_in.deliver_to(&Receiver::start().await.url);
    assert!(stand_in.deliver(&["evt_nothing"], false).await.is_err());
    assert!(stand_in.deliver(&event, false).await.is_ok());
}

#[tokio::test]
async fn any_event_can_be_made() {
    let (stand_in, receiver) = world().await;
    let made = stand_in.emit("moon.risen", json!({"object": "moon", "phase": null}));
    let webhook = receiver.wait_for(1).await.remove(0).json();
    assert_eq!(webhook["id"], made.id);
    assert_eq!(webhook["type"], "moon.risen");
    assert_eq!(webhook["data"], json!({"object": {"object": "moon", "phase": Value::Null}}));
    assert_eq!(stand_in.events()[0].object_id, None);
}
