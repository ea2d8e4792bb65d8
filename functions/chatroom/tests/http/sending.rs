//! A message on its way: durable first, queued second.

use std::time::Duration;

use axum::body::Body;
use jiff::SignedDuration;
use serde_json::json;
use shared::queue::Job;
use tokio::net::TcpListener;

use crate::{faults::Faults, host::Host};

#[tokio::test]
async fn an_accepted_message_is_pending_and_queued_in_its_rooms_group() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let answer = host.send(&ada, room, "Which moons are there?").await;
    let shown = answer.is(202).json();
    assert_eq!(
        shown,
        json!({
            "id": answer.id(), "chatroom_id": room, "content": "Which moons are there?",
            "is_from_user": true, "status": "pending", "created_at": "2026-11-21T10:00:00.250Z",
        })
    );
    assert_eq!(host.get(&ada, answer.header("location")).await.is(200).json(), shown);
    assert_eq!(host.pending().await, [answer.id()]);

    let queued = host.queued().await;
    let [message] = &queued[..] else { panic!("{queued:?}") };
    let job: Job = serde_json::from_str(message.body().unwrap()).unwrap();
    assert_eq!(job.user_id, ada.user_id);
    assert_eq!((job.chatroom_id, job.message_id.to_string()), (room, answer.id()));
    let attributes = message.attributes.as_ref().unwrap();
    let attribute = |name: &str| attributes.iter().find(|(n, _)| n.as_str() == name).unwrap().1;
    assert_eq!(attribute("MessageGroupId"), &room.to_string());
    assert_eq!(attribute("MessageDeduplicationId"), &answer.id());
}

#[tokio::test]
async fn a_queue_that_is_down_loses_nothing() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let nowhere = closed_port().await;
    let instance = host.instance_with("AWS_ENDPOINT_URL_SQS", &nowhere).await;
    let answer = host.send_by(&instance, &ada, room, "Anybody there?").await;
    assert_eq!(answer.is(202).daily().unwrap().0, 4);
    assert_eq!(host.pending().await, [answer.id()]);
    assert!(host.queued().await.is_empty());
}

#[tokio::test]
async fn a_queue_that_does_not_answer_loses_nothing_and_is_not_waited_for() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let instance = host.instance_with("AWS_ENDPOINT_URL_SQS", &url).await;
    let started = std::time::Instant::now();
    let answer = host.send_by(&instance, &ada, room, "Anybody there?").await;
    answer.is(202);
    assert_eq!(host.pending().await, [answer.id()]);
    let took = started.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}: half of what the function has");
}

#[tokio::test]
async fn headers_that_cannot_be_made_stop_no_message() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let faults = Faults::start(host.dynamodb_url()).await;
    let instance = host.instance_with("AWS_ENDPOINT_URL_DYNAMODB", &faults.url).await;
    // The profile is only read to tell how much is left.
    faults.refuse("GetItem");
    let answer = host.send_by(&instance, &ada, room, "Never mind").await;
    assert_eq!(answer.is(202).daily(), None);
    assert_eq!(host.queued().await.len(), 1);
    for _ in 0..4 {
        host.send_by(&instance, &ada, room, "Never mind").await.is(202);
    }
    host.send_by(&instance, &ada, room, "One too many").await.is_problem(429, "quota_exceeded");
}

#[tokio::test]
async fn a_store_that_is_down_is_a_503_and_queues_nothing() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let faults = Faults::start(host.dynamodb_url()).await;
    let instance = host.instance_with("AWS_ENDPOINT_URL_DYNAMODB", &faults.url).await;
    faults.refuse("TransactWriteItems");
    let answer = host.send_by(&instance, &ada, room, "Anybody there?").await;
    let problem = answer.is_problem(503, "unavailable");
    assert!(!problem.to_string().contains("AccessDenied"), "{problem}");
    assert!(answer.headers.contains_key("retry-after"));
    assert!(host.queued().await.is_empty());
    assert!(host.messages(room).await.is_empty());
}

#[tokio::test]
async fn a_room_that_is_gone_takes_nothing() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let path = format!("/chatroom/{room}");
    host.send(&ada, room, "Before").await.is(202);
    host.delete(&ada, &path).await.is(204);
    host.after(SignedDuration::from_secs(1));
    host.send(&ada, room, "After").await.is_problem(404, "not_found");
    host.send_once(&ada, room, "a key", "After").await.is_problem(404, "not_found");
    assert_eq!(host.messages(room).await.len(), 1);
    assert_eq!(host.used(&ada).await, 1);
    for path in [path.clone(), format!("{path}/messages")] {
        host.get(&ada, &path).await.is_problem(404, "not_found");
    }
    host.patch(&ada, &path, &json!({ "name": "Back" })).await.is_problem(404, "not_found");
    host.delete(&ada, &path).await.is_problem(404, "not_found");
    assert!(host.get(&ada, "/chatroom").await.ids().is_empty());
    // A room that never was is the same.
    let never = ada.user_id.to_string();
    for id in [never.as_str(), "nonsense"] {
        let path = format!("/chatroom/{id}/message");
        let answer = host.post(&ada, &path, &json!({ "content": "Hello" })).await;
        answer.is_problem(404, "not_found");
    }
}

#[tokio::test]
async fn sixteen_thousand_characters_of_four_bytes_fit() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let content = "🪐".repeat(16_000);
    assert_eq!(content.len(), 64_000);
    let answer = host.send_once(&ada, room, "a key", &content).await;
    assert!(answer.is(202).json()["content"] == content.as_str());
    let read = host.get(&ada, answer.header("location")).await;
    assert!(read.is(200).json()["content"] == content.as_str());
    let again = host.send_once(&ada, room, "a key", &content).await;
    assert!(again.body == answer.body);

    let longer = format!("{content}🪐");
    host.send(&ada, room, &longer).await.is_problem(422, "validation_failed");
    assert_eq!(host.messages(room).await.len(), 1);
}

#[tokio::test]
async fn a_body_of_more_than_64_kib_is_refused_declared_or_not() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let path = format!("/chatroom/{room}/message");
    let body = |length: usize| {
        let start = r#"{"content":"Hello"}"#;
        format!("{start}{}", " ".repeat(length - start.len()))
    };
    let streamed = |text: String| {
        Body::from_stream(futures_util::stream::iter(
            text.into_bytes()
                .chunks(10_000)
                .map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()))
                .collect::<Vec<_>>(),
        ))
    };
    let (fits, too_large) = (body(65_536), body(65_537));
    host.post_with(&ada, &path, None, fits.clone()).await.is(202);
    host.post_with(&ada, &path, None, streamed(fits)).await.is(202);
    let refused = host.post_with(&ada, &path, None, too_large.clone()).await;
    refused.is_problem(413, "body_too_large");
    let refused = host.post_with(&ada, &path, None, streamed(too_large)).await;
    refused.is_problem(413, "body_too_large");
}

#[tokio::test]
async fn the_older_name_of_the_content_is_taken_too() {
    let host = Host::start().await;
    let ada = host.user().await;
    let path = format!("/chatroom/{}/message", host.room(&ada).await);
    let answer = host.post(&ada, &path, &json!({ "text": "Hello" })).await;
    assert_eq!(answer.is(202).json()["content"], "Hello");
    let problem = host.post(&ada, &path, &json!({})).await.is_problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["field"], "content");
    let problem = host.post(&ada, &path, &json!({ "text": "" })).await;
    let problem = problem.is_problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["field"], "text");
}

/// An address where nobody listens.
async fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
