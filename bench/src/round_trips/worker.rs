//! What the worker does with a batch, as Lambda hands it one.

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use jiff::SignedDuration;
use lambda_runtime::{Context, LambdaEvent};
use local::deployed::FUNCTION_TIMEOUT;
use shared::{
    domain::Clock as _,
    queue::{Envelope, Job},
};

use super::{person::Person, row::Row, world::World};

/// Messages in each room before the question.
const HISTORY: usize = 10;

/// The largest batch of a FIFO queue
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html>).
pub(super) const BATCH: usize = 10;

/// A batch of one message, and a full one, whose messages are of as many rooms and people.
pub(super) async fn rows(world: &World) -> [Row; 2] {
    [batch(world, "a batch of 1", 1).await, batch(world, "a batch of 10 rooms", BATCH).await]
}

async fn batch(world: &World, state: &'static str, rooms: usize) -> Row {
    let mut event = SqsEvent::default();
    for _ in 0..rooms {
        let person = Person::new(world).await;
        let room = person.room_with(HISTORY).await;
        event.records.push(record(person.asks(room).await));
    }
    let mut context = Context::default();
    let deadline = world.clock.now() + SignedDuration::try_from(FUNCTION_TIMEOUT).unwrap();
    context.deadline = deadline.as_millisecond().unsigned_abs();
    let handled = Box::pin(world.worker.handle(LambdaEvent::new(event, context)));
    let (row, answer) = world.measure_batch(state, handled).await;
    assert_eq!(answer.unwrap().batch_item_failures.len(), 0, "all are settled");
    row
}

/// A job as the mapping finds it in the queue.
fn record(job: Job) -> SqsMessage {
    let envelope = Envelope { job, request_id: None };
    let mut record = SqsMessage::default();
    record.message_id = Some(job.message_id.to_string());
    record.receipt_handle = Some(job.message_id.to_string());
    record.body = Some(serde_json::to_string(&envelope).unwrap());
    let attributes =
        [("MessageGroupId", job.chatroom_id.to_string()), ("ApproximateReceiveCount", "1".into())];
    record.attributes = attributes.map(|(name, value)| (name.to_owned(), value)).into();
    record
}
