//! More to do than one run does, and runs beside one another.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::SignedDuration;
use local::testing;
use reconciler::Report;
use shared::domain::Tier;

use crate::host::{Host, NOTHING_DUE, ONE_SYNCED};

#[tokio::test]
async fn what_one_run_does_not_list_the_next_one_does() {
    let host = Host::start().await;
    let late = format!("{:011}", host.now().as_second() - 60);
    let early = format!("{:011}", host.now().as_second() - 90);
    // All in one partition of the index, of which a run lists a hundred.
    for place in 0..130 {
        let somebody = host.person().await;
        host.set(&somebody, "billing_shard", AttributeValue::N("0".to_owned())).await;
        let due = if place < 30 { &late } else { &early };
        host.set(&somebody, "billing_due", AttributeValue::S(due.clone())).await;
    }
    assert_eq!(host.run().await, Report { synced: 100, ..NOTHING_DUE });
    let left = host.store.billing_due(1_000, host.now()).await.unwrap();
    assert_eq!(left.len(), 30);
    for user in left {
        let due = host.store.billing(user).await.unwrap().unwrap().due;
        assert_eq!(due, Some(host.now().as_second() - 60), "who has waited longest is first");
    }
    assert_eq!(host.run().await, Report { synced: 30, ..NOTHING_DUE });
    host.assert_nothing_due().await;
}

#[tokio::test]
async fn runs_beside_one_another_do_no_harm() {
    let host = Host::start().await;
    let mut buyers = Vec::new();
    for _ in 0..6 {
        let buyer = host.buyer().await;
        host.stripe.pay(&buyer.session).unwrap();
        buyers.push(buyer);
    }
    let (leaver, _) = host.subscriber().await;
    host.delete_account(&leaver.caller).await;
    host.pass(SignedDuration::from_hours(1));
    let (one, other) = tokio::join!(host.reconciler.run(), host.reconciler.run());
    assert!(one.is_ok() || other.is_ok(), "{one:?} {other:?}");
    for buyer in &buyers {
        assert_eq!(host.standing(buyer).await, (Tier::Pro, "active".to_owned()));
        assert_eq!(host.stripe.subscriptions_of(&buyer.customer).len(), 1);
    }
    host.pass(SignedDuration::from_mins(15));
    host.assert_nothing_due().await;
    assert!(host.store.purge_account(leaver.caller.user_id, 100).await.unwrap().finished);
}

#[tokio::test]
async fn what_an_event_has_written_meanwhile_stays() {
    let host = Arc::new(Host::start().await);
    let (buyer, subscription) = host.subscriber().await;
    host.pass(SignedDuration::from_hours(24));
    // While Stripe's answer "active" is on its way, the subscription ends, and that is told.
    let once = Arc::new(AtomicBool::new(false));
    let (world, ended) = (Arc::clone(&host), buyer.clone());
    let slow = testing::relay(host.stripe.url(), move |_| {
        let (host, buyer, once) = (world.clone(), ended.clone(), once.clone());
        let subscription = subscription.clone();
        async move {
            if !once.swap(true, Ordering::Relaxed) {
                host.stripe.cancel(&subscription).unwrap();
                host.tell(&buyer).await;
            }
        }
    });
    let slow = host.reconciler_with("STRIPE_BASE_URL", &slow.await).await;
    assert_eq!(slow.run().await.unwrap(), ONE_SYNCED);
    assert_eq!(host.standing(&buyer).await, (Tier::Basic, "canceled".to_owned()));
}
