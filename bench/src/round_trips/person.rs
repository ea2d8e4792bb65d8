//! People, each in a fresh account with a name, an address and a password, made by the API itself.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use serde_json::{Value, json};
use shared::{
    domain::{Caller, ChatroomId, Limits, MessageId, Usage},
    queue::Job,
    store::{Answer, NewMessage, Pending, Sent, Settled},
    token::Verifier,
};

use super::{
    request::Request,
    world::{Host::Uncached, World, text},
};

/// What asks for a room's history are not to run into.
const NO_LIMITS: Limits =
    Limits { basic_daily_messages: 0, basic_per_minute: 0, pro_per_minute: 0 };

/// The table, and how much of it is written at once.
const MESSAGES: &str = "messages";
const LARGEST_BATCH: usize = 25;

pub(super) const PASSWORD: &str = "correct horse battery staple";

/// A number that nobody has yet: each is asked for a second later than the one before.
pub(super) fn number(world: &World) -> String {
    format!("+1415{:07}", world.now().as_second() % 10_000_000)
}

pub(super) fn signup(number: &str) -> Request {
    Request::post("/auth/signup").json(&json!({
        "mobile_number": number, "password": PASSWORD, "full_name": "Ada Lovelace",
        "email": "ada.lovelace@example.org",
    }))
}

pub(super) fn send_otp(number: &str) -> Request {
    Request::post("/auth/send-otp").json(&json!({ "mobile_number": number }))
}

pub(super) fn verify_otp(number: &str, otp: &Value) -> Request {
    Request::post("/auth/verify-otp").json(&json!({ "mobile_number": number, "otp": otp }))
}

/// Somebody who is signed in.
pub(super) struct Person<'a> {
    pub(super) world: &'a World,
    pub(super) number: String,
    pub(super) token: String,
    pub(super) refresh_token: String,
}

impl<'a> Person<'a> {
    /// With Basic.
    pub(super) async fn new(world: &'a World) -> Self {
        let number = number(world);
        world.ask(Uncached, signup(&number)).await;
        let otp = &world.ask(Uncached, send_otp(&number)).await.json()["otp"];
        let tokens = world.ask(Uncached, verify_otp(&number, otp)).await.json();
        let mut person = Self { world, number, token: String::new(), refresh_token: String::new() };
        person.take(&tokens);
        person
    }

    /// With Pro, which was paid for; their token says so.
    pub(super) async fn pro(world: &'a World) -> Self {
        let mut person = Self::new(world).await;
        for event in person.pays(&person.opens_checkout().await) {
            world.ask(Uncached, event.delivery(world)).await;
        }
        person.refresh().await;
        person
    }

    /// A new pair of tokens.
    pub(super) async fn refresh(&mut self) {
        let tokens = self.world.ask(Uncached, self.refreshes()).await.json();
        self.take(&tokens);
    }

    fn take(&mut self, tokens: &Value) {
        let token = |name: &str| tokens[name].as_str().unwrap().to_owned();
        (self.token, self.refresh_token) = (token("access_token"), token("refresh_token"));
    }

    pub(super) fn refreshes(&self) -> Request {
        Request::post("/auth/refresh").json(&json!({ "refresh_token": self.refresh_token }))
    }

    /// Who that is to the functions.
    pub(super) fn caller(&self) -> Caller {
        let verifier = Verifier::from_env(&self.world.env, self.world.clock.clone()).unwrap();
        let claims = verifier.verify(&self.token).unwrap();
        Caller {
            user_id: claims.sub,
            session_id: claims.sid,
            generation: claims.generation,
            tier_hint: claims.tier,
            role_hint: claims.role,
        }
    }
}

/// Paying.
impl Person<'_> {
    /// The session in which they can pay.
    pub(super) async fn opens_checkout(&self) -> String {
        let request = Request::post("/subscribe/pro").by(&self.token);
        let session = self.world.ask(Uncached, request).await.json();
        session["session_id"].as_str().unwrap().to_owned()
    }

    /// Pays; what Stripe tells of it.
    pub(super) fn pays(&self, session: &str) -> Vec<Event> {
        let made = self.world.stripe.pay(session).unwrap().events;
        let all = self.world.stripe.events();
        let made = made.iter().map(|made| all.iter().find(|event| event.id == made.id).unwrap());
        made.map(|event| Event { kind: event.kind.clone(), body: event.body.clone() }).collect()
    }
}

/// What Stripe tells.
pub(super) struct Event {
    pub(super) kind: String,
    body: String,
}

impl Event {
    pub(super) fn delivery(&self, world: &World) -> Request {
        let at = world.now();
        let signature = tests::stripe::signature(world.stripe.webhook_secret(), at, &self.body);
        Request::post("/webhook/stripe")
            .with("stripe-signature", signature)
            .body(self.body.as_str())
    }
}

/// Rooms and messages.
impl Person<'_> {
    pub(super) fn opens_room(&self) -> Request {
        Request::post("/chatroom").by(&self.token).json(&json!({ "name": "A weekend in Lisbon" }))
    }

    pub(super) async fn room(&self) -> ChatroomId {
        let room = self.world.ask(Uncached, self.opens_room()).await.json();
        room["id"].as_str().unwrap().parse().unwrap()
    }

    /// A room with so many messages, half of them answers.
    pub(super) async fn room_with(&self, length: usize) -> ChatroomId {
        let room = self.room().await;
        for _ in 0..length / 2 {
            self.is_answered(room).await;
        }
        room
    }

    pub(super) fn sends(&self, room: ChatroomId) -> Request {
        let path = format!("/chatroom/{room}/message");
        Request::post(path).by(&self.token).json(&json!({ "content": text() }))
    }

    /// A message that waits for its reply.
    pub(super) async fn asks(&self, room: ChatroomId) -> Job {
        let (caller, content) = (self.caller(), text().try_into().unwrap());
        let id: MessageId = self.world.ids.next(self.world.now());
        let message = NewMessage { id, chatroom_id: room, content: &content, claim: None };
        let sent = self.world.store.accept(&caller, &message, &NO_LIMITS).await.unwrap();
        assert!(matches!(sent, Sent::Accepted), "{sent:?}");
        Job { user_id: caller.user_id, chatroom_id: room, message_id: id }
    }

    /// The same, with its reply.
    pub(super) async fn is_answered(&self, room: ChatroomId) {
        let job = self.asks(room).await;
        let pending = Pending {
            user_id: job.user_id,
            chatroom_id: job.chatroom_id,
            message_id: job.message_id,
        };
        let (id, content) = (self.world.ids.next(self.world.now()), text());
        let usage = Usage { input_tokens: 420, output_tokens: 130 };
        let answer = Answer { id, content: &content, finish_reason: "STOP", usage };
        let settled = self.world.store.answer(&pending, &answer).await.unwrap();
        assert_eq!(settled, Settled::Done);
    }

    /// A room with so many messages, ten and copies of them. They are what the store would have written,
    /// made in a fraction of the time.
    pub(super) async fn long_room(&self, length: usize) -> ChatroomId {
        let (room, client) = (self.room_with(10).await, &self.world.client);
        let query =
            client.query().table_name(MESSAGES).key_condition_expression("chatroom_id = :room");
        let query = query.expression_attribute_values(":room", AttributeValue::S(room.to_string()));
        let items = query.send().await.unwrap().items.unwrap();
        let copy = |mut item: HashMap<_, _>| {
            let id: MessageId = self.world.ids.next(self.world.now());
            item.insert("message_id".to_owned(), AttributeValue::S(id.to_string()));
            let put = PutRequest::builder().set_item(Some(item)).build().unwrap();
            WriteRequest::builder().put_request(put).build()
        };
        let count = length - items.len();
        let copies: Vec<_> = items.into_iter().cycle().take(count).map(copy).collect();
        for batch in copies.chunks(LARGEST_BATCH) {
            let write = client.batch_write_item().request_items(MESSAGES, batch.to_vec());
            let left = write.send().await.unwrap().unprocessed_items.unwrap_or_default();
            assert!(left.is_empty(), "{left:?}");
        }
        room
    }
}
