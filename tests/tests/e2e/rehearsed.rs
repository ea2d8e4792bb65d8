//! What only a deployment has: Lambda's mapping between the queue and the worker, the dead-letter queue,
//! schedules, roles. These run in a rehearsal (`make e2e`) and nowhere else.

use std::time::Duration;

use serde_json::json;
use tests::{
    PATIENCE, Parley, eventually,
    model::asked_about,
    rehearsal::{self, own::kill_functions},
    replies_to,
};

/// What waits for a visibility timeout, or for a schedule, waits longer.
const LONG: Duration = Duration::from_secs(100);

#[tokio::test(flavor = "multi_thread")]
async fn what_a_worker_had_in_hand_when_it_died_is_answered_once_by_the_next() {
    if !rehearsal::is_on() {
        return;
    }
    let builder = Parley::builder().without_quota().to_be_killed();
    let Some(parley) = builder.start().await else { return };
    parley.model().set_delay(Duration::from_mins(1));
    let user = parley.user().await;
    let mut questions = Vec::new();
    for nth in 0..3 {
        let room = user.create_room("In hand").await;
        questions.push((room.clone(), user.ask(&room, &format!("Question {nth}")).await));
    }
    eventually("the model is asked", PATIENCE, async || {
        (!asked_about(parley.model(), "Question").is_empty()).then_some(())
    })
    .await;
    assert!(kill_functions(&parley.stack().name) > 0, "nobody was there to be killed");
    parley.model().set_delay(Duration::ZERO);
    for (room, question) in &questions {
        user.wait_for_reply_within(LONG, room, question).await;
        assert_eq!(replies_to(&user.messages(room).await, question).len(), 1);
    }
    let stack = parley.stack();
    eventually("the queue is empty", PATIENCE, async || {
        (stack.depth("MessageQueue").await == 0).then_some(())
    })
    .await;
    assert_eq!(stack.depth("DeadLetterQueue").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_can_not_be_read_fails_alone_and_ends_in_the_dead_letter_queue() {
    if !rehearsal::is_on() {
        return;
    }
    let Some(parley) = Parley::builder().start().await else { return };
    let (stack, user) = (parley.stack(), parley.user().await);
    // So that one batch has them all.
    stack.map_queue(false).await;
    let one = user.create_room("One").await;
    let other = user.create_room("Other").await;
    let first = user.ask(&one, "Question 1").await;
    stack.send("MessageQueue", &one, "no job at all").await;
    let behind = user.ask(&one, "Question 2").await;
    let beside = user.ask(&other, "Question 3").await;
    stack.map_queue(true).await;
    for (room, question) in [(&one, &first), (&one, &behind), (&other, &beside)] {
        user.wait_for_reply(room, question).await;
    }
    eventually("only what can't be read is left", LONG, async || {
        let left = stack.depth("MessageQueue").await + stack.depth("DeadLetterQueue").await;
        (left == 1).then_some(())
    })
    .await;
    eventually("it ends in the dead-letter queue", LONG, async || {
        (stack.depth("DeadLetterQueue").await == 1).then_some(())
    })
    .await;
    assert_eq!(stack.depth("MessageQueue").await, 0);
    assert_eq!(asked_about(parley.model(), "Question").len(), 3, "each was asked once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_given_up_is_done_when_it_is_redriven() {
    if !rehearsal::is_on() {
        return;
    }
    let Some(parley) = Parley::builder().start().await else { return };
    let (stack, user) = (parley.stack(), parley.user().await);
    let room = user.create_room("Given up").await;
    stack.map_queue(false).await;
    let question = user.ask(&room, "Is it done?").await;
    // As after the last receive.
    let (group, job) = stack.take("MessageQueue").await.expect("the job is queued");
    assert_eq!(group, room, "one group for each room");
    stack.send("DeadLetterQueue", &group, &job).await;
    stack.map_queue(true).await;

    let (group, job) = stack.take("DeadLetterQueue").await.expect("it is there");
    stack.send("MessageQueue", &group, &job).await;
    user.wait_for_reply(&room, &question).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sweeper_and_reconciler_run_on_their_schedules() {
    if !rehearsal::is_on() {
        return;
    }
    // The common stack: nobody calls them there but EventBridge.
    let parley = Parley::start().await;
    let since = tests::now().as_millisecond();
    for group in ["SweeperLogs", "ReconcilerLogs"] {
        let ran = eventually("it has run", LONG, async || {
            Some(parley.stack().log(group, since).await).filter(|log| log.contains("END RequestId"))
        })
        .await;
        assert!(!ran.contains("ERROR"), "{ran}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_may_do_what_its_policy_says_and_no_more() {
    if !rehearsal::is_on() {
        return;
    }
    let Some(parley) = Parley::builder().start().await else { return };
    let user = parley.user().await;
    user.get("/user/me").await.is(200);
    // Without its policy it may do nothing: the rehearsal does tell the difference.
    parley.stack().deny_all("UserRole", "user").await;
    let refused = user.get("/user/me").may_fail().await;
    assert!(refused.status() >= 500, "{refused}");
    user.post("/chatroom").json(&json!({"name": "Other roles"})).await.is(201);
}
