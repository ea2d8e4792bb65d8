//! The functions behind the queue and the schedules.

use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::{
    domain::{ChatroomId, Ids, Side, Status},
    queue::Job,
    store::Direction,
};

use tests::deployed::{World, event};

use crate::emulator::Emulator;

#[tokio::test]
async fn gemini_worker_answers_a_batch_of_two_rooms() {
    let world = World::start().await;
    let event = event("gemini-worker");
    let records = event["Records"].as_array().unwrap().iter();
    let jobs: Vec<Job> = records
        .map(|record| serde_json::from_str(record["body"].as_str().unwrap()).unwrap())
        .collect();
    assert_eq!(jobs.len(), 2);
    let ada = world.user(jobs[0].user_id).await;
    for job in &jobs {
        world.room(&ada, job.chatroom_id).await;
        world.ask(&ada, job.chatroom_id, job.message_id).await;
    }

    let worker = Emulator::of(&world, "gemini-worker");
    let answer = worker.invoke(&event).await;
    assert_eq!(answer.payload, json!({"batchItemFailures": []}), "{answer:?}");
    for job in &jobs {
        assert_eq!(replies(&world, job).await, 1);
    }
    assert_eq!(world.model.requests().len(), 2);

    // SQS delivers at least once.
    let again = worker.invoke(&event).await;
    assert_eq!(again.payload, answer.payload);
    assert_eq!(replies(&world, &jobs[0]).await, 1);
    assert_eq!(world.model.requests().len(), 2);
}

/// How many replies there are to a question that must be answered.
async fn replies(world: &World, job: &Job) -> usize {
    let page = world.store.messages(job.chatroom_id, Direction::Latest, 100).await.unwrap();
    let asked = page.messages.iter().find(|message| message.id == job.message_id).unwrap();
    let answered = matches!(asked.side, Side::Question { status: Status::Answered, .. });
    assert!(answered, "{asked:?}");
    let is_reply =
        |side: &Side| matches!(side, Side::Reply { reply_to, .. } if *reply_to == job.message_id);
    page.messages.iter().filter(|message| is_reply(&message.side)).count()
}

#[tokio::test]
async fn sweeper_queues_what_has_been_pending_for_minutes() {
    let world = World::start().await;
    let (ids, then) = (Ids::default(), world.now() - SignedDuration::from_mins(5));
    let ada = world.person().await;
    let room: ChatroomId = ids.next(then);
    world.room(&ada, room).await;
    let message = ids.next(then);
    world.ask(&ada, room, message).await;

    let report = Emulator::of(&world, "sweeper").invoke(&event("sweeper")).await.payload;
    assert_eq!((&report["queued"], &report["failed_steps"]), (&json!(1), &json!(0)), "{report}");
    let queued = world.queued().await;
    assert_eq!(queued.len(), 1, "{queued:?}");
    assert_eq!(queued[0]["message_id"], message.to_string());
}

#[tokio::test]
async fn reconciler_asks_stripe_about_a_checkout_that_was_left() {
    let world = World::start().await;
    let now = world.now();
    world.clock.set(now - SignedDuration::from_hours(2));
    world.buyer().await;
    world.clock.set(now);
    world.stripe.clear_requests();

    let report = Emulator::of(&world, "reconciler").invoke(&event("reconciler")).await.payload;
    let expected: Value = json!({"synced": 1, "closed": 0, "nothing": 0, "put_off": 0});
    assert_eq!(report, expected);
    assert!(!world.stripe.requests().is_empty());
}
