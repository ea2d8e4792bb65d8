//! What wakes a receive that waits. Each test first sees it wait, so none depends on timing.

use std::{future::ready, pin::pin, time::Duration};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::*;
use crate::sqs::protocol::ReceivedMessages;

const URL: &str = "http://localhost/000000000000/jobs.fifo";
const DEAD_URL: &str = "http://localhost/000000000000/dead.fifo";

/// A request about a queue, from its JSON.
fn about<T: DeserializeOwned>(url: &str, mut fields: Value) -> T {
    fields["QueueUrl"] = url.into();
    serde_json::from_value(fields).unwrap()
}

fn sqs() -> Sqs {
    let sqs = Sqs::default();
    let fifo = json!({ "FifoQueue": "true" });
    let create = |fields| sqs.create_queue(serde_json::from_value(fields).unwrap()).unwrap();
    create(json!({ "QueueName": "dead.fifo", "Attributes": fifo }));
    create(json!({ "QueueName": "jobs.fifo", "Attributes": fifo }));
    sqs
}

fn send(sqs: &Sqs, body: &str) {
    let fields =
        json!({ "MessageBody": body, "MessageGroupId": "a", "MessageDeduplicationId": body });
    sqs.send_message(about(URL, fields)).unwrap();
}

fn take(sqs: &Sqs, visibility_timeout: u32) -> String {
    let fields = json!({ "VisibilityTimeout": visibility_timeout });
    let receive = sqs.receive_message(about(URL, fields));
    let mut received = futures_util::FutureExt::now_or_never(receive).unwrap().unwrap();
    received.messages.remove(0).receipt_handle
}

/// Lets `event` happen while a receive from `url` waits, and returns what the receive comes to.
async fn receive_during(sqs: &Sqs, url: &str, event: impl FnOnce()) -> Result<Vec<String>, Error> {
    let fields = json!({ "WaitTimeSeconds": 20, "MaxNumberOfMessages": 10 });
    let mut receive = pin!(sqs.receive_message(about(url, fields)));
    tokio::select! {
        biased;
        _ = &mut receive => panic!("it does not wait"),
        () = ready(()) => event(),
    }
    let woken = timeout(Duration::from_secs(5), receive).await.expect("it was not woken");
    woken.map(|ReceivedMessages { messages }| messages.into_iter().map(|m| m.body).collect())
}

#[tokio::test]
async fn a_send_wakes_a_receive() {
    let sqs = sqs();
    let received = receive_during(&sqs, URL, || send(&sqs, "a1")).await;
    assert_eq!(received.unwrap(), ["a1"]);
}

#[tokio::test]
async fn a_delete_that_unlocks_a_group_wakes_a_receive() {
    let sqs = sqs();
    send(&sqs, "a1");
    let handle = take(&sqs, 30);
    send(&sqs, "a2");
    let received = receive_during(&sqs, URL, || {
        sqs.delete_message(&about(URL, json!({ "ReceiptHandle": handle }))).unwrap();
    });
    assert_eq!(received.await.unwrap(), ["a2"]);
}

#[tokio::test]
async fn a_message_that_is_given_back_wakes_a_receive() {
    let sqs = sqs();
    send(&sqs, "a1");
    let handle = take(&sqs, 30);
    let received = receive_during(&sqs, URL, || {
        let fields = json!({ "ReceiptHandle": handle, "VisibilityTimeout": 0 });
        sqs.change_message_visibility(&about(URL, fields)).unwrap();
    });
    assert_eq!(received.await.unwrap(), ["a1"]);
}

#[tokio::test]
async fn the_end_of_a_visibility_timeout_wakes_a_receive() {
    let sqs = sqs();
    send(&sqs, "a1");
    take(&sqs, 1);
    assert_eq!(receive_during(&sqs, URL, || ()).await.unwrap(), ["a1"]);
}

#[tokio::test]
async fn a_shorter_visibility_timeout_is_noticed_by_a_receive_that_waits_already() {
    let sqs = sqs();
    send(&sqs, "a1");
    let handle = take(&sqs, 30);
    let received = receive_during(&sqs, URL, || {
        let fields = json!({ "ReceiptHandle": handle, "VisibilityTimeout": 1 });
        sqs.change_message_visibility(&about(URL, fields)).unwrap();
    });
    assert_eq!(received.await.unwrap(), ["a1"]);
}

#[tokio::test]
async fn a_dead_letter_wakes_a_receive_from_the_dead_letter_queue() {
    let sqs = sqs();
    let policy = r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead.fifo","maxReceiveCount":1}"#;
    let fields = json!({ "Attributes": { "RedrivePolicy": policy } });
    sqs.set_queue_attributes(&about(URL, fields)).unwrap();
    send(&sqs, "a1");
    take(&sqs, 0);
    let received = receive_during(&sqs, DEAD_URL, || {
        let receive = sqs.receive_message(about(URL, json!({})));
        let source = futures_util::FutureExt::now_or_never(receive).unwrap().unwrap();
        assert!(source.messages.is_empty());
    });
    assert_eq!(received.await.unwrap(), ["a1"]);
    assert_eq!(sqs.depth("jobs.fifo"), Some(Depth::default()));
}

#[tokio::test]
async fn deleting_the_queue_ends_a_receive() {
    let sqs = sqs();
    let received = receive_during(&sqs, URL, || {
        sqs.delete_queue(&about(URL, json!({}))).unwrap();
    });
    assert_eq!(received.await, Err(Error::QueueDoesNotExist));
}

#[tokio::test]
async fn closing_ends_a_receive_with_nothing() {
    let sqs = sqs();
    assert_eq!(receive_during(&sqs, URL, || sqs.close()).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_message_goes_to_one_of_two_receives() {
    let sqs = sqs();
    let wait = || sqs.receive_message(about(URL, json!({ "WaitTimeSeconds": 1 })));
    let (mut one, mut other) = (pin!(wait()), pin!(wait()));
    tokio::select! {
        biased;
        _ = &mut one => panic!("it does not wait"),
        _ = &mut other => panic!("it does not wait"),
        () = ready(()) => send(&sqs, "a1"),
    }
    let (one, other) = tokio::join!(one, other);
    assert_eq!(one.unwrap().messages.len() + other.unwrap().messages.len(), 1);
}
