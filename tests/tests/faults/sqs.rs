//! SQS refuses, hangs, loses its answers, and delivers more than once; the worker dies; a job can't be
//! read.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use shared::aws::OPERATION;
use tests::{
    Behaviour, PATIENCE, Respond,
    chaos::fault::{Fault, Target},
    clear_of_midnight, eventually,
    model::asked_about,
};

use crate::world::{RECOVERY, World, answered_once_in_order, within};

/// A message is accepted, and answered, though it can't be queued: by the sweeper.
async fn answered_though_sending(fault: Fault) {
    clear_of_midnight().await;
    let world = World::builder().start().await;
    let user = world.user().await;
    let [room, other] = [user.create_room("Two").await, user.create_room("One").await];
    world.fails(Target::Sqs, "SendMessage", &fault);
    let mut questions = Vec::new();
    for (room, content) in [(&room, "first"), (&room, "second"), (&other, "third")] {
        let content = format!("Not queued, {content}");
        // The queue is not waited for as long as one of its calls may take.
        let sent = within(OPERATION, user.sending(room, &content)).await;
        questions.push(sent.expect(202).string("id"));
    }
    assert!(world.failed(Target::Sqs) >= 3, "nothing has failed");
    world.proxy(Target::Sqs).calm();

    let [first, second, third] = [0, 1, 2].map(|nth| questions[nth].as_str());
    answered_once_in_order(&user, &room, &[first, second]).await;
    answered_once_in_order(&user, &other, &[third]).await;
    world.wait_for_jobs((0, 0)).await;
    assert_eq!(asked_about(&world.model, "Not queued").len(), 3, "each was asked once");
    assert_eq!(user.daily_message_count().await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_sqs_refuses_is_accepted_and_answered() {
    answered_though_sending(Fault::Refuse).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_queueing_is_not_confirmed_is_answered_once() {
    answered_though_sending(Fault::Swallow).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_sqs_does_not_answer_to_is_accepted_in_time_and_answered() {
    answered_though_sending(Fault::Hang).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_first_is_answered_first_though_it_was_never_queued() {
    // The sweeper comes too late to help.
    let world = World::builder().env("REQUEUE_AFTER_SECONDS", "600").start().await;
    let user = world.user().await;
    let room = user.create_room("In order").await;
    world.fails(Target::Sqs, "SendMessage", &Fault::Refuse);
    let first = user.ask(&room, "Never queued").await;
    world.proxy(Target::Sqs).calm();
    let second = user.ask(&room, "Queued").await;
    answered_once_in_order(&user, &room, &[&first, &second]).await;
    world.wait_for_jobs((0, 0)).await;
}

/// The queue is less patient than the model: a job comes again while it is being answered.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_delivered_to_two_workers_is_one_reply_and_one_unit() {
    clear_of_midnight().await;
    let world = World::builder().processes(2).visibility_timeout(1).start().await;
    let user = world.user().await;
    let [good, bad] = [user.create_room("Good").await, user.create_room("Bad").await];
    world.model.set_delay(Duration::from_millis(2_500));
    let blocked = Behaviour::new(Respond::Block).when("Blocked");
    world.model.on(blocked.delay(Duration::from_millis(2_500)));
    let answered = user.ask(&good, "Delivered twice").await;
    let failed = user.ask(&bad, "Blocked, and delivered twice").await;
    let twice = async |what: &str| {
        eventually("it is delivered twice", PATIENCE, async || {
            (asked_about(&world.model, what).len() >= 2).then_some(())
        })
        .await;
    };
    twice("Delivered twice").await;
    twice("Blocked").await;

    answered_once_in_order(&user, &good, &[&answered]).await;
    user.wait_for_reply_within(RECOVERY, &bad, &failed).await;
    world.wait_for_jobs((0, 0)).await;
    assert_eq!(user.messages(&good).await.len(), 2);
    assert_eq!(user.messages(&bad).await.len(), 2);
    // One unit given back, not two; one reply paid for.
    assert_eq!(user.daily_message_count().await, 1);
    let usage = user.get("/user/me/usage?days=1").await.expect(200).array();
    let counts = ["messages", "failures"].map(|name| usage[0][name].as_u64());
    assert_eq!(counts, [Some(1), Some(1)], "{usage:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_between_its_reply_and_its_acknowledgement_has_replied_once() {
    clear_of_midnight().await;
    let world = World::builder().visibility_timeout(2).start().await;
    let user = world.user().await;
    let room = user.create_room("Unacknowledged").await;
    world.fails(Target::Sqs, "DeleteMessageBatch", &Fault::Hang);
    let question = user.ask(&room, "Replied and not acknowledged").await;
    user.wait_for_reply(&room, &question).await;
    world.wait_for_failed(Target::Sqs, 1).await;
    world.parleys[0].kill();
    assert_eq!(world.jobs(), (1, 0), "the job is still there");
    world.calm();
    world.parleys[0].begin().await;

    world.wait_for_jobs((0, 0)).await;
    world.wait_for_log(0, "settled before: delivered once more").await;
    answered_once_in_order(&user, &room, &[&question]).await;
    assert_eq!(asked_about(&world.model, "not acknowledged").len(), 1, "it was settled");
    assert_eq!(user.daily_message_count().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_can_not_be_acknowledged_comes_again_and_is_left_alone() {
    clear_of_midnight().await;
    let world = World::builder().visibility_timeout(1).start().await;
    let user = world.user().await;
    let room = user.create_room("Unacknowledged").await;
    world.fails(Target::Sqs, "DeleteMessageBatch", &Fault::Refuse);
    let question = user.ask(&room, "Replied and not acknowledged").await;
    world.wait_for_log(0, "settled before: delivered once more").await;
    world.calm();
    world.wait_for_jobs((0, 0)).await;
    answered_once_in_order(&user, &room, &[&question]).await;
    assert_eq!(asked_about(&world.model, "not acknowledged").len(), 1, "it was settled");
    assert_eq!(user.daily_message_count().await, 1);
}

/// The alarm that goes off by it is held against its queue in `local/tests/template/metrics.rs`.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_can_not_be_read_is_a_dead_letter_and_its_batch_mates_are_answered() {
    // The sweeper comes too late to help.
    let world = World::builder().env("REQUEUE_AFTER_SECONDS", "600").start().await;
    let user = world.user().await;
    let [room, other] = [user.create_room("Poisoned").await, user.create_room("Beside it").await];
    // Nothing is received until all are queued.
    world.breaks(Target::Sqs, &Fault::Refuse);
    world.wait_for_failed(Target::Sqs, 1).await;
    world.fails(Target::Sqs, "ReceiveMessage", &Fault::Refuse);
    let before = user.ask(&room, "Before the poison").await;
    world.enqueue(&room, "no job at all").await;
    let behind = user.ask(&room, "Behind the poison").await;
    let beside = user.ask(&other, "Beside the poison").await;
    assert_eq!(world.jobs(), (4, 0));
    // Then once, and not again until all that can be settled is: it was one batch.
    let received = AtomicBool::default();
    world.proxy(Target::Sqs).decide(move |call| {
        let receives = call.operation == "ReceiveMessage";
        (receives && received.swap(true, Ordering::SeqCst)).then_some(Fault::Refuse)
    });
    answered_once_in_order(&user, &room, &[&before, &behind]).await;
    answered_once_in_order(&user, &other, &[&beside]).await;
    world.wait_for_jobs((1, 0)).await;
    assert_eq!(world.parleys[0].logs().matches("a job that can't be read").count(), 1);
    world.calm();

    world.wait_for_jobs((0, 1)).await;
    assert_eq!(asked_about(&world.model, "the poison").len(), 3, "each was asked once");
    let after = user.ask(&room, "After the poison").await;
    answered_once_in_order(&user, &room, &[&before, &behind, &after]).await;
}
