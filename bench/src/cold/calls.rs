//! What each function is called with: its most frequent request, from somebody to whom it may be
//! answered.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use shared::{
    domain::{Caller, ChatroomId, Ids},
    queue::Job,
    store::{Lease, Leased},
};
use tests::{
    Behaviour, Respond,
    deployed::{World, event, with_request, with_token},
    now,
};

/// The most records of a batch, as the template has it.
const BATCH: u32 = 10;

/// Makes events for one function.
pub(super) struct Calls<'a> {
    world: &'a World,
    ids: Ids,
    caller: Caller,
    token: String,
    /// The caller's own, which no other function is called for.
    room: ChatroomId,
    event: Value,
    function: String,
    /// The request, or what the function is woken by.
    pub(super) title: &'static str,
}

impl<'a> Calls<'a> {
    /// For this function. Whoever calls, and what is called for, is there afterwards.
    pub(super) async fn new(world: &'a World, function: &str) -> Self {
        let event = event(function);
        let caller = match job(&event) {
            Some(job) => world.user(job.user_id).await,
            None if function == "admin" => world.operator().await,
            None => world.person().await,
        };
        let token = world.token(&caller);
        let ids = Ids::default();
        let mut calls = Self {
            world,
            room: ids.next(now()),
            ids,
            caller,
            token,
            title: title(function),
            event,
            function: function.to_owned(),
        };
        calls.prepare().await;
        calls
    }

    async fn prepare(&mut self) {
        match &*self.function {
            "chatroom" | "gemini-worker" => self.world.room(&self.caller, self.room).await,
            "stripe-webhook" => self.become_customer().await,
            _ => {}
        }
    }

    /// One more event; its answer will be a success.
    pub(super) async fn next(&self) -> Value {
        let event = with_token(self.event.clone(), &self.token);
        match &*self.function {
            "docs" | "sweeper" | "reconciler" => self.event.clone(),
            "auth" => self.asking_for_a_code().await,
            "subscription" => with_request(event, "GET", "/subscription/status", &Value::Null),
            "chatroom" => self.message(event),
            "gemini-worker" => self.one_question().await,
            "stripe-webhook" => self.signed(),
            _ => event,
        }
    }

    /// From somebody who has not asked yet: each may once in half a minute.
    async fn asking_for_a_code(&self) -> Value {
        let number = local::testing::any_number();
        self.world.user_with(number.as_str()).await;
        let body = json!({ "mobile_number": number });
        with_request(self.event.clone(), "POST", "/auth/send-otp", &body)
    }

    /// Another message, as often as it is called.
    fn message(&self, mut event: Value) -> Value {
        event["headers"].as_object_mut().unwrap().remove("idempotency-key");
        let path = format!("/chatroom/{}/message", self.room);
        event["rawPath"] = path.as_str().into();
        event["requestContext"]["http"]["path"] = path.into();
        event
    }

    /// A batch of one: what it is about is pending.
    async fn one_question(&self) -> Value {
        let (chatroom_id, message_id) = (self.room, self.ids.next(now()));
        let job = Job { user_id: self.caller.user_id, chatroom_id, message_id };
        self.world.ask(&self.caller, chatroom_id, message_id).await;
        let mut event = self.event.clone();
        event["Records"].as_array_mut().unwrap().truncate(1);
        event["Records"][0]["body"] = serde_json::to_string(&job).unwrap().into();
        event
    }

    /// The call that takes most memory: the worker's is a batch of ten rooms, whose answers are as large
    /// as an answer may be.
    pub(super) async fn largest(&self) -> Value {
        if self.function != "gemini-worker" {
            return self.next().await;
        }
        let mut event = self.event.clone();
        let record = event["Records"][0].clone();
        let mut records = Vec::new();
        for _ in 0..BATCH {
            let (chatroom_id, message_id) = (self.ids.next(now()), self.ids.next(now()));
            self.world.room(&self.caller, chatroom_id).await;
            self.world.ask(&self.caller, chatroom_id, message_id).await;
            let job = Job { user_id: self.caller.user_id, chatroom_id, message_id };
            let mut record = record.clone();
            record["messageId"] = message_id.to_string().into();
            record["attributes"]["MessageGroupId"] = chatroom_id.to_string().into();
            record["body"] = serde_json::to_string(&job).unwrap().into();
            records.push(record);
        }
        event["Records"] = records.into();
        let largest = Respond::text("x".repeat(gemini_worker::gemini::MAX_TEXT_BYTES));
        self.world.model.on(Behaviour::new(largest).times(BATCH));
        event
    }

    /// An event of Stripe's that did not come before.
    fn signed(&self) -> Value {
        let mut told = told(&self.event);
        told["id"] = format!("evt_{}", self.ids.next::<shared::domain::MessageId>(now())).into();
        let body = told.to_string();
        let signature = tests::stripe::signature(self.world.stripe.webhook_secret(), now(), &body);
        let mut event = self.event.clone();
        event["headers"]["stripe-signature"] = signature.into();
        event["body"] = BASE64_STANDARD.encode(body).into();
        event
    }

    /// Makes the caller a customer, and the one whom Stripe's event is about.
    async fn become_customer(&mut self) {
        let customer = format!("cus_{}", self.ids.next::<shared::domain::MessageId>(now()));
        let mut told = told(&self.event);
        told["data"]["object"]["customer"] = customer.as_str().into();
        self.event["body"] = BASE64_STANDARD.encode(told.to_string()).into();
        let (store, now) = (&self.world.store, self.world.now());
        let lease = Lease { user: self.caller.user_id, id: self.ids.next(now) };
        let leased = store.lease_checkout(&self.caller, &lease, now, now).await.unwrap();
        assert!(matches!(leased, Leased::Granted(_)));
        assert!(store.keep_customer(&lease, &customer.parse().unwrap()).await.unwrap());
    }
}

/// What a function is called for, as the tables say it.
fn title(function: &str) -> &'static str {
    match function {
        "admin" => "GET /admin/status",
        "auth" => "POST /auth/send-otp",
        "chatroom" => "POST message",
        "docs" => "GET /health",
        "gemini-worker" => "a batch of one question",
        "stripe-webhook" => "POST /webhook/stripe",
        "subscription" => "GET /subscription/status",
        "user" => "GET /user/me",
        "reconciler" | "sweeper" => "a run with nothing to do",
        other => panic!("say what {other} is called for"),
    }
}

/// The first job of an event of the queue's.
fn job(event: &Value) -> Option<Job> {
    serde_json::from_str(event["Records"][0]["body"].as_str()?).ok()
}

/// What an event of Stripe's says.
fn told(event: &Value) -> Value {
    let body = BASE64_STANDARD.decode(event["body"].as_str().unwrap()).unwrap();
    serde_json::from_slice(&body).unwrap()
}
