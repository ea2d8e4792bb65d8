//! What Stripe is sent.

use std::collections::BTreeMap;

use local::stripe::{DEFAULT_PRICE, Received};

use crate::host::Host;

fn form<const N: usize>(parameters: [(&str, &str); N]) -> BTreeMap<String, String> {
    parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

#[tokio::test]
async fn stripe_is_sent_who_buys_what_and_nothing_personal() {
    let host = Host::start().await;
    let ada = host.person().await;
    host.subscribe(&ada).await;
    let calls = host.stripe.requests();
    let [customer, session]: &[Received; 2] = calls.as_slice().try_into().unwrap();
    let user = ada.user_id.to_string();

    assert_eq!((customer.method.as_str(), customer.path.as_str()), ("POST", "/v1/customers"));
    assert_eq!(customer.form, form([("metadata[user_id]", &user)]));
    assert_eq!(customer.idempotency_key.as_deref(), Some(&*format!("customer:{user}:0")));

    assert_eq!((session.method.as_str(), session.path.as_str()), ("POST", "/v1/checkout/sessions"));
    let success = "https://chat.example.com/subscribe/success?session_id={CHECKOUT_SESSION_ID}";
    let expected = form([
        ("mode", "subscription"),
        ("customer", &host.customer_of(&ada).await),
        ("client_reference_id", &user),
        ("line_items[0][price]", DEFAULT_PRICE),
        ("line_items[0][quantity]", "1"),
        ("success_url", success),
        ("cancel_url", "https://chat.example.com/subscribe/cancel"),
    ]);
    assert_eq!(session.form, expected);
    assert!(session.idempotency_key.as_ref().is_some_and(|key| key.starts_with("checkout:")));
}

#[tokio::test]
async fn every_session_has_an_idempotency_key_of_its_own() {
    let host = Host::start().await;
    let [ada, bob] = [host.person().await, host.person().await];
    host.subscribe(&ada).await;
    host.subscribe(&bob).await;
    host.seconds_pass(24 * 3_600);
    host.subscribe(&ada).await;
    let calls = host.stripe.requests();
    let mut keys: Vec<_> = calls.iter().filter_map(|call| call.idempotency_key.clone()).collect();
    assert_eq!(keys.len(), 5, "{calls:?}");
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 5, "{keys:?}");
}

#[tokio::test]
async fn a_frontend_with_a_slash_at_its_end_is_the_same() {
    let host = Host::start().await;
    let slash = host.instance("FRONTEND_URL", "https://chat.example.com/").await;
    host.subscribe_by(&slash, &host.person().await).await;
    let sent = host.stripe.requests().pop().unwrap();
    assert_eq!(sent.form["cancel_url"], "https://chat.example.com/subscribe/cancel");
}
