//! `GET /subscribe/status`.

use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::{
    domain::{
        Caller, Ids,
        text::{Content, RoomName},
    },
    store::{NewChatroom, NewMessage, Sent},
};

use crate::host::{Host, opened};

const PERIOD_END: &str = "2026-12-21T10:00:00.000Z";

/// What both paths tell.
async fn status(host: &Host, caller: &Caller) -> Value {
    let answer = host.get(caller, "/subscribe/status").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let too = host.get(caller, "/subscription/status").await;
    assert_eq!((too.status, &too.body), (answer.status, &answer.body));
    answer.json()
}

/// A status without what is told of the quota.
async fn standing(host: &Host, caller: &Caller) -> Value {
    let mut status = status(host, caller).await;
    for name in ["daily_limit", "messages_used_today", "resets_at"] {
        assert!(status.as_object_mut().unwrap().remove(name).is_some(), "{name}");
    }
    status
}

fn basic(status: &str) -> Value {
    json!({
        "tier": "basic", "active": false, "status": status, "current_period_end": null,
        "cancel_at_period_end": false, "pro_until": null,
    })
}

fn pro(status: &str) -> Value {
    json!({
        "tier": "pro", "active": true, "status": status, "current_period_end": PERIOD_END,
        "cancel_at_period_end": false, "pro_until": null,
    })
}

#[tokio::test]
async fn whoever_never_subscribed_has_basic_with_its_limit() {
    let host = Host::start().await;
    let ada = host.person().await;
    let nothing = json!({
        "tier": "basic", "active": false, "status": null, "daily_limit": 5,
        "messages_used_today": 0, "resets_at": "2026-11-22T00:00:00.000Z",
        "current_period_end": null, "cancel_at_period_end": false, "pro_until": null,
    });
    assert_eq!(status(&host, &ada).await, nothing);
    // An open checkout grants nothing.
    opened(&host.subscribe(&ada).await);
    assert_eq!(status(&host, &ada).await, nothing);
    assert_eq!(status(&host, &host.person().await).await, nothing);
}

#[tokio::test]
async fn todays_messages_are_told() {
    let host = Host::start().await;
    let ada = host.person().await;
    let (ids, room) = (Ids::default(), Ids::default().next(host.now()));
    let new = NewChatroom { id: room, name: RoomName::default(), claim: None };
    host.store.create_chatroom(&ada, &new).await.unwrap();
    let content = Content::try_from("Hello".to_owned()).unwrap();
    let limits = host.env().limits().unwrap();
    for _ in 0..2 {
        let id = ids.next(host.now());
        let message = NewMessage { id, chatroom_id: room, content: &content, claim: None };
        let sent = host.store.accept(&ada, &message, &limits).await.unwrap();
        assert!(matches!(sent, Sent::Accepted), "{sent:?}");
    }
    assert_eq!(status(&host, &ada).await["messages_used_today"], 2);
    host.clock.advance(SignedDuration::from_hours(14));
    let next_day = status(&host, &ada).await;
    assert_eq!(next_day["messages_used_today"], 0);
    assert_eq!(next_day["resets_at"], "2026-11-23T00:00:00.000Z");
}

#[tokio::test]
async fn pro_is_unlimited_and_shows_its_period() {
    let host = Host::start().await;
    let ada = host.person().await;
    host.buy(&ada).await;
    let told = status(&host, &ada).await;
    assert_eq!(told.get("daily_limit"), Some(&Value::Null));
    assert_eq!(standing(&host, &ada).await, pro("active"));
}

#[tokio::test]
async fn pro_that_was_cancelled_ends_with_its_period_to_the_second() {
    let host = Host::start().await;
    let ada = host.person().await;
    let subscription = host.buy(&ada).await;
    host.stripe.cancel_at_period_end(&subscription).unwrap();
    host.told(&ada).await;
    let mut leaving = pro("active");
    leaving["cancel_at_period_end"] = true.into();
    leaving["pro_until"] = PERIOD_END.into();
    host.clock.set("2026-12-21T09:59:59.999Z".parse().unwrap());
    assert_eq!(standing(&host, &ada).await, leaving);

    host.clock.set("2026-12-21T10:00:00Z".parse().unwrap());
    let over = status(&host, &ada).await;
    assert_eq!((&over["tier"], &over["active"]), (&json!("basic"), &json!(false)));
    assert_eq!(over["daily_limit"], 5);

    host.stripe.end_period(&subscription).unwrap();
    host.told(&ada).await;
    assert_eq!(standing(&host, &ada).await, basic("canceled"));
}

#[tokio::test]
async fn pro_that_was_kept_after_all_does_not_end() {
    let host = Host::start().await;
    let ada = host.person().await;
    let subscription = host.buy(&ada).await;
    host.stripe.cancel_at_period_end(&subscription).unwrap();
    host.told(&ada).await;
    host.stripe.keep(&subscription).unwrap();
    host.told(&ada).await;
    assert_eq!(standing(&host, &ada).await, pro("active"));
    host.clock.set("2026-12-21T10:00:00Z".parse().unwrap());
    assert_eq!(standing(&host, &ada).await, pro("active"));
}

#[tokio::test]
async fn past_due_is_pro_for_three_days() {
    let host = Host::start().await;
    let ada = host.person().await;
    let subscription = host.buy(&ada).await;
    host.clock.set(PERIOD_END.parse().unwrap());
    host.stripe.fail_payment(&subscription).unwrap();
    host.told(&ada).await;
    let mut overdue = pro("past_due");
    overdue["current_period_end"] = "2027-01-21T10:00:00.000Z".into();
    overdue["pro_until"] = "2026-12-24T10:00:00.000Z".into();
    host.clock.set("2026-12-24T09:59:59.999Z".parse().unwrap());
    assert_eq!(standing(&host, &ada).await, overdue);
    host.clock.set("2026-12-24T10:00:00Z".parse().unwrap());
    let over = standing(&host, &ada).await;
    assert_eq!((&over["tier"], &over["status"]), (&json!("basic"), &json!("past_due")));
    assert_eq!(over["active"], false);
}

#[tokio::test]
async fn a_payment_on_its_way_and_an_end_are_basic() {
    let host = Host::start().await;
    let [ada, bob] = [host.person().await, host.person().await];
    let session = opened(&host.subscribe(&ada).await);
    host.stripe.pay_later(&session).unwrap();
    host.told(&ada).await;
    let mut waiting = basic("incomplete");
    waiting["current_period_end"] = PERIOD_END.into();
    assert_eq!(standing(&host, &ada).await, waiting);

    let subscription = host.buy(&bob).await;
    host.stripe.cancel(&subscription).unwrap();
    host.told(&bob).await;
    assert_eq!(standing(&host, &bob).await, basic("canceled"));
}
