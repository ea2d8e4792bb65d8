//! What happens to sessions and subscriptions, and the events that it makes.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use local::{
    stripe::{Change, Refusal, Settings, StandIn},
    testing::ManualClock,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    call, create, customer, event, eventually, get, kinds, session, stand_in, subscribed,
};

/// How a change left its subscription: status, and the rest of the words that matter.
fn status(change: &Change) -> &str {
    change.object["status"].as_str().unwrap()
}

fn period(subscription: &Value) -> (i64, i64) {
    let item = &subscription["items"]["data"][0];
    (item["current_period_start"].as_i64().unwrap(), item["current_period_end"].as_i64().unwrap())
}

/// `previous_attributes` of the change's event of this type.
fn previous(stand_in: &StandIn, change: &Change, kind: &str) -> Value {
    let made = change.events.iter().find(|event| event.kind == kind).unwrap();
    event(stand_in, &made.id)["data"]["previous_attributes"].clone()
}

#[tokio::test]
async fn a_card_payment_makes_stripes_events_in_order() {
    let stand_in = stand_in().await;
    let customer = customer(&stand_in).await;
    let session = session(&stand_in, &customer).await;
    let change = stand_in.pay(&session).unwrap();
    assert_eq!(
        kinds(&change),
        [
            "customer.subscription.created",
            "invoice.paid",
            "invoice.payment_succeeded",
            "customer.subscription.updated",
            "checkout.session.completed",
        ]
    );
    let subscription = change.object["subscription"].as_str().unwrap();
    let created = event(&stand_in, &change.events[0].id);
    assert_eq!(created["data"]["object"]["id"], subscription);
    assert_eq!(created["data"]["object"]["status"], "active");
    assert_eq!(created["data"]["object"]["metadata"], json!({"user": "7"}));
    let invoice = event(&stand_in, &change.events[1].id);
    let parent = &invoice["data"]["object"]["parent"];
    assert_eq!(parent["subscription_details"]["subscription"], subscription);
    assert_eq!(invoice["data"]["object"]["customer_email"], "ada@example.com");
    assert_eq!(invoice["data"]["object"]["amount_paid"], 999);
    let completed = event(&stand_in, &change.events[4].id);
    assert_eq!(completed["data"]["object"]["payment_status"], "paid");
    assert_eq!(completed["data"]["object"]["subscription"], subscription);
    assert_eq!(stand_in.subscriptions_of(&customer).len(), 1);
    assert!(matches!(stand_in.pay(&session), Err(Refusal::Illegal { .. })), "paid twice");
}

#[tokio::test]
async fn an_event_is_found_by_its_id_and_by_its_type() {
    let stand_in = stand_in().await;
    let (customer, _) = subscribed(&stand_in).await;
    let list = get(&stand_in, "/v1/events", "type=customer.created").await;
    let found = &list["data"][0];
    assert_eq!(found["data"]["object"]["id"], customer.as_str());
    assert_eq!(found["object"], "event");
    assert_eq!(found["api_version"], "2026-09-30.endive");
    assert!(found["request"]["id"].as_str().unwrap().starts_with("req_"), "an API call made it");
    let same = get(&stand_in, &format!("/v1/events/{}", found["id"].as_str().unwrap()), "").await;
    assert_eq!(same, *found);
    let newest = get(&stand_in, "/v1/events", "limit=1").await;
    assert_eq!(newest["data"][0]["type"], "checkout.session.completed");
    assert_eq!(newest["data"][0]["request"]["id"], Value::Null, "no API call made it");
    assert_eq!(newest["has_more"], true);
}

#[tokio::test]
async fn a_delayed_payment_leaves_all_incomplete_until_the_money_arrives() {
    let stand_in = stand_in().await;
    let session = session(&stand_in, &customer(&stand_in).await).await;
    assert!(stand_in.payment_arrives(&session).is_err(), "nothing was promised yet");
    let later = stand_in.pay_later(&session).unwrap();
    assert_eq!(kinds(&later), ["customer.subscription.created", "checkout.session.completed"]);
    assert_eq!(later.object["status"], "complete");
    assert_eq!(later.object["payment_status"], "unpaid");
    let id = later.object["subscription"].as_str().unwrap();
    assert_eq!(stand_in.subscription(id).unwrap()["status"], "incomplete");

    let arrived = stand_in.payment_arrives(&session).unwrap();
    assert_eq!(
        kinds(&arrived),
        [
            "invoice.paid",
            "invoice.payment_succeeded",
            "customer.subscription.updated",
            "checkout.session.async_payment_succeeded",
        ]
    );
    assert_eq!(arrived.object["payment_status"], "paid");
    assert_eq!(stand_in.subscription(id).unwrap()["status"], "active");
    assert!(stand_in.payment_fails_later(&session).is_err(), "it is paid");
}

#[tokio::test]
async fn a_delayed_payment_may_fail() {
    let stand_in = stand_in().await;
    let session = session(&stand_in, &customer(&stand_in).await).await;
    let later = stand_in.pay_later(&session).unwrap();
    let failed = stand_in.payment_fails_later(&session).unwrap();
    assert_eq!(kinds(&failed), ["invoice.payment_failed", "checkout.session.async_payment_failed"]);
    let id = later.object["subscription"].as_str().unwrap();
    assert_eq!(status(&stand_in.give_up(id).unwrap()), "incomplete_expired");
    assert!(stand_in.recover(id).is_err());
}

#[tokio::test]
async fn a_declined_card_changes_nothing() {
    let stand_in = stand_in().await;
    let session = session(&stand_in, &customer(&stand_in).await).await;
    let declined = stand_in.decline(&session).unwrap();
    assert_eq!((status(&declined), declined.events.len()), ("open", 0));
    stand_in.pay(&session).unwrap();
}

#[tokio::test]
async fn a_session_expires_by_order_or_with_time() {
    let clock = Arc::new(ManualClock::new("2026-11-21T12:00:00.5Z".parse().unwrap()));
    let settings = Settings { clock: Arc::clone(&clock) as _, ..Settings::default() };
    let stand_in = StandIn::start(settings).await.unwrap();
    let customer = customer(&stand_in).await;
    let first = session(&stand_in, &customer).await;
    let second = session(&stand_in, &customer).await;
    assert_eq!(kinds(&stand_in.expire(&first).unwrap()), ["checkout.session.expired"]);
    assert!(stand_in.pay(&first).is_err());

    let expirations = || {
        let events = stand_in.events();
        events.iter().filter(|event| event.kind == "checkout.session.expired").count()
    };
    clock.advance(SignedDuration::from_hours(24) - SignedDuration::from_secs(1));
    assert_eq!(stand_in.session(&second).unwrap()["status"], "open");
    clock.advance(SignedDuration::from_secs(1));
    eventually("looked for the second expiration", || expirations() == 2).await;
    assert_eq!(stand_in.session(&second).unwrap()["status"], "expired");
    assert_eq!(stand_in.session(&second).unwrap()["url"], Value::Null);
}

#[tokio::test]
async fn a_session_may_say_when_it_expires() {
    let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
    let settings = Settings { clock: Arc::new(ManualClock::new(now)), ..Settings::default() };
    let stand_in = StandIn::start(settings).await.unwrap();
    let open = |after: i64| {
        let form = format!(
            "mode=subscription&line_items[0][price]=price_1&success_url=https://a.example/\
             &expires_at={}",
            now.as_second() + after
        );
        let stand_in = &stand_in;
        async move { call(stand_in, Method::POST, "/v1/checkout/sessions", &form).await.status() }
    };
    assert_eq!(open(1_799).await, 400);
    assert_eq!(open(1_800).await, 200);
    assert_eq!(open(24 * 3_600 + 1).await, 400);
}

#[tokio::test]
async fn a_renewal_begins_where_the_last_period_ended() {
    let stand_in = stand_in().await;
    let (_, id) = subscribed(&stand_in).await;
    let before = period(&stand_in.subscription(&id).unwrap());
    let change = stand_in.renew(&id).unwrap();
    assert_eq!(
        kinds(&change),
        ["customer.subscription.updated", "invoice.paid", "invoice.payment_succeeded"]
    );
    assert_eq!(period(&change.object).0, before.1);
    assert!(period(&change.object).1 > before.1 + 27 * 86_400);
    let previous = previous(&stand_in, &change, "customer.subscription.updated");
    assert_eq!(previous["items"]["data"][0]["current_period_end"], before.1);
    assert!(previous["latest_invoice"].as_str().unwrap().starts_with("in_"));
    assert_eq!(previous.get("status"), None, "only what changed");
}

#[tokio::test]
async fn a_payment_that_fails_can_be_recovered() {
    let stand_in = stand_in().await;
    let (_, id) = subscribed(&stand_in).await;
    let failed = stand_in.fail_payment(&id).unwrap();
    assert_eq!(
        kinds(&failed),
        [
            "customer.subscription.updated",
            "invoice.payment_failed",
            "customer.subscription.updated"
        ]
    );
    assert_eq!(status(&failed), "past_due");
    let last = event(&stand_in, &failed.events[2].id);
    assert_eq!(last["data"]["previous_attributes"], json!({"status": "active"}));

    let again = stand_in.require_action(&id).unwrap();
    assert_eq!(kinds(&again), ["invoice.payment_action_required"]);
    let invoice = event(&stand_in, &again.events[0].id)["data"]["object"].clone();
    assert_eq!(invoice["id"], failed.object["latest_invoice"], "the same bill");
    assert_eq!(invoice["attempt_count"], 2);
    assert_eq!(invoice["status"], "open");

    let recovered = stand_in.recover(&id).unwrap();
    assert_eq!(
        kinds(&recovered),
        ["invoice.paid", "invoice.payment_succeeded", "customer.subscription.updated"]
    );
    assert_eq!(status(&recovered), "active");
    assert!(stand_in.recover(&id).is_err());
}

#[tokio::test]
async fn a_payment_that_never_comes_leaves_it_unpaid() {
    let stand_in = stand_in().await;
    let (_, id) = subscribed(&stand_in).await;
    assert!(stand_in.give_up(&id).is_err());
    stand_in.require_action(&id).unwrap();
    assert_eq!(status(&stand_in.give_up(&id).unwrap()), "unpaid");
    assert!(stand_in.renew(&id).is_err());
    assert_eq!(status(&stand_in.recover(&id).unwrap()), "active");
}

#[tokio::test]
async fn a_pause_ends_with_a_new_period() {
    let stand_in = stand_in().await;
    let (_, id) = subscribed(&stand_in).await;
    let paused = stand_in.pause(&id).unwrap();
    assert_eq!(kinds(&paused), ["customer.subscription.updated", "customer.subscription.paused"]);
    assert_eq!(status(&paused), "paused");
    let resumed = stand_in.resume(&id).unwrap();
    assert_eq!(status(&resumed), "active");
    assert_eq!(kinds(&resumed).last(), Some(&"customer.subscription.resumed"));
}

#[tokio::test]
async fn a_cancellation_waits_for_the_end_of_the_period_and_can_be_taken_back() {
    let stand_in = stand_in().await;
    let (_, id) = subscribed(&stand_in).await;
    let ends = stand_in.cancel_at_period_end(&id).unwrap();
    assert_eq!(ends.object["cancel_at_period_end"], true);
    assert_eq!(ends.object["cancel_at"], period(&ends.object).1);
    assert!(stand_in.renew(&id).is_err(), "it is to end");
    let kept = stand_in.keep(&id).unwrap();
    assert_eq!(kept.object["cancel_at"], Value::Null);
    assert_eq!(kept.object["canceled_at"], Value::Null);
    assert_eq!(status(&stand_in.end_period(&id).unwrap()), "active");

    stand_in.cancel_at_period_end(&id).unwrap();
    let ended = stand_in.end_period(&id).unwrap();
    assert_eq!(kinds(&ended), ["customer.subscription.deleted"]);
    assert_eq!(status(&ended), "canceled");
    assert!(stand_in.cancel(&id).is_err());
}

#[tokio::test]
async fn a_trial_is_followed_by_a_paid_period() {
    let stand_in = stand_in().await;
    let (_, id) = subscribed(&stand_in).await;
    let trial = stand_in.trial(&id, 14).unwrap();
    assert_eq!(status(&trial), "trialing");
    let (start, end) = period(&trial.object);
    assert_eq!((end - start, trial.object["trial_end"].as_i64()), (14 * 86_400, Some(end)));
    let renewed = stand_in.renew(&id).unwrap();
    assert_eq!(status(&renewed), "active");
    assert_eq!(period(&renewed.object).0, end);
    assert_eq!(event(&stand_in, &renewed.events[1].id)["data"]["object"]["amount_paid"], 999);
}

#[tokio::test]
async fn a_session_with_a_trial_asks_for_nothing() {
    let stand_in = stand_in().await;
    let form = "mode=subscription&line_items[0][price]=price_1&success_url=https://a.example/\
                &customer_email=eve@example.com&subscription_data[trial_period_days]=7";
    let session = create(&stand_in, "/v1/checkout/sessions", form).await;
    assert_eq!(session["amount_total"], 0);
    let paid = stand_in.pay(session["id"].as_str().unwrap()).unwrap();
    assert_eq!(paid.object["payment_status"], "no_payment_required");
    assert_eq!(kinds(&paid)[0], "customer.created", "there was no customer yet");
    assert_eq!(stand_in.customers()[0]["email"], "eve@example.com");
    let subscription = paid.object["subscription"].as_str().unwrap();
    assert_eq!(stand_in.subscription(subscription).unwrap()["status"], "trialing");
}

#[tokio::test]
async fn a_price_can_be_changed_to_one_that_exists() {
    let stand_in = stand_in().await;
    let (_, id) = subscribed(&stand_in).await;
    assert!(stand_in.change_price(&id, "price_missing").is_err());
    let changed = stand_in.change_price(&id, "price_other").unwrap();
    assert_eq!(changed.object["items"]["data"][0]["price"]["id"], "price_other");
    assert_eq!(kinds(&changed), ["customer.subscription.updated"]);
}

#[tokio::test]
async fn with_a_customer_goes_what_they_pay_for() {
    let stand_in = stand_in().await;
    let (customer, id) = subscribed(&stand_in).await;
    let open = session(&stand_in, &customer).await;
    let deleted = stand_in.delete_customer(&customer).unwrap();
    assert_eq!(kinds(&deleted), ["customer.subscription.deleted", "customer.deleted"]);
    assert_eq!(stand_in.subscription(&id).unwrap()["status"], "canceled");
    assert!(stand_in.pay(&open).is_err());
    assert!(stand_in.delete_customer(&customer).is_err());
    assert_eq!(stand_in.customers()[0]["deleted"], true);
}

#[tokio::test]
async fn what_is_unknown_is_refused_as_such() {
    let stand_in = stand_in().await;
    let unknown = |outcome: Result<Change, Refusal>| {
        assert!(matches!(outcome, Err(Refusal::Unknown { .. })), "{outcome:?}");
    };
    unknown(stand_in.pay("cs_test_nothing"));
    unknown(stand_in.renew("sub_nothing"));
    unknown(stand_in.delete_customer("cus_nobody"));
    assert!(stand_in.events().is_empty());
}
