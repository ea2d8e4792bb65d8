//! The function with its router, a DynamoDB and an SQS of its own.

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::{Message as Queued, MessageSystemAttributeName, QueueAttributeName};
use axum::Router;
use jiff::{SignedDuration, Timestamp};
use local::{
    dynamodb::{Data, Embedded},
    sqs::{self, Sqs},
    testing::{self, Issuer, ManualClock},
};
use shared::{
    aws::Aws,
    config::Env,
    domain::{Caller, ChatroomId, Clock as _, Ids, Message, SessionId, Tally, Tier, clock},
    store::{Direction, Store},
};
use tokio::net::TcpListener;

/// When the tests begin.
pub(crate) const START: &str = "2026-11-21T10:00:00.250Z";

const QUEUE: &str = "messages.fifo";

pub(crate) struct Host {
    pub(crate) store: Store,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) env: Env,
    pub(crate) router: Router,
    ids: Ids,
    dynamodb: aws_sdk_dynamodb::Client,
    sqs: aws_sdk_sqs::Client,
    queue_url: String,
    issuer: Issuer,
    embedded: Embedded,
}

impl Host {
    pub(crate) async fn start() -> Self {
        Self::start_with(Env::default()).await
    }

    /// With what `env` sets.
    pub(crate) async fn start_with(env: Env) -> Self {
        let clock = Arc::new(ManualClock::new(START.parse().unwrap()));
        let embedded = Embedded::start(Data::Memory).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sqs_url = format!("http://{}", listener.local_addr().unwrap());
        let queues = sqs::router(Sqs::new(clock.clone()));
        tokio::spawn(async { axum::serve(listener, queues).await.unwrap() });
        let issuer = Issuer::default();
        let env = embedded
            .env(env)
            .with("JWT_PUBLIC_KEYS", issuer.public_keys())
            .with("AWS_ENDPOINT_URL_SQS", sqs_url);
        let aws = Aws::from_env(&env).unwrap();
        let sqs = aws_sdk_sqs::Client::new(&aws.config("SQS"));
        let queue = sqs.create_queue().queue_name(QUEUE);
        let queue = queue.attributes(QueueAttributeName::FifoQueue, "true");
        let queue_url = queue.send().await.unwrap().queue_url.unwrap();
        let env = env.with("MESSAGE_QUEUE_URL", &queue_url);
        Self {
            store: Store::from_env(&env, &aws).unwrap(),
            router: router(&env, &clock).await,
            ids: Ids::default(),
            dynamodb: aws_sdk_dynamodb::Client::new(&aws.config("DYNAMODB")),
            issuer,
            clock,
            env,
            sqs,
            queue_url,
            embedded,
        }
    }

    /// One more instance of the function, with `name` set to something else.
    pub(crate) async fn instance_with(&self, name: &str, value: &str) -> Router {
        self.instance(&self.env.clone().with(name, value)).await
    }

    /// One more instance of the function, with this environment.
    pub(crate) async fn instance(&self, env: &Env) -> Router {
        router(env, &self.clock).await
    }

    pub(crate) fn dynamodb_url(&self) -> &str {
        self.embedded.url()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves the clock on.
    pub(crate) fn after(&self, by: SignedDuration) {
        self.clock.advance(by);
    }

    /// An account.
    pub(crate) async fn user(&self) -> Caller {
        let number = testing::any_number();
        let signup = testing::signup(&number, self.now());
        testing::open_account(&self.store, &self.ids, &signup).await
    }

    /// A Pro user whose token says so.
    pub(crate) async fn pro(&self) -> Caller {
        let caller = self.user().await;
        self.set_tier(&caller, Tier::Pro).await;
        Caller { tier_hint: Tier::Pro, ..caller }
    }

    pub(crate) async fn set_tier(&self, caller: &Caller, tier: Tier) {
        let update = self.dynamodb.update_item().table_name("users");
        update
            .key("pk", AttributeValue::S(format!("user#{}", caller.user_id)))
            .key("sk", AttributeValue::S("profile".to_owned()))
            .update_expression("SET tier = :tier")
            .expression_attribute_values(":tier", AttributeValue::S(tier.as_str().to_owned()))
            .send()
            .await
            .unwrap();
    }

    /// Ends all sessions of the caller's account but `keep`.
    pub(crate) async fn end_sessions(&self, caller: &Caller, keep: SessionId) {
        let account = self.store.account(caller.user_id, self.now()).await.unwrap().unwrap();
        assert!(self.store.set_password(&account, "$argon2id$", keep).await.unwrap());
    }

    /// A session of the same user.
    pub(crate) fn another_session(&self, caller: &Caller) -> Caller {
        Caller { session_id: self.ids.next(self.now()), ..*caller }
    }

    /// An access token as `auth` signs it.
    pub(crate) fn token(&self, caller: &Caller) -> String {
        self.issuer.token(caller, self.now())
    }

    /// All messages of a room, as the table holds them.
    pub(crate) async fn messages(&self, room: ChatroomId) -> Vec<Message> {
        let all = self.store.messages(room, Direction::Latest, 1_000).await;
        all.unwrap().messages
    }

    /// What the index of pending questions holds.
    pub(crate) async fn pending(&self) -> Vec<String> {
        let pending = self.store.pending_before(Timestamp::MAX, 1_000).await.unwrap();
        pending.into_iter().map(|question| question.message_id.to_string()).collect()
    }

    /// What the profile shows of the daily quota.
    pub(crate) async fn tally(&self, caller: &Caller) -> Tally {
        let account = self.store.account(caller.user_id, self.now()).await.unwrap().unwrap();
        account.user.tally.unwrap_or(Tally { day: clock::day(self.now()), used: 0 })
    }

    /// Units of the daily quota that are used.
    pub(crate) async fn used(&self, caller: &Caller) -> u32 {
        self.tally(caller).await.used
    }

    /// What is in the queue, up to ten; it is gone from there then.
    pub(crate) async fn queued(&self) -> Vec<Queued> {
        let receive = self.sqs.receive_message().queue_url(&self.queue_url);
        let receive = receive.max_number_of_messages(10);
        let receive = receive.message_system_attribute_names(MessageSystemAttributeName::All);
        receive.send().await.unwrap().messages.unwrap_or_default()
    }
}

async fn router(env: &Env, clock: &Arc<ManualClock>) -> Router {
    let state = chatroom::State::from_env(env, Arc::<ManualClock>::clone(clock)).await.unwrap();
    shared::http::service(chatroom::router(state))
}
