//! The worker with servers of its own, and the rooms that it works for.

use std::{sync::Arc, time::Duration};

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use gemini_worker::Worker;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Context, LambdaEvent};
use local::{
    dynamodb::{Data, Embedded},
    gemini::StandIn,
    testing::{self, ManualClock},
};
use shared::{
    aws::Aws,
    config::Env,
    domain::{
        Caller, ChatroomId, Clock, Ids, Limits, Message, MessageId, Side, Status, Tally, clock,
        text::{Content, RoomName, SystemInstruction},
    },
    queue::{Job, Queue},
    store::{ChatroomChange, Created, DayUsage, Direction, NewChatroom, NewMessage, Sent, Store},
    trace::Origin,
};

use crate::queue::{MessageQueue, event};

/// When the tests begin.
pub(crate) const START: &str = "2026-11-21T10:00:00.250Z";

/// The time that an invocation has: as in production.
const INVOCATION: Duration = Duration::from_mins(2);

/// What a test doesn't want to run into.
const NO_LIMIT: Limits =
    Limits { basic_daily_messages: 1_000, basic_per_minute: 0, pro_per_minute: 0 };

pub(crate) struct Host {
    pub(crate) store: Store,
    pub(crate) queue: MessageQueue,
    pub(crate) model: StandIn,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) worker: Worker,
    pub(crate) env: Env,
    jobs: Queue,
    ids: Ids,
    _dynamodb: Embedded,
}

/// What became of a batch.
#[derive(Debug)]
pub(crate) struct Delivered {
    /// What was delivered.
    pub(crate) records: Vec<SqsMessage>,
    /// The ids that the worker reported, in its order.
    pub(crate) reported: Vec<String>,
}

/// A question that was asked, with who asked it and where.
pub(crate) type Asked = Job;

impl Delivered {
    /// The ids of the records about these questions, in this order.
    pub(crate) fn ids(&self, questions: &[Asked]) -> Vec<String> {
        let id = |job: &Asked| {
            let body = serde_json::to_string(job).unwrap();
            let record = self.records.iter().find(|record| record.body.as_ref() == Some(&body));
            record.unwrap().message_id.clone().unwrap()
        };
        questions.iter().map(id).collect()
    }
}

impl Host {
    pub(crate) async fn start() -> Self {
        Self::start_with(Env::default()).await
    }

    pub(crate) async fn start_with(env: Env) -> Self {
        let clock = Arc::new(ManualClock::new(START.parse().unwrap()));
        let dynamodb = Embedded::start(Data::Memory).await.unwrap();
        let model = StandIn::start(0).await.unwrap();
        let (queue, env) = MessageQueue::start(Arc::clone(&clock), dynamodb.env(env)).await;
        let env = env.with("GEMINI_BASE_URL", model.url()).with("GEMINI_API_KEY", "key");
        let aws = Aws::from_env(&env).unwrap();
        Self {
            store: Store::from_env(&env, &aws).unwrap(),
            jobs: Queue::from_env(&env, &aws).unwrap(),
            worker: Worker::from_env(&env, clock.clone()).await.unwrap(),
            ids: Ids::default(),
            queue,
            model,
            clock,
            env,
            _dynamodb: dynamodb,
        }
    }

    /// The same worker by another clock.
    pub(crate) async fn worker_by(&self, clock: Arc<dyn Clock>) -> Worker {
        Worker::from_env(&self.env, clock).await.unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// An account.
    pub(crate) async fn user(&self) -> Caller {
        let number = testing::any_number();
        let signup = testing::signup(&number, self.now());
        testing::open_account(&self.store, &self.ids, &signup).await
    }

    pub(crate) async fn room(&self, caller: &Caller) -> ChatroomId {
        let id = self.ids.next(self.now());
        let room = NewChatroom { id, name: RoomName::default(), claim: None };
        let created = self.store.create_chatroom(caller, &room).await.unwrap();
        assert!(matches!(created, Created::Done), "{created:?}");
        id
    }

    pub(crate) async fn instruct(&self, caller: &Caller, room: ChatroomId, instruction: &str) {
        let instruction = SystemInstruction::try_from(instruction.to_owned()).unwrap();
        let change = ChatroomChange { system_instruction: Some(Some(instruction)), name: None };
        let changed = self.store.change_chatroom(caller.user_id, room, &change, self.now()).await;
        assert!(changed.unwrap().is_some());
    }

    /// Accepts a message, as the chatroom function does before it queues it. Nothing else happens in
    /// its millisecond.
    pub(crate) async fn accept(&self, caller: &Caller, room: ChatroomId, text: &str) -> Asked {
        self.clock.advance(SignedDuration::from_millis(1));
        let id: MessageId = self.ids.next(self.now());
        self.clock.advance(SignedDuration::from_millis(1));
        let content = Content::try_from(text.to_owned()).unwrap();
        let message = NewMessage { id, chatroom_id: room, content: &content, claim: None };
        let sent = self.store.accept(caller, &message, &NO_LIMIT).await.unwrap();
        assert!(matches!(sent, Sent::Accepted), "{sent:?}");
        Job { user_id: caller.user_id, chatroom_id: room, message_id: id }
    }

    /// Accepts a message and queues it.
    pub(crate) async fn ask(&self, caller: &Caller, room: ChatroomId, text: &str) -> Asked {
        let job = self.accept(caller, room, text).await;
        self.enqueue(job).await;
        job
    }

    /// Queues a message that was accepted, as the chatroom function does, or the sweeper later.
    pub(crate) async fn enqueue(&self, question: Asked) {
        self.enqueue_from(question, &Origin::default()).await;
    }

    /// The same for a request of which the queue is told.
    pub(crate) async fn enqueue_from(&self, question: Asked, origin: &Origin) {
        self.jobs.send(&question, origin).await.unwrap();
    }

    /// Hands what is visible to the worker, and deletes what it settles: one invocation.
    pub(crate) async fn deliver(&self) -> Delivered {
        self.deliver_within(INVOCATION).await
    }

    /// The same in an invocation that has this much time.
    pub(crate) async fn deliver_within(&self, time: Duration) -> Delivered {
        let records = self.queue.receive().await;
        let reported = self.handle(&self.worker, event(records.clone()), time).await;
        for record in &records {
            if !reported.contains(record.message_id.as_ref().unwrap()) {
                self.queue.delete(record).await;
            }
        }
        Delivered { records, reported }
    }

    /// One invocation of `worker`: what it reports.
    pub(crate) async fn handle(
        &self,
        worker: &Worker,
        event: SqsEvent,
        time: Duration,
    ) -> Vec<String> {
        let mut context = Context::default();
        let deadline = self.now() + time;
        context.deadline = deadline.as_millisecond().unsigned_abs();
        let response = worker.handle(LambdaEvent::new(event, context)).await.unwrap();
        response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
    }

    /// The same for records, with all the time of an invocation.
    pub(crate) async fn handle_records(&self, records: &[SqsMessage]) -> Vec<String> {
        self.handle(&self.worker, event(records.to_vec()), INVOCATION).await
    }

    /// All messages of a room.
    pub(crate) async fn messages(&self, room: ChatroomId) -> Vec<Message> {
        self.store.messages(room, Direction::Latest, 1_000).await.unwrap().messages
    }

    /// The reply to a question that must be settled as `status`, and the only one.
    pub(crate) async fn reply(&self, question: Asked, status: Status) -> Message {
        let messages = self.messages(question.chatroom_id).await;
        let asked = messages.iter().find(|message| message.id == question.message_id).unwrap();
        let mut replies = messages.iter().filter(|message| {
            matches!(message.side, Side::Reply { reply_to, .. } if reply_to == question.message_id)
        });
        let reply = replies.next().unwrap();
        assert!(replies.next().is_none(), "two replies: {messages:?}");
        assert_eq!(asked.side, Side::Question { status, reply_id: Some(reply.id) });
        reply.clone()
    }

    pub(crate) async fn is_pending(&self, question: Asked) -> bool {
        let message = self.store.message(question.chatroom_id, question.message_id).await.unwrap();
        let pending = Side::Question { status: Status::Pending, reply_id: None };
        let is_pending = message.unwrap().side == pending;
        assert_eq!(self.pending().await.contains(&question.message_id), is_pending);
        is_pending
    }

    /// What the index of pending questions holds.
    pub(crate) async fn pending(&self) -> Vec<MessageId> {
        let pending = self.store.pending_before(Timestamp::MAX, 1_000).await.unwrap();
        pending.into_iter().map(|question| question.message_id).collect()
    }

    /// Units of the day's quota that are used, as the profile shows it.
    pub(crate) async fn tally(&self, caller: &Caller) -> Tally {
        let account = self.store.account(caller.user_id, self.now()).await.unwrap().unwrap();
        account.user.tally.unwrap()
    }

    /// The usage of the day that `at` lies in.
    pub(crate) async fn usage(&self, caller: &Caller, at: Timestamp) -> Option<DayUsage> {
        let day = clock::day(at);
        self.store.usage(caller.user_id, day, day).await.unwrap().pop()
    }
}
