//! A batch: rooms side by side, one room in order, and what is reported of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use aws_lambda_events::event::sqs::SqsMessage;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Context, LambdaEvent};
use local::{
    deployed::MAX_RECEIVE_COUNT,
    gemini::{Behaviour, Respond},
    testing::{self, ManualClock},
};
use shared::domain::{Clock, Status};

use crate::{
    host::{Asked, Host},
    queue::event,
};

/// Times that the model can't answer in.
const OVERLOADED: u16 = 503;

#[tokio::test]
async fn a_room_stops_at_its_first_failure_and_another_goes_on() {
    let host = Host::start().await;
    host.model.on(Behaviour::new(Respond::status_after(OVERLOADED, "7s")).when("first").times(1));
    let ada = host.user().await;
    let [stuck, free] = [host.room(&ada).await, host.room(&ada).await];
    let first = host.ask(&ada, stuck, "first").await;
    let [b1, b2] = [host.ask(&ada, free, "b1").await, host.ask(&ada, free, "b2").await];
    let second = host.ask(&ada, stuck, "second").await;
    let third = host.ask(&ada, stuck, "third").await;
    let stuck_ones = [first, second, third];

    let delivered = host.deliver().await;

    assert_eq!(delivered.records.len(), 5);
    assert_eq!(delivered.reported, delivered.ids(&stuck_ones));
    for answered in [b1, b2] {
        host.reply(answered, Status::Answered).await;
    }
    for waiting in stuck_ones {
        assert!(host.is_pending(waiting).await);
    }
    assert_eq!(
        host.queue.actions().iter().filter(|a| *a == "ChangeMessageVisibilityBatch").count(),
        1
    );
    assert_eq!(host.model.requests().len(), 3, "what is behind the failure was not tried");

    host.clock.advance(SignedDuration::from_millis(6_999));
    assert!(host.queue.receive().await.is_empty(), "nothing before the wait is over");
    host.clock.advance(SignedDuration::from_millis(1));
    let again = host.deliver().await;
    assert_eq!(again.ids(&stuck_ones), ids(&again.records), "all of them, in order");
    assert!(again.reported.is_empty());
    for answered in stuck_ones {
        host.reply(answered, Status::Answered).await;
    }
    assert_eq!(host.usage(&ada, host.now()).await.unwrap().messages, 5);
}

#[tokio::test]
async fn what_was_answered_before_the_failure_is_not_reported() {
    let host = Host::start().await;
    host.model.on(Behaviour::new(Respond::status(OVERLOADED)).when("second").times(1));
    let ada = host.user().await;
    let [stuck, free] = [host.room(&ada).await, host.room(&ada).await];
    let first = host.ask(&ada, stuck, "first").await;
    let second = host.ask(&ada, stuck, "second").await;
    let third = host.ask(&ada, stuck, "third").await;
    let other = host.ask(&ada, free, "other").await;
    // SQS may hand a batch's rooms out in any order, only each room's own is kept.
    let mut records = host.queue.receive().await;
    records.swap(2, 3);
    records.swap(1, 2);

    let reported = host.handle_records(&records).await;

    let reported_ones = [&records[2], &records[3]].map(|record| record.message_id.clone().unwrap());
    assert_eq!(reported, reported_ones);
    host.reply(first, Status::Answered).await;
    host.reply(other, Status::Answered).await;
    assert!(host.is_pending(second).await && host.is_pending(third).await);
}

#[tokio::test]
async fn a_batch_without_failures_leaves_the_queue_alone() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    host.ask(&ada, room, "Fine?").await;
    let records = host.queue.receive().await;
    host.queue.actions();
    assert!(host.handle_records(&records).await.is_empty());
    assert!(host.queue.actions().is_empty());
}

#[tokio::test]
async fn a_job_that_cannot_be_read_is_the_only_one_that_becomes_a_dead_letter() {
    let host = Host::start().await;
    let ada = host.user().await;
    let [room, other_room] = [host.room(&ada).await, host.room(&ada).await];
    let poison = r#"{"user_id":"nobody"}"#;
    host.queue.send(room, "poison", poison).await;
    let mate = host.ask(&ada, room, "Behind it").await;
    let other = host.ask(&ada, other_room, "Beside it").await;

    let delivered = host.deliver().await;

    assert_eq!(delivered.records.len(), 3);
    let unreadable = delivered.records.iter().find(|record| record.body.as_deref() == Some(poison));
    assert_eq!(delivered.reported, [unreadable.unwrap().message_id.clone().unwrap()]);
    for answered in [mate, other] {
        host.reply(answered, Status::Answered).await;
    }

    // It comes again at once, and is nobody's business in the end.
    for _ in 1..MAX_RECEIVE_COUNT {
        let delivered = host.deliver().await;
        assert_eq!(delivered.reported.len(), 1);
    }
    assert!(host.deliver().await.records.is_empty());
    assert_eq!(host.queue.dead_letters().await, [poison]);
    assert_eq!(host.queue.len(), 0);
    let later = host.ask(&ada, room, "After it").await;
    assert!(host.deliver().await.reported.is_empty());
    host.reply(later, Status::Answered).await;
}

#[tokio::test]
async fn a_panic_is_the_matter_of_one_record() {
    let host = Host::start().await;
    host.model.on(Behaviour::new(Respond::Answer).when("calm").delay(Duration::from_millis(300)));
    let ada = host.user().await;
    let [room, calm_room] = [host.room(&ada).await, host.room(&ada).await];
    let unlucky = host.ask(&ada, room, "unlucky").await;
    let behind = host.ask(&ada, room, "behind").await;
    let calm = host.ask(&ada, calm_room, "calm").await;
    let records = host.queue.receive().await;
    // The first reading is the batch's, the second that of the first reply.
    let clock =
        BrokenOnce { clock: Arc::clone(&host.clock), breaks_at: 2, read: AtomicU32::new(0) };
    let worker = host.worker_by(Arc::new(clock)).await;

    let time = Duration::from_mins(2);
    let reported = host.handle(&worker, event(records.clone()), time).await;

    assert_eq!(reported, ids_about(&records, &[unlucky, behind]));
    host.reply(calm, Status::Answered).await;
    assert!(host.is_pending(unlucky).await && host.is_pending(behind).await);
    host.clock.advance(SignedDuration::from_secs(1));
    let again = host.deliver().await;
    assert!(again.reported.is_empty());
    for answered in [unlucky, behind] {
        host.reply(answered, Status::Answered).await;
    }
}

#[tokio::test]
async fn what_the_invocation_has_no_time_for_is_put_back_untouched() {
    let host = Host::start().await;
    let ada = host.user().await;
    let [room, other_room] = [host.room(&ada).await, host.room(&ada).await];
    let first = host.ask(&ada, room, "first").await;
    let second = host.ask(&ada, room, "second").await;
    let third = host.ask(&ada, room, "third").await;
    let other = host.ask(&ada, other_room, "other").await;

    // A call of the model may take 100 s, and its reply has to be written afterwards.
    let delivered = host.deliver_within(Duration::from_secs(105)).await;

    assert_eq!(delivered.reported, delivered.ids(&[second, third]));
    for answered in [first, other] {
        host.reply(answered, Status::Answered).await;
    }
    assert!(host.is_pending(second).await && host.is_pending(third).await);
    assert_eq!(host.model.requests().len(), 2);

    // At once, and with all five attempts before them.
    let again = host.deliver().await;
    assert_eq!(ids(&again.records), again.ids(&[second, third]));
    assert!(again.reported.is_empty());
    for answered in [second, third] {
        host.reply(answered, Status::Answered).await;
    }
}

#[tokio::test]
async fn a_store_that_is_down_puts_everything_off_in_order() {
    let mut host = Host::start().await;
    let ada = host.user().await;
    let [room, other_room] = [host.room(&ada).await, host.room(&ada).await];
    let first = host.ask(&ada, room, "first").await;
    let second = host.ask(&ada, room, "second").await;
    let other = host.ask(&ada, other_room, "other").await;
    let records = host.queue.receive().await;
    let nowhere = host.env.clone().with("MESSAGES_TABLE", "gone");
    let env = std::mem::replace(&mut host.env, nowhere);
    let broken = host.worker_by(host.clock.clone()).await;
    host.env = env;

    let time = Duration::from_mins(2);
    let reported = host.handle(&broken, event(records.clone()), time).await;

    assert_eq!(reported, ids_about(&records, &[first, second, other]));
    assert!(host.queue.receive().await.is_empty(), "not at once");
    host.clock.advance(SignedDuration::from_secs(1));
    assert!(host.deliver().await.reported.is_empty());
    for answered in [first, second, other] {
        host.reply(answered, Status::Answered).await;
    }
}

#[tokio::test]
async fn a_room_that_takes_too_long_to_be_read_is_put_off_before_the_model_is_asked() {
    let mut host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    // Four pages have to be read, and four calls take more than one of them may.
    for nth in 0..200 {
        host.accept(&ada, room, &format!("lost {nth}")).await;
    }
    let last = host.ask(&ada, room, "last").await;
    let dynamodb = host.env.require("AWS_ENDPOINT_URL_DYNAMODB").unwrap();
    let slow = testing::relay(dynamodb, |_| tokio::time::sleep(Duration::from_millis(2_500)));
    host.env = host.env.clone().with("AWS_ENDPOINT_URL_DYNAMODB", slow.await);
    let slow = host.worker_by(host.clock.clone()).await;
    let records = host.queue.receive().await;

    let reported = host.handle(&slow, event(records.clone()), Duration::from_mins(2)).await;

    assert_eq!(reported, ids_about(&records, &[last]));
    assert!(host.model.requests().is_empty());
}

#[tokio::test]
async fn a_record_that_cannot_be_reported_fails_the_whole_batch() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let question = host.ask(&ada, room, "Who am I?").await;
    let mut records = host.queue.receive().await;
    records[0].message_id = None;
    let failed = host.worker.handle(LambdaEvent::new(event(records), Context::default())).await;
    assert!(failed.is_err());
    assert!(host.is_pending(question).await);
}

/// A clock that panics at one of its readings.
#[derive(Debug)]
struct BrokenOnce {
    clock: Arc<ManualClock>,
    breaks_at: u32,
    read: AtomicU32,
}

impl Clock for BrokenOnce {
    fn now(&self) -> Timestamp {
        let nth = self.read.fetch_add(1, Ordering::SeqCst) + 1;
        assert_ne!(nth, self.breaks_at, "this clock is broken");
        self.clock.now()
    }
}

fn ids(records: &[SqsMessage]) -> Vec<String> {
    records.iter().map(|record| record.message_id.clone().unwrap()).collect()
}

fn ids_about(records: &[SqsMessage], questions: &[Asked]) -> Vec<String> {
    let delivered = crate::host::Delivered { records: records.to_vec(), reported: Vec::new() };
    delivered.ids(questions)
}
