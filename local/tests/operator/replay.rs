//! `parley replay`: what the deployment makes of an event that is delivered again.

use local::{
    operator::{
        Report as _,
        replay::{Outcome, Replayed, replay},
    },
    stripe::{Behaviour, Respond, StatusReply, When},
};
use serde_json::json;
use shared::{config::Env, domain::SystemClock};

use crate::world::World;

async fn run(env: &Env, id: &str) -> Result<Replayed, local::Error> {
    replay(env, &id.parse().unwrap(), &SystemClock).await
}

#[tokio::test]
async fn an_event_that_was_lost_is_received_and_then_known() {
    let world = World::start().await;
    let (env, person) = (world.env().await, world.person().await);
    let events = world.buy_pro(&person).await;
    let paid = events.iter().find(|event| event.kind == "invoice.paid").unwrap();
    assert_eq!(world.tier(&person).await, "basic");

    let first = run(&env, &paid.id).await.unwrap();
    assert_eq!(
        (first.outcome, first.status, first.kind.as_str()),
        (Outcome::Received, 200, "invoice.paid")
    );
    assert_eq!(first.exit_code(), 0);
    assert!(first.request_id.is_some());
    assert_eq!(world.tier(&person).await, "pro");

    let second = run(&env, &paid.id).await.unwrap();
    assert_eq!((second.outcome, second.exit_code()), (Outcome::KnownAlready, 0));
}

#[tokio::test]
async fn an_event_that_leads_to_nothing_is_said_to() {
    let world = World::start().await;
    let env = world.env().await;
    let ignored = world.stripe.emit("price.created", json!({ "id": "price_1", "object": "price" }));
    assert_eq!(run(&env, &ignored.id).await.unwrap().outcome, Outcome::Ignored);
    let invoice = json!({ "id": "in_1", "object": "invoice", "customer": "cus_of_somebody_else" });
    let unknown = world.stripe.emit("invoice.paid", invoice);
    assert_eq!(run(&env, &unknown.id).await.unwrap().outcome, Outcome::Unknown);
}

#[tokio::test]
async fn a_wrong_signing_secret_is_refused_and_not_shown() {
    let world = World::start().await;
    let env = world.env().await.with("STRIPE_WEBHOOK_SECRET", "whsec_wrong");
    let event = world.stripe.emit("price.created", json!({ "id": "price_1", "object": "price" }));
    let refused = run(&env, &event.id).await.unwrap();
    assert_eq!((refused.outcome, refused.status, refused.exit_code()), (Outcome::Refused, 400, 1));
    let text = refused.to_string();
    assert!(text.contains("STRIPE_WEBHOOK_SECRET") && !text.contains("whsec_wrong"), "{text}");
}

#[tokio::test]
async fn a_deployment_that_fails_is_said_to() {
    let world = World::start().await;
    let (env, person) = (world.env().await, world.person().await);
    let events = world.buy_pro(&person).await;
    world.stripe.on(Behaviour {
        when: When { method: None, path: Some("/v1/subscriptions".to_owned()) },
        respond: Respond::Status(StatusReply { status: 500, code: None }),
        ..Behaviour::default()
    });
    let paid = events.iter().find(|event| event.kind == "invoice.paid").unwrap();
    let failed = run(&env, &paid.id).await.unwrap();
    assert_eq!((failed.outcome, failed.exit_code()), (Outcome::Failed, 1));
    world.stripe.clear_behaviours();
    assert_eq!(run(&env, &paid.id).await.unwrap().outcome, Outcome::Received);
}

#[tokio::test]
async fn an_event_that_stripe_does_not_have_is_said_to_be_missing() {
    let world = World::start().await;
    let error = run(&world.env().await, "evt_none").await.unwrap_err().to_string();
    assert!(error.contains("evt_none was not fetched") && error.contains("30 days"), "{error}");
}

#[tokio::test]
async fn a_deployment_that_is_not_there_is_said_to_be_out_of_reach() {
    let world = World::start().await;
    let env = world.env().await.with("API_URL", "http://127.0.0.1:1");
    let event = world.stripe.emit("price.created", json!({ "id": "price_1", "object": "price" }));
    let error = run(&env, &event.id).await.unwrap_err().to_string();
    assert_eq!(error, "http://127.0.0.1:1 was not reached");
}
