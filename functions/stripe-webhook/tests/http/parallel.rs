//! The events of a checkout in every order, more than once, and all at the same time.

use futures_util::{
    future::join_all,
    stream::{self, StreamExt as _},
};
use local::testing::Buyer;
use serde_json::Value;
use shared::domain::Tier;

use crate::host::Host;

/// Events that Stripe makes within a moment of one another when a checkout is paid.
const KINDS: [&str; 4] = [
    "customer.subscription.created",
    "checkout.session.completed",
    "invoice.paid",
    "customer.subscription.updated",
];

/// All orders of four things.
fn orders() -> impl Iterator<Item = [usize; 4]> {
    (0..256)
        .map(|n| [n & 3, n >> 2 & 3, n >> 4 & 3, n >> 6 & 3])
        .filter(|order| (0..4).all(|place| order.contains(&place)))
}

/// Somebody who has paid, and the events that tell it, in this order.
async fn paid(host: &Host, order: [usize; 4]) -> (Buyer, Vec<String>) {
    let buyer = host.buyer().await;
    let events = host.stripe.pay(&buyer.session).unwrap().events;
    let find = |kind| events.iter().find(|event| event.kind == kind).unwrap().id.clone();
    (buyer, order.into_iter().map(|place| find(KINDS[place])).collect())
}

/// The profile without what differs between people and between orders: whose it is, and how often and
/// when it was written.
async fn plan(host: &Host, buyer: &Buyer) -> Value {
    assert_eq!(host.standing(buyer).await, (Tier::Pro, "active".to_owned()));
    assert_eq!(host.stripe.subscriptions_of(&buyer.customer).len(), 1);
    let mut profile = host.profile(&buyer.caller).await;
    let all = profile.as_object_mut().unwrap();
    for own in [
        "pk",
        "user_id",
        "mobile_number",
        "stripe_customer",
        "billing_version",
        "billing_syncs",
        "billing_shard",
    ] {
        assert!(all.remove(own).is_some(), "{own}");
    }
    assert!(profile["subscription"]["id"].take().is_string());
    profile
}

async fn assert_one_end_state(host: &Host, buyers: &[Buyer]) {
    assert_eq!(buyers.len(), 24);
    let first = plan(host, &buyers[0]).await;
    assert_eq!(first["tier"], "pro");
    assert_eq!(first.get("checkout"), None);
    for buyer in buyers {
        assert_eq!(plan(host, buyer).await, first);
    }
    let items = host.items().await;
    let remembered = items.iter().filter(|item| item["pk"].to_string().contains("event#")).count();
    assert_eq!(remembered, 24 * KINDS.len(), "each event once");
}

#[tokio::test]
async fn in_every_order_and_up_to_three_times_they_come_to_the_same() {
    let host = Host::start().await;
    let people = orders().map(async |order| {
        let (buyer, events) = paid(&host, order).await;
        for (place, event) in events.iter().enumerate() {
            for _ in 0..=(place + order[0]) % 3 {
                assert_eq!(host.deliver(event).await.status, 200);
            }
        }
        buyer
    });
    let buyers: Vec<_> = stream::iter(people).buffer_unordered(3).collect().await;
    assert_one_end_state(&host, &buyers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_at_once_and_three_times_they_come_to_the_same() {
    let host = Host::start().await;
    let people = orders().map(async |order| {
        let (buyer, events) = paid(&host, order).await;
        let thrice = (0..3).flat_map(|_| &events).map(|event| host.deliver(event));
        for answer in join_all(thrice).await {
            assert_eq!(answer.status, 200, "{answer:?}");
        }
        buyer
    });
    // More would only wait for one another, up to the function's own deadlines.
    let buyers: Vec<_> = stream::iter(people).buffer_unordered(3).collect().await;
    assert_one_end_state(&host, &buyers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_event_ten_times_at_once_is_written_once() {
    let host = Host::start().await;
    let (buyer, events) = paid(&host, [1, 0, 2, 3]).await;
    let version = host.known(&buyer.caller).await.version;
    for answer in join_all((0..10).map(|_| host.deliver(&events[0]))).await {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(host.known(&buyer.caller).await.version, version + 1);
    assert_eq!(host.standing(&buyer).await, (Tier::Pro, "active".to_owned()));
}
