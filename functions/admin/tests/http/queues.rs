//! The queue, its dead letters, and what is pending in the table.

use aws_sdk_sqs::Client;
use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::{
    domain::{
        ChatroomId, Limits,
        text::{Content, RoomName},
    },
    store::{Created, NewChatroom, NewMessage, Sent},
};

use crate::host::Host;

async fn send(client: &Client, url: &str, name: &str) {
    let message = client.send_message().queue_url(url).message_body(name);
    let message = message.message_group_id(name).message_deduplication_id(name);
    message.send().await.unwrap();
}

#[tokio::test]
async fn messages_are_counted_by_where_they_are() {
    let host = Host::start().await;
    let url = host.env.require("MESSAGE_QUEUE_URL").unwrap();
    for name in ["one", "two", "three"] {
        send(&host.sqs, url, name).await;
    }
    let received = host.sqs.receive_message().queue_url(url).send().await.unwrap();
    assert_eq!(received.messages().len(), 1);
    let status = host.status().await;
    let expected = json!({ "status": "ok", "visible": 2, "in_flight": 1, "delayed": 0 });
    assert_eq!(status["queue"], expected);
    assert_eq!(status["status"], "ok", "work is no trouble");
}

#[tokio::test]
async fn a_dead_letter_needs_an_operator() {
    let host = Host::start().await;
    send(&host.sqs, host.env.require("DEAD_LETTER_QUEUE_URL").unwrap(), "dead").await;
    let status = host.status().await;
    assert_eq!(status["dead_letter_queue"]["visible"], 1);
    assert_eq!(status["queue"]["visible"], 0);
    assert_eq!(status["needs_attention"], json!(["dead_letter_queue"]));
    assert_eq!(status["status"], "degraded");
}

#[tokio::test]
async fn a_queue_that_is_not_there_or_not_reached_takes_nothing_else_with_it() {
    let host = Host::start().await;
    let url = host.env.require("MESSAGE_QUEUE_URL").unwrap();
    let gone = host.env.clone().with("MESSAGE_QUEUE_URL", url.replace("messages", "other"));
    let status = host.status_in(&gone).await;
    assert_eq!(status["queue"], json!({ "status": "unreachable" }));
    assert_eq!(status["needs_attention"], json!(["queue"]));
    assert_eq!(status["dead_letter_queue"]["status"], "ok");

    let down = host.env.clone().with("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:1");
    let status = host.status_in(&down).await;
    assert_eq!(status["needs_attention"], json!(["queue", "dead_letter_queue"]));
    assert_eq!(status["model"]["status"], "ok");
}

/// Asks something that nobody answers.
async fn ask(host: &Host) {
    let user = host.user().await;
    let id: ChatroomId = host.ids.next(host.now());
    let room = NewChatroom { id, name: RoomName::default(), claim: None };
    let created = host.store.create_chatroom(&user, &room).await.unwrap();
    assert!(matches!(created, Created::Done), "{created:?}");
    let content = Content::try_from("Hello".to_owned()).unwrap();
    let message = NewMessage {
        id: host.ids.next(host.now()),
        chatroom_id: id,
        content: &content,
        claim: None,
    };
    let limits = Limits { basic_daily_messages: 5, basic_per_minute: 120, pro_per_minute: 1_200 };
    let sent = host.store.accept(&user, &message, &limits).await.unwrap();
    assert!(matches!(sent, Sent::Accepted), "{sent:?}");
}

#[tokio::test]
async fn the_age_is_that_of_the_question_that_has_waited_longest() {
    let host = Host::start().await;
    // More than there are partitions of the index: whichever the first one fell into.
    for _ in 0..6 {
        ask(&host).await;
        host.clock.advance(SignedDuration::from_secs(10));
    }
    let oldest = |status: &Value| status["oldest_pending"].clone();
    let status = host.status().await;
    assert_eq!(oldest(&status), json!({ "status": "ok", "age_seconds": 60 }));
    assert_eq!(status["status"], "ok");

    host.clock.advance(SignedDuration::from_secs(540));
    let status = host.status().await;
    assert_eq!(oldest(&status)["age_seconds"], 600);
    assert_eq!(status["status"], "ok");

    host.clock.advance(SignedDuration::from_secs(1));
    let status = host.status().await;
    assert_eq!(oldest(&status)["age_seconds"], 601);
    assert_eq!(status["needs_attention"], json!(["oldest_pending"]));
}

#[tokio::test]
async fn a_question_from_a_clock_that_is_ahead_is_of_age_zero() {
    let host = Host::start().await;
    ask(&host).await;
    host.clock.set(host.now() - SignedDuration::from_secs(5));
    assert_eq!(host.look_at(&host.env).await["oldest_pending"]["age_seconds"], 0);
}
