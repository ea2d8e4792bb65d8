//! What the log tells of a run, and what is counted.

use local::testing::Lines;
use serde_json::Value;
use shared::store::Pending;

use crate::host::Host;

fn assert_is_about(line: &Value, question: &Pending) {
    assert_eq!(line["user_id"], question.user_id.to_string(), "{line}");
    assert_eq!(line["chatroom_id"], question.chatroom_id.to_string(), "{line}");
    assert_eq!(line["message_id"], question.message_id.to_string(), "{line}");
}

#[tokio::test]
async fn what_is_queued_again_and_given_up_is_told_by_its_ids_and_counted() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let room = host.room(&ada).await;
    let old = host.ask(&ada, room).await;
    host.seconds_pass(3_500);
    let younger = host.ask(&ada, room).await;
    host.seconds_pass(121);
    let (lines, _guard) = Lines::begin(host.clock.clone());
    assert_eq!(host.sweep().await.oldest_pending, Some(3_621));
    assert_is_about(&lines.only("a message was pending for too long and was given up"), &old);
    assert_is_about(&lines.only("queued again"), &younger);
    lines.assert_counted(&[
        ("MessagesGivenUp", 1),
        ("MessagesQueuedAgain", 1),
        ("OldestPending", 3_621),
    ]);
}

#[tokio::test]
async fn a_run_without_anything_to_do_counts_that_nothing_waits() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let room = host.room(&ada).await;
    // It is on its way, most likely.
    host.ask(&ada, room).await;
    host.seconds_pass(60);
    let (lines, _guard) = Lines::begin(host.clock.clone());
    host.sweep().await;
    assert_eq!(lines.only("swept")["OldestPending"], 0);
    lines.assert_counted(&[("OldestPending", 0)]);
}

#[tokio::test]
async fn what_can_not_be_told_is_not_counted() {
    let host = Host::start().await;
    let (lines, _guard) = Lines::begin(host.clock.clone());
    let sweeper = host.sweeper_with("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1");
    sweeper.run(sweeper::Order::default()).await.unwrap_err();
    assert_eq!(lines.only("swept").get("OldestPending"), None);
    lines.assert_counted(&[]);
}

#[tokio::test]
async fn a_message_that_can_not_be_queued_is_told_and_not_counted() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let room = host.room(&ada).await;
    let question = host.ask(&ada, room).await;
    host.seconds_pass(121);
    let (lines, _guard) = Lines::begin(host.clock.clone());
    let sweeper = host.sweeper_with("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:1");
    sweeper.run(sweeper::Order::default()).await.unwrap();
    assert_is_about(&lines.only("a pending message was not taken care of"), &question);
    lines.assert_counted(&[("OldestPending", 121)]);
}
