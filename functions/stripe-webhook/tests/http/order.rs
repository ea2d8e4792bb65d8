//! Events that come late, and events that overtake one another.

use std::sync::{Arc, Mutex};

use axum::Router;
use futures_util::FutureExt as _;
use local::testing;
use shared::domain::Tier;

use crate::host::Host;

#[tokio::test]
async fn the_late_end_of_an_earlier_session_changes_nothing() {
    let host = Host::start().await;
    let first = host.buyer().await;
    let expired = host.stripe.expire(&first.session).unwrap();
    host.hours_pass(1);
    let second = host.checkout(&first.caller).await;
    assert_ne!(second.session, first.session);

    let before = host.told(&first.caller).await;
    assert_eq!(host.deliver(&expired.events[0].id).await.status, 200);
    assert_eq!(host.told(&first.caller).await, before, "the second is open");

    host.tell(host.stripe.pay(&second.session).unwrap()).await;
    let before = host.told(&first.caller).await;
    let shown = host.stripe.session(&first.session).unwrap();
    let later = host.stripe.emit("checkout.session.expired", shown);
    assert_eq!(host.deliver(&later.id).await.status, 200);
    assert_eq!(host.told(&first.caller).await, before);
}

#[tokio::test]
async fn an_old_update_changes_nothing() {
    let host = Host::start().await;
    let (buyer, subscription) = host.subscriber().await;
    let leaving = host.stripe.cancel_at_period_end(&subscription).unwrap();
    let staying = host.stripe.keep(&subscription).unwrap();
    let over = host.stripe.cancel(&subscription).unwrap();
    host.tell(over).await;
    assert_eq!(host.standing(&buyer).await, (Tier::Basic, "canceled".to_owned()));
    let before = host.told(&buyer.caller).await;
    for old in [staying, leaving] {
        host.tell(old).await;
        assert_eq!(host.told(&buyer.caller).await, before);
    }
}

/// The function behind a slow line: `meanwhile` happens before Stripe's first answer arrives.
async fn overtaken_by(host: &Host, meanwhile: impl Future<Output = ()> + Send + 'static) -> Router {
    let meanwhile = Arc::new(Mutex::new(Some(meanwhile.boxed())));
    let slow = testing::relay(host.stripe.url(), move |_| {
        let first = meanwhile.lock().unwrap().take();
        async move {
            if let Some(meanwhile) = first {
                meanwhile.await;
            }
        }
    });
    host.router_with("STRIPE_BASE_URL", &slow.await).await
}

#[tokio::test]
async fn an_answer_of_stripes_that_is_overtaken_is_not_stored() {
    let host = Arc::new(Host::start().await);
    let (buyer, subscription) = host.subscriber().await;
    let failed = host.stripe.fail_payment(&subscription).unwrap();
    // While Stripe's answer "past due" is on its way, it ends, and that is told and written.
    let world = Arc::clone(&host);
    let ends = async move { world.tell(world.stripe.cancel(&subscription).unwrap()).await };
    let slow = overtaken_by(&host, ends).await;
    host.stripe.clear_requests();
    assert_eq!(host.deliver_by(&slow, &failed.events[0].id).await.status, 200);
    assert_eq!(host.standing(&buyer).await, (Tier::Basic, "canceled".to_owned()));
    assert_eq!(host.stripe.requests().len(), 3, "two questions, and one put again");
}

#[tokio::test]
async fn an_event_whose_news_others_have_stored_twice_asks_no_more() {
    let host = Arc::new(Host::start().await);
    let (buyer, subscription) = host.subscriber().await;
    let failed = host.stripe.fail_payment(&subscription).unwrap();
    let world = Arc::clone(&host);
    let two_more = async move {
        let paid = world.stripe.recover(&subscription).unwrap();
        world.deliver(&paid.events[0].id).await;
        let over = world.stripe.cancel(&subscription).unwrap();
        world.deliver(&over.events[0].id).await;
    };
    let slow = overtaken_by(&host, two_more).await;
    host.stripe.clear_requests();
    let event = &failed.events[0].id;
    assert_eq!(host.deliver_by(&slow, event).await.status, 200);
    assert_eq!(host.standing(&buyer).await, (Tier::Basic, "canceled".to_owned()));
    assert_eq!(host.stripe.requests().len(), 3, "one question each, and none put again");
    // It counts as applied.
    assert_eq!(host.deliver(event).await.status, 200);
    assert_eq!(host.stripe.requests().len(), 3);
}

#[tokio::test]
async fn a_customer_that_is_deleted_meanwhile_is_not_stored_again() {
    let host = Arc::new(Host::start().await);
    let (buyer, subscription) = host.subscriber().await;
    let renewed = host.stripe.renew(&subscription).unwrap();
    let (world, customer) = (Arc::clone(&host), buyer.customer.clone());
    let goes = async move { world.tell(world.stripe.delete_customer(&customer).unwrap()).await };
    let slow = overtaken_by(&host, goes).await;
    assert_eq!(host.deliver_by(&slow, &renewed.events[0].id).await.status, 200);
    assert_eq!(host.standing(&buyer).await, (Tier::Basic, "canceled".to_owned()));
    assert_eq!(host.known(&buyer.caller).await.facts.customer, None);
}
