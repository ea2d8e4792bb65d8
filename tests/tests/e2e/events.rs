//! What Stripe tells, late, twice and in any order: the end is the same.

use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::{Value, json};
use tests::{
    Parley, User,
    stripe::{
        Dropped, Made, StandIn, WebhookSettings, all_are_delivered, answers, period_end, with,
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
        "messages_used_today": 0, "cancel_at_period_end": false, "pro_until": null,
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
