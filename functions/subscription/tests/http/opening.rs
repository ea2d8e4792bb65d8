//! `POST /subscribe/pro`: a session is opened, given again, and replaced when it has to be.

use axum::{
    body::Body,
    http::{Method, header},
};
use local::testing::Answer;
use serde_json::json;
use shared::domain::Caller;

use crate::host::{Host, opened};

async fn with_body(host: &Host, caller: &Caller, kind: &str, body: impl Into<Body>) -> Answer {
    let request = host.request(caller, Method::POST, "/subscribe/pro");
    host.send(request.header(header::CONTENT_TYPE, kind).body(body.into()).unwrap()).await
}

#[tokio::test]
async fn the_answer_gives_the_page_under_both_names_and_as_location() {
    let host = Host::start().await;
    let answer = host.subscribe(&host.person().await).await;
    let session = host.stripe.session(&opened(&answer)).unwrap();
    let url = session["url"].as_str().unwrap();
    let expected = json!({ "session_id": session["id"], "url": url, "checkout_url": url });
    assert_eq!(answer.json(), expected);
    assert_eq!(answer.headers[header::LOCATION], url);
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/json");
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(session["status"], "open");
}

#[tokio::test]
async fn a_body_is_not_needed_and_has_to_be_an_object() {
    let host = Host::start().await;
    let ada = host.person().await;
    for (body, status, code) in [
        ("{", 400, "invalid_json"),
        ("plan=pro", 400, "invalid_json"),
        ("{}{}", 400, "invalid_json"),
        ("\u{feff}{}", 400, "invalid_json"),
        ("[]", 422, "not_an_object"),
        ("null", 422, "not_an_object"),
        ("7", 422, "not_an_object"),
    ] {
        with_body(&host, &ada, "application/json", body).await.assert_problem(status, code);
    }
    let large = format!(r#"{{"x":"{}"}}"#, "x".repeat(70_000));
    with_body(&host, &ada, "application/json", large).await.assert_problem(413, "body_too_large");
    let text = with_body(&host, &ada, "text/plain", "{}").await;
    text.assert_problem(415, "unsupported_media_type");
    assert_eq!(host.calls(), Vec::<String>::new());

    let first = opened(&host.subscribe(&ada).await);
    for body in ["", "{}", r#"{"price_id":"price_free","user_id":"x"}"#] {
        let answer = with_body(&host, &ada, "application/json", body).await;
        assert_eq!(opened(&answer), first, "{body}");
    }
}

#[tokio::test]
async fn a_young_session_is_given_again_without_asking_stripe() {
    let host = Host::start().await;
    let ada = host.person().await;
    let first = host.subscribe(&ada).await;
    host.calls();
    for _ in 0..3 {
        let again = host.subscribe(&ada).await;
        assert_eq!((again.status, &again.body), (first.status, &first.body));
    }
    host.seconds_pass(59);
    assert_eq!(host.subscribe(&ada).await.body, first.body);
    assert_eq!(host.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn after_a_minute_stripe_is_asked_whether_the_session_is_still_open() {
    let host = Host::start().await;
    let ada = host.person().await;
    let first = host.subscribe(&ada).await;
    let customer = host.customer_of(&ada).await;
    host.seconds_pass(60);
    for _ in 0..2 {
        host.calls();
        assert_eq!(host.subscribe(&ada).await.body, first.body);
        let session = opened(&first);
        let asked = [
            format!("GET /v1/customers/{customer}"),
            "GET /v1/subscriptions".to_owned(),
            format!("GET /v1/checkout/sessions/{session}"),
        ];
        assert_eq!(host.calls(), asked);
    }
    assert_eq!(host.stripe.sessions().len(), 1);
}

#[tokio::test]
async fn a_session_that_has_expired_is_replaced_for_the_same_customer() {
    let host = Host::start().await;
    let ada = host.person().await;
    let first = opened(&host.subscribe(&ada).await);
    host.seconds_pass(24 * 3_600);
    let second = opened(&host.subscribe(&ada).await);
    assert_ne!(first, second);
    // One that was ended by hand too.
    host.seconds_pass(60);
    host.stripe.expire(&second).unwrap();
    let third = opened(&host.subscribe(&ada).await);
    assert!(![first, second].contains(&third));
    assert_eq!(host.stripe.customers().len(), 1);
    let sessions = host.stripe.sessions();
    assert!(sessions.iter().all(|session| session["customer"] == sessions[0]["customer"]));
}

#[tokio::test]
async fn a_session_that_is_about_to_expire_is_ended_and_replaced() {
    let host = Host::start().await;
    let ada = host.person().await;
    let first = opened(&host.subscribe(&ada).await);
    host.seconds_pass(24 * 3_600 - 601);
    assert_eq!(opened(&host.subscribe(&ada).await), first);
    host.seconds_pass(1);
    let second = opened(&host.subscribe(&ada).await);
    assert_ne!(first, second);
    assert_eq!(host.stripe.session(&first).unwrap()["status"], "expired");
    assert_eq!(host.stripe.session(&second).unwrap()["status"], "open");
}

#[tokio::test]
async fn a_session_of_another_price_is_ended_and_replaced() {
    let host = Host::start().await;
    let ada = host.person().await;
    let first = opened(&host.subscribe(&ada).await);
    let dearer = host.instance("STRIPE_PRICE_ID", "price_dearer").await;
    host.calls();
    let second = opened(&host.subscribe_by(&dearer, &ada).await);
    assert_ne!(first, second);
    assert_eq!(host.stripe.session(&first).unwrap()["status"], "expired");
    let sent = host.stripe.requests().pop().unwrap();
    assert_eq!(sent.form["line_items[0][price]"], "price_dearer");
    // It is the one that stands from here on.
    assert_eq!(opened(&host.subscribe_by(&dearer, &ada).await), second);
    assert_eq!(host.stripe.customers().len(), 1);
}
