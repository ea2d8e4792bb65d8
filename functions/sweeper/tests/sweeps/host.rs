//! A sweeper with a DynamoDB and an SQS of its own, and what its surroundings would do.

use std::{collections::HashMap, sync::Arc};

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use jiff::{SignedDuration, Timestamp};
use local::{
    dynamodb::{Data, Embedded},
    sqs::{self, Sqs},
    testing::{self, ManualClock},
};
use shared::{
    aws::Aws,
    config::Env,
    domain::{
        Caller, ChatroomId, Clock as _, Ids, Limits, MessageId, MobileNumber, Side, Status, Usage,
        UserId,
        text::{Content, RoomName},
    },
    queue::{Job, Queue},
    store::{Answer, NewChatroom, NewMessage, Pending, Recorded, Sent, Settled, Store},
};
use sweeper::{Order, Report, Sweeper};
use tokio::net::TcpListener;

pub(crate) const START: &str = "2026-11-21T10:00:00.123Z";
pub(crate) const UNLIMITED: Limits =
    Limits { basic_daily_messages: 0, basic_per_minute: 0, pro_per_minute: 0 };

pub(crate) struct Host {
    pub(crate) store: Store,
    pub(crate) queue: Queue,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ids: Ids,
    pub(crate) sweeper: Sweeper,
    pub(crate) env: Env,
    client: aws_sdk_dynamodb::Client,
    sqs: aws_sdk_sqs::Client,
    dynamodb: Embedded,
}

/// A message of the queue, with what SQS was told about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Queued {
    pub(crate) job: Job,
    pub(crate) group: String,
    pub(crate) deduplication: String,
}

impl Host {
    pub(crate) async fn start() -> Self {
        let clock = Arc::new(ManualClock::new(START.parse().unwrap()));
        let dynamodb = Embedded::start(Data::Memory).await.unwrap();
        let env =
            dynamodb.env(Env::default()).with("AWS_ENDPOINT_URL_SQS", serve_sqs(&clock).await);
        let aws = Aws::from_env(&env).unwrap();
        let sqs = aws_sdk_sqs::Client::new(&aws.config("SQS"));
        let made = sqs
            .create_queue()
            .queue_name("messages.fifo")
            .attributes(QueueAttributeName::FifoQueue, "true")
            .send()
            .await
            .unwrap();
        let env = env.with("MESSAGE_QUEUE_URL", made.queue_url.unwrap());
        Self {
            store: Store::from_env(&env, &aws).unwrap(),
            queue: Queue::from_env(&env, &aws).unwrap(),
            sweeper: Sweeper::from_env(&env, clock.clone()).unwrap(),
            clock,
            ids: Ids::default(),
            client: aws_sdk_dynamodb::Client::new(&aws.config("DYNAMODB")),
            sqs,
            env,
            dynamodb,
        }
    }

    pub(crate) fn dynamodb_url(&self) -> &str {
        self.dynamodb.url()
    }

    pub(crate) async fn stop_dynamodb(self) -> Sweeper {
        self.dynamodb.stop().await;
        self.sweeper
    }

    /// A sweeper that sees the world through another environment.
    pub(crate) fn sweeper_with(&self, name: &str, value: &str) -> Sweeper {
        let env = self.env.clone().with(name, value);
        Sweeper::from_env(&env, self.clock.clone()).unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn seconds_pass(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    pub(crate) async fn sweep(&self) -> Report {
        self.sweeper.run(Order::default()).await.unwrap()
    }

    pub(crate) async fn user(&self, number: &str) -> Caller {
        let number = MobileNumber::parse(number).unwrap();
        let signup = testing::signup(&number, self.now());
        testing::open_account(&self.store, &self.ids, &signup).await
    }

    pub(crate) async fn ada(&self) -> Caller {
        self.user("+14155550123").await
    }

    /// Deletes the caller's account, and settles its billing as the reconciler does.
    pub(crate) async fn delete_account(&self, caller: &Caller) {
        self.delete_unsettled_account(caller).await;
        let left = self.store.billing(caller.user_id).await.unwrap().unwrap();
        let settled = self.store.end_billing(caller.user_id, &left).await.unwrap();
        assert_eq!(settled, Recorded::Done);
    }

    pub(crate) async fn delete_unsettled_account(&self, caller: &Caller) {
        let account = self.store.account(caller.user_id, self.now()).await.unwrap().unwrap();
        assert!(self.store.delete_account(caller, &account.user, self.now()).await.unwrap());
    }

    pub(crate) async fn room(&self, caller: &Caller) -> ChatroomId {
        let id = self.ids.next(self.now());
        let room = NewChatroom { id, name: RoomName::default(), claim: None };
        self.store.create_chatroom(caller, &room).await.unwrap();
        id
    }

    /// Accepts a message, as the chatroom function does, without queueing it.
    pub(crate) async fn ask(&self, caller: &Caller, room: ChatroomId) -> Pending {
        self.ask_within(caller, room, &UNLIMITED).await
    }

    pub(crate) async fn ask_within(
        &self,
        caller: &Caller,
        room: ChatroomId,
        limits: &Limits,
    ) -> Pending {
        let content = Content::try_from("Hello".to_owned()).unwrap();
        let id = self.ids.next(self.now());
        let message = NewMessage { id, chatroom_id: room, content: &content, claim: None };
        let sent = self.store.accept(caller, &message, limits).await.unwrap();
        assert!(matches!(sent, Sent::Accepted), "{sent:?}");
        Pending { user_id: caller.user_id, chatroom_id: room, message_id: id }
    }

    /// Fills a room with that many old messages, past all rules.
    pub(crate) async fn fill(&self, room: ChatroomId, count: usize) {
        let items: Vec<_> = (0..count)
            .map(|_| {
                let id: MessageId = self.ids.next(self.now());
                let item = [
                    ("chatroom_id", room.to_string()),
                    ("message_id", id.to_string()),
                    ("content", "Hello".to_owned()),
                    ("status", "answered".to_owned()),
                ]
                .map(|(name, value)| (name.to_owned(), AttributeValue::S(value)));
                let put = PutRequest::builder().set_item(Some(item.into())).build().unwrap();
                WriteRequest::builder().put_request(put).build()
            })
            .collect();
        for batch in items.chunks(25) {
            let request = self.client.batch_write_item().request_items("messages", batch.to_vec());
            let unprocessed = request.send().await.unwrap().unprocessed_items;
            assert!(unprocessed.is_none_or(|items| items.is_empty()));
        }
    }

    /// How many items a partition holds.
    pub(crate) async fn count(&self, table: &str, key: &str, value: impl ToString) -> usize {
        let mut start: Option<HashMap<String, AttributeValue>> = None;
        let mut count = 0;
        loop {
            let page = self
                .client
                .query()
                .table_name(table)
                .key_condition_expression(format!("{key} = :value"))
                .expression_attribute_values(":value", AttributeValue::S(value.to_string()))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .unwrap();
            count += page.items().len();
            start = page.last_evaluated_key;
            if start.is_none() {
                return count;
            }
        }
    }

    pub(crate) async fn messages_in(&self, room: ChatroomId) -> usize {
        self.count("messages", "chatroom_id", room).await
    }

    pub(crate) async fn rooms_of(&self, user: UserId) -> usize {
        self.count("chatrooms", "user_id", user).await
    }

    pub(crate) async fn items_of(&self, user: UserId) -> usize {
        self.count("users", "pk", format!("user#{user}")).await
    }

    /// Answers a question, as the worker does.
    pub(crate) async fn answer(&self, question: &Pending) -> Settled {
        let id = self.ids.next_after(question.message_id, self.now());
        let usage = Usage { input_tokens: 1, output_tokens: 1 };
        let answer = Answer { id, content: "Hello", finish_reason: "STOP", usage };
        self.store.answer(question, &answer).await.unwrap()
    }

    pub(crate) async fn status(&self, question: &Pending) -> Status {
        let message = self.store.message(question.chatroom_id, question.message_id).await.unwrap();
        let Side::Question { status, .. } = message.unwrap().side else { unreachable!() };
        status
    }

    /// All that the queue delivers, in order; it is empty afterwards.
    pub(crate) async fn received(&self) -> Vec<Queued> {
        let url = self.env.require("MESSAGE_QUEUE_URL").unwrap();
        let mut received = Vec::new();
        loop {
            let batch = self
                .sqs
                .receive_message()
                .queue_url(url)
                .max_number_of_messages(10)
                .message_system_attribute_names(MessageSystemAttributeName::All)
                .send()
                .await
                .unwrap();
            if batch.messages().is_empty() {
                return received;
            }
            for message in batch.messages.unwrap_or_default() {
                let attributes = message.attributes.unwrap();
                let attribute = |name| attributes[&name].clone();
                received.push(Queued {
                    job: serde_json::from_str(&message.body.unwrap()).unwrap(),
                    group: attribute(MessageSystemAttributeName::MessageGroupId),
                    deduplication: attribute(MessageSystemAttributeName::MessageDeduplicationId),
                });
                let receipt = message.receipt_handle.unwrap();
                let delete = self.sqs.delete_message().queue_url(url).receipt_handle(receipt);
                delete.send().await.unwrap();
            }
        }
    }

    /// The messages that the queue delivers, in order; it is empty afterwards.
    pub(crate) async fn received_ids(&self) -> Vec<MessageId> {
        self.received().await.into_iter().map(|queued| queued.job.message_id).collect()
    }
}

/// An SQS without queues, on a free port; gone with the test's runtime.
async fn serve_sqs(clock: &Arc<ManualClock>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let queues = Sqs::new(clock.clone());
    tokio::spawn(sqs::serve(listener, queues, std::future::pending()));
    url
}
