//! Queues as such: making, finding, changing and removing them.

use aws_sdk_sqs::types::QueueAttributeName as Name;

use super::{Server, code};

#[tokio::test]
async fn a_queue_is_made_found_listed_and_deleted() {
    let server = Server::start().await;
    let url = server.create("jobs.fifo", &[]).await;
    assert_eq!(url, format!("http://{}/000000000000/jobs.fifo", server.address));

    let found = server.client.get_queue_url().queue_name("jobs.fifo").send().await.unwrap();
    assert_eq!(found.queue_url(), Some(url.as_str()));

    server.client.delete_queue().queue_url(&url).send().await.unwrap();
    let error = server.client.get_queue_url().queue_name("jobs.fifo").send().await.unwrap_err();
    assert!(error.into_service_error().is_queue_does_not_exist());
    let error = server.client.send_message().queue_url(&url).message_body("m").send().await;
    assert!(error.unwrap_err().into_service_error().is_queue_does_not_exist());
}

#[tokio::test]
async fn making_a_queue_again_succeeds_only_with_what_it_has() {
    let server = Server::start().await;
    let url = server.create("jobs", &[(Name::VisibilityTimeout, "45")]).await;
    assert_eq!(server.create("jobs", &[(Name::VisibilityTimeout, "45")]).await, url);
    assert_eq!(server.create("jobs", &[]).await, url);
    let other = server.client.create_queue().queue_name("jobs");
    let error = other.attributes(Name::VisibilityTimeout, "46").send().await.unwrap_err();
    assert!(error.into_service_error().is_queue_name_exists());
}

#[tokio::test]
async fn a_queue_needs_a_sound_name() {
    let server = Server::start().await;
    for (name, fifo) in [("", "false"), ("a b", "false"), ("jobs", "true"), ("jobs.fifo", "false")]
    {
        let request = server.client.create_queue().queue_name(name);
        let result = request.attributes(Name::FifoQueue, fifo).send().await;
        assert_eq!(code(result), "InvalidParameterValue", "{name:?}");
    }
    let longest = format!("{}.fifo", "q".repeat(75));
    server.create(&longest, &[]).await;
    let request = server.client.create_queue().queue_name(format!("q{longest}"));
    let result = request.attributes(Name::FifoQueue, "true").send().await;
    assert_eq!(code(result), "InvalidParameterValue");
}

#[tokio::test]
async fn queues_are_listed_by_prefix_and_page() {
    let server = Server::start().await;
    for name in ["a-1", "a-2", "a-3", "b-1"] {
        server.create(name, &[]).await;
    }
    let list = || server.client.list_queues().queue_name_prefix("a-").max_results(2);
    let first = list().send().await.unwrap();
    assert_eq!(first.queue_urls().len(), 2);
    let second = list().next_token(first.next_token().unwrap()).send().await.unwrap();
    assert_eq!(second.queue_urls().len(), 1);
    assert!(second.queue_urls()[0].ends_with("/a-3"));
    assert_eq!(second.next_token(), None);
}

#[tokio::test]
async fn attributes_are_shown_and_changed() {
    let server = Server::start().await;
    let url = server.create("jobs.fifo", &[(Name::ContentBasedDeduplication, "true")]).await;
    let set = server.client.set_queue_attributes().queue_url(&url);
    set.attributes(Name::VisibilityTimeout, "7").send().await.unwrap();
    server.send(&url, "a", "a1").await;
    server.send(&url, "b", "b1").await;
    server.send(&url, "a", "a2").await;
    let one = server.client.receive_message().queue_url(&url).send().await.unwrap();
    assert_eq!(one.messages().len(), 1);

    let get = server.client.get_queue_attributes().queue_url(&url);
    let all = get.attribute_names(Name::All).send().await.unwrap().attributes.unwrap();
    let value = |name: Name| all[&name].as_str();
    assert_eq!(value(Name::QueueArn), "arn:aws:sqs:us-east-1:000000000000:jobs.fifo");
    assert_eq!(value(Name::VisibilityTimeout), "7");
    assert_eq!(value(Name::FifoQueue), "true");
    assert_eq!(value(Name::ContentBasedDeduplication), "true");
    assert_eq!(value(Name::MaximumMessageSize), "1048576");
    assert_eq!(value(Name::ApproximateNumberOfMessages), "2");
    assert_eq!(value(Name::ApproximateNumberOfMessagesNotVisible), "1");
    assert_eq!(value(Name::ApproximateNumberOfMessagesDelayed), "0");
    assert!(!all.contains_key(&Name::RedrivePolicy));

    let depth = server.sqs.depth("jobs.fifo").unwrap();
    assert_eq!((depth.visible, depth.in_flight, depth.delayed), (2, 1, 0));
    assert_eq!(server.sqs.depth("other"), None);

    let get = server.client.get_queue_attributes().queue_url(&url);
    let some = get.attribute_names(Name::DelaySeconds).send().await.unwrap().attributes.unwrap();
    assert_eq!(some.len(), 1);
}

#[tokio::test]
async fn attributes_out_of_bounds_or_unknown_are_refused() {
    let server = Server::start().await;
    let url = server.create("jobs", &[]).await;
    let set = async |name: Name, value: &str| {
        let request = server.client.set_queue_attributes().queue_url(&url);
        request.attributes(name, value).send().await
    };
    for (name, value) in [
        (Name::VisibilityTimeout, "43201"),
        (Name::DelaySeconds, "-1"),
        (Name::ReceiveMessageWaitTimeSeconds, "21"),
        (Name::MaximumMessageSize, "1048577"),
        (Name::MessageRetentionPeriod, "soon"),
        (Name::FifoQueue, "true"),
        (Name::RedrivePolicy, "nonsense"),
    ] {
        assert_eq!(code(set(name, value).await), "InvalidAttributeValue", "{value}");
    }
    // Standard queues don't deduplicate.
    let result = set(Name::ContentBasedDeduplication, "true").await;
    assert_eq!(code(result), "InvalidAttributeName");
    let result = set(Name::from("Colour"), "blue").await;
    assert!(result.unwrap_err().into_service_error().is_invalid_attribute_name());
    let get = server.client.get_queue_attributes().queue_url(&url);
    let result = get.attribute_names(Name::from("Colour")).send().await;
    assert_eq!(code(result), "InvalidAttributeName");
}

#[tokio::test]
async fn a_redrive_policy_must_name_a_queue_of_the_same_type() {
    let server = Server::start().await;
    server.create("dead.fifo", &[]).await;
    server.create("dead", &[]).await;
    let url = server.create("jobs.fifo", &[]).await;
    let set = async |target: &str| {
        let policy = format!(
            r#"{{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:{target}","maxReceiveCount":"3"}}"#
        );
        let request = server.client.set_queue_attributes().queue_url(&url);
        request.attributes(Name::RedrivePolicy, policy).send().await
    };
    assert_eq!(code(set("missing.fifo").await), "InvalidParameterValue");
    assert_eq!(code(set("dead").await), "InvalidParameterValue");
    set("dead.fifo").await.unwrap();
    let get = server.client.get_queue_attributes().queue_url(&url);
    let shown = get.attribute_names(Name::RedrivePolicy).send().await.unwrap().attributes.unwrap();
    assert!(shown[&Name::RedrivePolicy].contains(r#""maxReceiveCount":3"#), "{shown:?}");
}

#[tokio::test]
async fn a_purge_empties_a_queue() {
    let server = Server::start().await;
    let url = server.create("jobs.fifo", &[]).await;
    server.send(&url, "a", "a1").await;
    server.client.purge_queue().queue_url(&url).send().await.unwrap();
    assert_eq!(server.receive(&url, 0).await, []);
}
