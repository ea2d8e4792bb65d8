//! Messages: sending, receiving, deleting and hiding them.

use aws_sdk_sqs::{
    primitives::Blob,
    types::{
        ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
        MessageAttributeValue, MessageSystemAttributeName as System, QueueAttributeName as Name,
        SendMessageBatchRequestEntry, SendMessageBatchResultEntry,
    },
};

use super::{Server, bodies, code, handle};

const MIB: usize = 1_048_576;

fn attribute(data_type: &str) -> aws_sdk_sqs::types::builders::MessageAttributeValueBuilder {
    MessageAttributeValue::builder().data_type(data_type)
}

#[tokio::test]
async fn a_message_arrives_with_its_attributes_and_checksums() {
    let server = Server::start().await;
    let url = server.create("jobs", &[]).await;
    let city = attribute("String").string_value("Zürich").build().unwrap();
    let count = attribute("Number.int").string_value("42").build().unwrap();
    let raw = attribute("Binary").binary_value(Blob::new([0, 1, 255])).build().unwrap();
    let request = server.client.send_message().queue_url(&url).message_body("héllo \"wörld\" 🦀");
    let request = request.message_attributes("city", city.clone());
    let request = request.message_attributes("count", count).message_attributes("raw", raw.clone());
    let sent = request.send().await.unwrap();
    // Worked out with another implementation of MD5, from AWS's description of the digest.
    assert_eq!(sent.md5_of_message_body(), Some("56e4fd01a52a2b54c4c947f223b16b0c"));
    assert_eq!(sent.md5_of_message_attributes(), Some("c7446e00843a0f53c5f730ef359af11f"));
    assert_eq!(sent.sequence_number(), None);

    let receive = || server.client.receive_message().queue_url(&url).visibility_timeout(0);
    let all = receive().message_attribute_names("All").send().await.unwrap();
    let all = &all.messages()[0];
    assert_eq!(all.body(), Some("héllo \"wörld\" 🦀"));
    assert_eq!(all.message_id(), sent.message_id());
    assert_eq!(all.md5_of_body(), sent.md5_of_message_body());
    assert_eq!(all.md5_of_message_attributes(), sent.md5_of_message_attributes());
    assert_eq!(all.message_attributes().unwrap()["raw"], raw);

    // The digest is of what is returned.
    let some = receive().message_attribute_names("ci.*").send().await.unwrap();
    let some = &some.messages()[0];
    assert_eq!(some.md5_of_message_attributes(), Some("268df1768c577414d0359dbcb7b9a6fa"));
    assert_eq!(some.message_attributes().unwrap().len(), 1);
    assert_eq!(some.message_attributes().unwrap()["city"], city);

    let none = receive().send().await.unwrap();
    assert_eq!(none.messages()[0].message_attributes(), None);
    assert_eq!(none.messages()[0].attributes(), None);
}

#[tokio::test]
async fn system_attributes_tell_where_a_message_comes_from() {
    let server = Server::start().await;
    let url = server.create("jobs.fifo", &[(Name::VisibilityTimeout, "0")]).await;
    let request = server.client.send_message().queue_url(&url).message_body("m");
    let request = request.message_group_id("room").message_deduplication_id("d-1");
    let sent = request.send().await.unwrap();
    server.receive(&url, 0).await;
    let message = server.receive(&url, 0).await.remove(0);
    let attributes = message.attributes().unwrap();
    let value = |name: System| attributes[&name].as_str();
    assert_eq!(value(System::MessageGroupId), "room");
    assert_eq!(value(System::MessageDeduplicationId), "d-1");
    assert_eq!(value(System::ApproximateReceiveCount), "2");
    assert_eq!(Some(value(System::SequenceNumber)), sent.sequence_number());
    assert!(!value(System::SenderId).is_empty());
    let (sent_at, first): (i64, i64) = (
        value(System::SentTimestamp).parse().unwrap(),
        value(System::ApproximateFirstReceiveTimestamp).parse().unwrap(),
    );
    assert!(1_600_000_000_000 < sent_at && sent_at <= first);

    // The older name of the field still works.
    let receive = server.client.receive_message().queue_url(&url);
    #[expect(deprecated, reason = "that it works is what is tested")]
    let receive = receive.attribute_names(Name::from("MessageGroupId"));
    let message = receive.send().await.unwrap().messages.unwrap().remove(0);
    assert_eq!(message.attributes().unwrap().len(), 1);
}

#[tokio::test]
async fn a_fifo_queue_keeps_order_locks_groups_and_drops_duplicates() {
    let server = Server::start().await;
    let url = server.create("jobs.fifo", &[]).await;
    for (group, body) in [("a", "a1"), ("b", "b1"), ("a", "a2"), ("a", "a1")] {
        server.send(&url, group, body).await;
    }
    let one = server.client.receive_message().queue_url(&url).send().await.unwrap();
    assert_eq!(bodies(one.messages()), ["a1"]);
    assert_eq!(bodies(&server.receive(&url, 0).await), ["b1"]);
    server.delete(&url, &one.messages()[0]).await;
    server.send(&url, "a", "a1").await;
    assert_eq!(bodies(&server.receive(&url, 0).await), ["a2"]);
}

#[tokio::test]
async fn content_based_deduplication_goes_by_the_body() {
    let server = Server::start().await;
    let url = server.create("jobs.fifo", &[(Name::ContentBasedDeduplication, "true")]).await;
    let send = || server.client.send_message().queue_url(&url).message_group_id("a");
    let first = send().message_body("same").send().await.unwrap();
    let again = send().message_body("same").send().await.unwrap();
    assert_eq!(first.message_id(), again.message_id());
    assert_eq!(first.sequence_number(), again.sequence_number());
    send().message_body("other").send().await.unwrap();
    assert_eq!(bodies(&server.receive(&url, 0).await), ["same", "other"]);
}

#[tokio::test]
async fn a_message_received_too_often_arrives_in_the_dead_letter_queue() {
    let server = Server::start().await;
    let dead_url = server.create("dead.fifo", &[]).await;
    let policy = r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead.fifo","maxReceiveCount":2}"#;
    let attributes = [(Name::RedrivePolicy, policy), (Name::VisibilityTimeout, "0")];
    let url = server.create("jobs.fifo", &attributes).await;
    server.send(&url, "room", "poison").await;
    server.send(&url, "room", "fine").await;
    for _ in 0..2 {
        assert_eq!(bodies(&server.receive(&url, 0).await), ["poison", "fine"]);
    }
    assert_eq!(server.receive(&url, 0).await, []);
    let dead = server.receive(&dead_url, 0).await;
    assert_eq!(bodies(&dead), ["poison", "fine"]);
    let attributes = dead[0].attributes().unwrap();
    assert_eq!(attributes[&System::MessageGroupId], "room");
    assert_eq!(attributes[&System::MessageDeduplicationId], "poison");
}

#[tokio::test]
async fn what_a_message_must_not_be_is_refused() {
    let server = Server::start().await;
    let fifo = server.create("jobs.fifo", &[]).await;
    let standard = server.create("jobs", &[]).await;
    let send = |url: &str| server.client.send_message().queue_url(url);
    let to_fifo = |body: &str| send(&fifo).message_body(body).message_group_id("a");
    let cases = [
        (send(&standard).message_body(""), "MissingParameter"),
        (send(&standard).message_body("a".repeat(MIB + 1)), "InvalidParameterValue"),
        (send(&standard).message_body("\u{1}"), "InvalidMessageContents"),
        (send(&standard).message_body("m").delay_seconds(901), "InvalidParameterValue"),
        (send(&standard).message_body("m").message_deduplication_id("d"), "InvalidParameterValue"),
        (to_fifo("m"), "InvalidParameterValue"),
        (to_fifo("m").message_deduplication_id("d d"), "InvalidParameterValue"),
        (to_fifo("m").message_deduplication_id("d").delay_seconds(1), "InvalidParameterValue"),
        (send(&fifo).message_body("m").message_deduplication_id("d"), "MissingParameter"),
    ];
    for (at, (request, expected)) in cases.into_iter().enumerate() {
        assert_eq!(code(request.send().await), expected, "case {at}");
    }
    send(&standard).message_body("a".repeat(MIB)).send().await.unwrap();
}

#[tokio::test]
async fn what_a_receiver_must_not_ask_is_refused() {
    let server = Server::start().await;
    let url = server.create("jobs", &[]).await;
    let receive = || server.client.receive_message().queue_url(&url);
    for request in [
        receive().max_number_of_messages(0),
        receive().max_number_of_messages(11),
        receive().wait_time_seconds(21),
        receive().visibility_timeout(43_201),
    ] {
        assert_eq!(code(request.send().await), "InvalidParameterValue");
    }
}

#[tokio::test]
async fn receipt_handles_are_checked() {
    let server = Server::start().await;
    let url = server.create("jobs.fifo", &[]).await;
    server.send(&url, "a", "a1").await;
    let first = server.receive(&url, 0).await.remove(0);
    let hide = |handle: &str, timeout| {
        let request = server.client.change_message_visibility().queue_url(&url);
        request.receipt_handle(handle).visibility_timeout(timeout).send()
    };
    let delete =
        |handle: &str| server.client.delete_message().queue_url(&url).receipt_handle(handle).send();
    let error = delete("nonsense").await.unwrap_err().into_service_error();
    assert!(error.is_receipt_handle_is_invalid(), "{error:?}");
    let error = hide("nonsense", 1).await.unwrap_err().into_service_error();
    assert!(error.is_receipt_handle_is_invalid(), "{error:?}");
    assert_eq!(code(hide(handle(&first), 43_201).await), "InvalidParameterValue");

    hide(handle(&first), 0).await.unwrap();
    let error = hide(handle(&first), 1).await.unwrap_err().into_service_error();
    assert!(error.is_message_not_inflight(), "{error:?}");
    assert_eq!(code(delete(handle(&first)).await), "InvalidParameterValue");
    let second = server.receive(&url, 0).await.remove(0);
    assert_eq!(code(delete(handle(&first)).await), "InvalidParameterValue");
    delete(handle(&second)).await.unwrap();
    assert_eq!(server.sqs.depth("jobs.fifo"), Some(local::sqs::Depth::default()));
}

fn entry(id: &str, group: &str, body: &str) -> SendMessageBatchRequestEntry {
    let entry = SendMessageBatchRequestEntry::builder().id(id).message_body(body);
    entry.message_group_id(group).message_deduplication_id(id).build().unwrap()
}

#[tokio::test]
async fn a_batch_succeeds_entry_by_entry() {
    let server = Server::start().await;
    let url = server.create("jobs.fifo", &[]).await;
    let request = server.client.send_message_batch().queue_url(&url);
    let request = request.entries(entry("one", "a", "a1")).entries(entry("two", "no group", "a2"));
    let sent = request.entries(entry("three", "b", "b1")).send().await.unwrap();
    let ids: Vec<_> = sent.successful().iter().map(SendMessageBatchResultEntry::id).collect();
    assert_eq!(ids, ["one", "three"]);
    let [failed] = sent.failed() else { panic!("{sent:?}") };
    assert_eq!((failed.id(), failed.code()), ("two", "InvalidParameterValue"));
    assert!(failed.sender_fault());

    let received = server.receive(&url, 0).await;
    assert_eq!(bodies(&received), ["a1", "b1"]);
    let change = ChangeMessageVisibilityBatchRequestEntry::builder().id("1").visibility_timeout(0);
    let change = change.receipt_handle(handle(&received[0])).build().unwrap();
    let hide = server.client.change_message_visibility_batch().queue_url(&url).entries(change);
    assert_eq!(hide.send().await.unwrap().successful().len(), 1);

    // The first receipt is stale by now.
    let mut delete = server.client.delete_message_batch().queue_url(&url);
    for (id, message) in received.iter().enumerate() {
        let entry = DeleteMessageBatchRequestEntry::builder().id(id.to_string());
        delete = delete.entries(entry.receipt_handle(handle(message)).build().unwrap());
    }
    let deleted = delete.send().await.unwrap();
    assert_eq!(deleted.successful()[0].id(), "1");
    assert_eq!(deleted.failed()[0].id(), "0");
    assert_eq!(bodies(&server.receive(&url, 0).await), ["a1"]);
}

#[tokio::test]
async fn a_batch_out_of_bounds_is_refused_as_a_whole() {
    let server = Server::start().await;
    let url = server.create("jobs.fifo", &[]).await;
    let batch = async |entries: Vec<SendMessageBatchRequestEntry>| {
        let request = server.client.send_message_batch().queue_url(&url);
        request.set_entries(Some(entries)).send().await
    };
    let entries = |count: usize| (0..count).map(|n| entry(&n.to_string(), "a", "m")).collect();
    let of = |name| format!("AWS.SimpleQueueService.{name}");
    assert_eq!(code(batch(vec![]).await), of("EmptyBatchRequest"));
    assert_eq!(code(batch(entries(11)).await), of("TooManyEntriesInBatchRequest"));
    let twice = vec![entry("one", "a", "m"), entry("one", "a", "m")];
    assert_eq!(code(batch(twice).await), of("BatchEntryIdsNotDistinct"));
    assert_eq!(code(batch(vec![entry("one!", "a", "m")]).await), of("InvalidBatchEntryId"));
    let half = "m".repeat(MIB / 2 + 1);
    let long = vec![entry("one", "a", &half), entry("two", "a", &half)];
    assert_eq!(code(batch(long).await), of("BatchRequestTooLong"));
    assert_eq!(server.receive(&url, 0).await, []);
    assert_eq!(batch(entries(10)).await.unwrap().successful().len(), 10);
}
