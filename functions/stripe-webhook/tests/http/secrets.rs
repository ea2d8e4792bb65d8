//! Signing secrets, one or two, and the two paths.

use axum::{body::Body, http::Request};
use local::testing::Answer;
use shared::domain::Tier;

use crate::host::{Host, post};

#[tokio::test]
async fn while_the_secret_is_replaced_either_is_good_and_no_third() {
    let host = Host::start().await;
    let buyer = host.buyer().await;
    let paid = host.stripe.pay(&buyer.session).unwrap();
    let body = host.stripe.events().into_iter().find(|event| event.id == paid.events[0].id);
    let body = body.unwrap().body;
    let router = host.router_with("STRIPE_WEBHOOK_SECRET", "whsec_new, whsec_local").await;

    let third = host.signature_by("whsec_third", &body);
    post(&router, &third, body.clone()).await.assert_problem(400, "invalid_signature");
    let both = host.signature_by("whsec_new, whsec_local", &body);
    post(&router, &both, body.clone()).await.assert_problem(400, "invalid_signature");
    assert!(host.known(&buyer.caller).await.facts.subscription.is_none());

    for secret in ["whsec_new", "whsec_local"] {
        let answer = post(&router, &host.signature_by(secret, &body), body.clone()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(host.standing(&buyer).await, (Tier::Pro, "active".to_owned()));
}

#[tokio::test]
async fn one_good_signature_among_two_will_do() {
    let host = Host::start().await;
    let body = r#"{"id":"evt_1","type":"invoice.paid"}"#;
    let good = host.signature(body);
    let other = host.signature_by("whsec_old", body).split_once(',').unwrap().1.to_owned();
    let (t, v1) = good.split_once(',').unwrap();
    for header in [format!("{good},{other}"), format!("{t},{other},{v1}")] {
        assert_eq!(post(&host.router, &header, body).await.status, 200, "{header}");
    }
}

#[tokio::test]
async fn the_other_path_is_the_same() {
    let host = Host::start().await;
    let buyer = host.buyer().await;
    let paid = host.stripe.pay(&buyer.session).unwrap();
    let events = host.stripe.events();
    let body = &events.iter().find(|event| event.id == paid.events[0].id).unwrap().body;
    let request = |signature: &str| {
        Request::post("/subscribe/webhook")
            .header("stripe-signature", signature)
            .body(Body::from(body.clone()))
            .unwrap()
    };
    let refused = Answer::of(host.router.clone(), request("t=1,v1=00")).await;
    refused.assert_problem(400, "invalid_signature");
    let taken = Answer::of(host.router.clone(), request(&host.signature(body))).await;
    assert_eq!(taken.status, 200);
    assert_eq!(taken.json(), serde_json::json!({ "status": "received" }));
    assert_eq!(host.standing(&buyer).await, (Tier::Pro, "active".to_owned()));
}

#[tokio::test]
async fn without_a_secret_it_does_not_start() {
    let host = Host::start().await;
    for secret in ["", ",", "a,b,c"] {
        let env = host.env().with("STRIPE_WEBHOOK_SECRET", secret);
        let started = stripe_webhook::State::from_env(&env, host.clock.clone()).await;
        let error = started.err().unwrap().to_string();
        assert!(error.contains("STRIPE_WEBHOOK_SECRET"), "{error}");
    }
}
