//! `POST /subscribe/portal`.

use local::{
    stripe::{Behaviour, Respond},
    testing::Answer,
};
use serde_json::json;

use crate::host::{Host, opened};

#[track_caller]
fn assert_none(answer: &Answer) {
    answer.assert_problem(409, "no_subscription");
}

#[tokio::test]
async fn whoever_bought_nothing_has_nothing_to_look_after() {
    let host = Host::start().await;
    assert_none(&host.portal(&host.person().await).await);
    assert_eq!(host.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn the_portal_is_the_callers_own_and_leads_back() {
    let host = Host::start().await;
    let [ada, bob] = [host.person().await, host.person().await];
    host.buy(&ada).await;
    host.buy(&bob).await;
    host.stripe.clear_requests();
    let answer = host.portal(&ada).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let url = answer.json()["url"].as_str().unwrap().to_owned();
    assert_eq!(answer.json(), json!({ "url": url }));
    assert!(url.starts_with(&format!("{}/p/session/", host.stripe.url())), "{url}");
    let sent = host.stripe.requests().pop().unwrap();
    assert_eq!(sent.path, "/v1/billing_portal/sessions");
    let expected = [
        ("customer".to_owned(), host.customer_of(&ada).await),
        ("return_url".to_owned(), "https://chat.example.com/".to_owned()),
    ];
    assert_eq!(sent.form, expected.into());
    // Each visit is a page of its own.
    assert_ne!(host.portal(&ada).await.json()["url"], url);
}

#[tokio::test]
async fn it_is_open_while_a_payment_is_late_and_after_the_end() {
    let host = Host::start().await;
    let ada = host.person().await;
    let subscription = host.buy(&ada).await;
    host.stripe.fail_payment(&subscription).unwrap();
    host.told(&ada).await;
    assert_eq!(host.portal(&ada).await.status, 201);
    host.stripe.cancel(&subscription).unwrap();
    host.told(&ada).await;
    assert_eq!(host.portal(&ada).await.status, 201);
}

#[tokio::test]
async fn a_customer_that_is_gone_is_forgotten() {
    let host = Host::start().await;
    let ada = host.person().await;
    host.buy(&ada).await;
    host.stripe.delete_customer(&host.customer_of(&ada).await).unwrap();
    assert_none(&host.portal(&ada).await);
    assert_eq!(host.get(&ada, "/subscribe/status").await.json()["status"], "canceled");
    host.calls();
    assert_none(&host.portal(&ada).await);
    assert_eq!(host.calls(), Vec::<String>::new());
    host.seconds_pass(60);
    opened(&host.subscribe(&ada).await);
    assert_eq!(host.portal(&ada).await.status, 201);
}

#[tokio::test]
async fn a_stripe_that_fails_is_a_503_and_changes_nothing() {
    let host = Host::start().await;
    let ada = host.person().await;
    host.buy(&ada).await;
    let before = host.billing(&ada).await;
    host.stripe.on(Behaviour::new(Respond::status(500)));
    host.portal(&ada).await.assert_problem(503, "unavailable");
    assert_eq!(host.billing(&ada).await, before);
    host.stripe.clear_behaviours();
    assert_eq!(host.portal(&ada).await.status, 201);
}
