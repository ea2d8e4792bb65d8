//! Many requests at once are one checkout.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use axum::{body::Bytes, http::Method};
use futures_util::future::join_all;
use jiff::SignedDuration;
use local::testing;
use shared::{
    domain::Ids,
    store::{Lease, Leased},
};
use tokio::time::timeout;

use crate::host::{Host, opened};

#[tokio::test(flavor = "multi_thread")]
async fn fifty_requests_at_once_are_one_customer_and_one_session() {
    let host = Host::start().await;
    let ada = host.person().await;
    let answers = join_all((0..50).map(|_| host.subscribe(&ada))).await;
    let sessions: BTreeSet<_> = answers.iter().map(opened).collect();
    let bodies: BTreeSet<&Bytes> = answers.iter().map(|answer| &answer.body).collect();
    assert_eq!((sessions.len(), bodies.len()), (1, 1));
    assert_eq!((host.stripe.customers().len(), host.stripe.sessions().len()), (1, 1));
    assert_eq!(host.calls(), ["POST /v1/customers", "POST /v1/checkout/sessions"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_requests_at_once_replace_an_expired_session_by_one() {
    let host = Host::start().await;
    let ada = host.person().await;
    let first = opened(&host.subscribe(&ada).await);
    host.seconds_pass(24 * 3_600);
    let answers = join_all((0..50).map(|_| host.subscribe(&ada))).await;
    let sessions: BTreeSet<_> = answers.iter().map(opened).collect();
    assert_eq!(sessions.len(), 1);
    assert!(!sessions.contains(&first));
    assert_eq!((host.stripe.customers().len(), host.stripe.sessions().len()), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn different_people_have_checkouts_of_their_own_at_the_same_time() {
    let host = Host::start().await;
    let mut people = Vec::new();
    for _ in 0..10 {
        people.push(host.person().await);
    }
    let answers = join_all(people.iter().map(|person| host.subscribe(person))).await;
    let of: BTreeMap<_, _> = answers.iter().map(opened).zip(&people).collect();
    assert_eq!((of.len(), host.stripe.customers().len()), (10, 10));
    for (session, person) in of {
        let session = host.stripe.session(&session).unwrap();
        assert_eq!(session["client_reference_id"], person.user_id.to_string());
        assert_eq!(session["customer"], host.customer_of(person).await);
    }
}

#[tokio::test]
async fn the_lease_of_a_request_that_died_runs_out_after_30_seconds() {
    let host = Host::start().await;
    let ada = host.person().await;
    let lease = Lease { user: ada.user_id, id: Ids::default().next(host.now()) };
    let until = host.now().checked_add(SignedDuration::from_secs(30)).unwrap();
    let leased = host.store.lease_checkout(&ada, &lease, host.now(), until).await.unwrap();
    assert!(matches!(leased, Leased::Granted(_)), "{leased:?}");

    host.seconds_pass(29);
    let mut request = Box::pin(host.subscribe(&ada));
    assert!(timeout(Duration::from_secs(1), &mut request).await.is_err(), "it waits its turn");
    assert_eq!(host.calls(), Vec::<String>::new());
    host.seconds_pass(1);
    opened(&request.await);
    // What the dead one might still do is refused.
    let customer = "cus_late".to_owned().try_into().unwrap();
    assert!(!host.store.keep_customer(&lease, &customer).await.unwrap());
}

#[tokio::test]
async fn a_request_that_lost_its_lease_leaves_no_session_open() {
    let host = Host::start().await;
    let ada = host.person().await;
    let overtaking = async {
        host.seconds_pass(30);
        host.subscribe(&ada).await
    };
    let path = "/v1/checkout/sessions";
    let (late, first) = host.while_stripe_opens(path, host.subscribe(&ada), overtaking).await;
    late.assert_problem(503, "unavailable");
    let first = opened(&first);
    let sessions = host.stripe.sessions();
    assert_eq!((host.stripe.customers().len(), sessions.len()), (1, 2));
    for session in sessions {
        let expected = if session["id"] == first { "open" } else { "expired" };
        assert_eq!(session["status"], expected);
    }
    assert_eq!(opened(&host.subscribe(&ada).await), first);
}

#[tokio::test]
async fn a_session_that_is_paid_while_it_is_replaced_is_not_bought_twice() {
    let host = Arc::new(Host::start().await);
    let ada = host.person().await;
    let session = opened(&host.subscribe(&ada).await);
    // Five minutes are left: too few to be given again.
    host.seconds_pass(24 * 3_600 - 300);
    let (world, paid) = (Arc::clone(&host), session.clone());
    let slow = testing::relay(host.stripe.url(), move |asked| {
        let (host, session) = (world.clone(), paid.clone());
        async move {
            // Stripe has just said that it is open.
            if asked.method == Method::GET && asked.uri.path().ends_with(&session) {
                host.stripe.pay(&session).ok();
            }
        }
    });
    let slow = host.instance("STRIPE_BASE_URL", &slow.await).await;
    host.subscribe_by(&slow, &ada).await.assert_problem(409, "already_pro");
    assert_eq!(host.stripe.sessions().len(), 1);
    let stored = host.billing(&ada).await.unwrap().facts.subscription.unwrap();
    assert_eq!(stored.id.to_string(), host.subscription_of(&ada).await);
}
