//! The functions behind the HTTP API.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use shared::{
    domain::Ids,
    store::{Lease, Leased},
};
use tests::{
    deployed::{World, event, with_request, with_token},
    now,
};

use crate::emulator::{Answer, Emulator};

impl Answer {
    /// What API Gateway is told: the status and the body, which is JSON or nothing.
    #[track_caller]
    pub(crate) fn http(&self) -> (u64, Value) {
        let status = self.payload["statusCode"].as_u64();
        let status = status.unwrap_or_else(|| panic!("no answer for API Gateway: {self:?}"));
        let body = match self.payload["body"].as_str() {
            None | Some("") => Value::Null,
            Some(body) => serde_json::from_str(body).unwrap(),
        };
        (status, body)
    }
}

/// What `function` answers to `event`.
async fn ask(function: &Emulator, event: Value) -> (u64, Value) {
    function.invoke(&event).await.http()
}

#[tokio::test]
async fn docs_is_healthy() {
    let world = World::start().await;
    let (status, body) = ask(&Emulator::of(&world, "docs"), event("docs")).await;
    assert_eq!((status, &body["status"]), (200, &json!("ok")), "{body}");
}

#[tokio::test]
async fn a_code_of_auth_leads_to_a_token_that_another_function_takes() {
    let world = World::start().await;
    let sent = event("auth");
    let number: Value = serde_json::from_str(sent["body"].as_str().unwrap()).unwrap();
    let number = number["mobile_number"].as_str().unwrap().to_owned();
    world.user_with(&number).await;

    let auth = Emulator::of(&world, "auth");
    let (status, body) = ask(&auth, sent.clone()).await;
    assert_eq!(status, 200, "{body}");
    let otp = body["otp"].as_str().unwrap();
    assert_eq!(otp.len(), 6, "{body}");

    let code = json!({"mobile_number": number, "otp": otp});
    let (status, tokens) = ask(&auth, with_request(sent, "POST", "/auth/verify-otp", &code)).await;
    assert_eq!(status, 200, "{tokens}");

    let token = tokens["access_token"].as_str().unwrap();
    let (status, me) = ask(&Emulator::of(&world, "user"), with_token(event("user"), token)).await;
    assert_eq!((status, &me["mobile_number"]), (200, &json!(number)), "{me}");
}

#[tokio::test]
async fn user_shows_and_deletes_whose_token_it_is_given() {
    let world = World::start().await;
    let ada = world.person().await;
    let event = with_token(event("user"), &world.token(&ada));
    let user = Emulator::of(&world, "user");
    let (status, me) = ask(&user, event.clone()).await;
    assert_eq!((status, &me["id"]), (200, &json!(ada.user_id.to_string())), "{me}");

    let room = Ids::default().next(world.now());
    world.room(&ada, room).await;
    let deletion = with_request(event.clone(), "DELETE", "/user/me", &Value::Null);
    assert_eq!(ask(&user, deletion).await, (204, Value::Null));
    assert_eq!(ask(&user, event).await.0, 401);
    assert!(world.store.chatroom(ada.user_id, room).await.unwrap().is_none());
}

#[tokio::test]
async fn chatroom_accepts_a_message_and_queues_it() {
    let world = World::start().await;
    let ada = world.person().await;
    let event = event("chatroom");
    let room = event["pathParameters"]["chatroom_id"].as_str().unwrap().parse().unwrap();
    world.room(&ada, room).await;

    let function = Emulator::of(&world, "chatroom");
    let event = with_token(event, &world.token(&ada));
    let (status, message) = ask(&function, event.clone()).await;
    assert_eq!((status, &message["status"]), (202, &json!("pending")), "{message}");
    let id = message["id"].as_str().unwrap();
    let kept = world.store.message(room, id.parse().unwrap()).await.unwrap();
    assert_eq!(json!(kept.unwrap().content), message["content"], "{message}");
    let queued = world.queued().await;
    assert_eq!(queued.len(), 1, "{queued:?}");
    assert_eq!(queued[0]["message_id"], id);
    assert_eq!(queued[0]["chatroom_id"], room.to_string());

    // The event carries an idempotency key.
    let (status, again) = ask(&function, event).await;
    assert_eq!((status, &again), (202, &message));
    assert_eq!(world.queued().await, [] as [Value; 0]);
}

#[tokio::test]
async fn subscription_opens_a_checkout() {
    let world = World::start().await;
    let ada = world.person().await;
    let event = with_token(event("subscription"), &world.token(&ada));
    let (status, checkout) = ask(&Emulator::of(&world, "subscription"), event).await;
    assert_eq!(status, 201, "{checkout}");
    let session = &world.stripe.sessions()[0];
    assert_eq!(session["url"], checkout["url"], "{checkout}");
    // The template's own, which `local` sets too.
    assert!(session["success_url"].as_str().unwrap().starts_with("http://localhost:3000/"));
}

#[tokio::test]
async fn stripe_webhook_applies_what_is_signed_and_fresh() {
    let world = World::start().await;
    let event = event("stripe-webhook");
    let body = BASE64_STANDARD.decode(event["body"].as_str().unwrap()).unwrap();
    let told: Value = serde_json::from_slice(&body).unwrap();
    let customer = told["data"]["object"]["customer"].as_str().unwrap().parse().unwrap();
    let ada = world.person().await;
    let lease = Lease { user: ada.user_id, id: Ids::default().next(world.now()) };
    let leased = world.store.lease_checkout(&ada, &lease, world.now(), world.now()).await.unwrap();
    assert!(matches!(leased, Leased::Granted(_)));
    assert!(world.store.keep_customer(&lease, &customer).await.unwrap());

    let function = Emulator::of(&world, "stripe-webhook");
    let (status, refused) = ask(&function, event.clone()).await;
    assert_eq!(status, 400, "its signature is not of today: {refused}");

    let mut signed = event;
    let body = String::from_utf8(body).unwrap();
    let signature = tests::stripe::signature(world.stripe.webhook_secret(), now(), &body);
    signed["headers"]["stripe-signature"] = signature.into();
    let (status, taken) = ask(&function, signed).await;
    assert_eq!((status, taken), (200, json!({"status": "received"})));
    let id = told["id"].as_str().unwrap().parse().unwrap();
    let owner = world.store.owner_of_customer(&customer, &id, world.now()).await.unwrap();
    assert!(owner.seen, "it was applied");
}
