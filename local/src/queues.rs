//! Parley's two queues, as `template.yaml` declares them too; a test holds the two together.

use aws_sdk_sqs::{Client, types::QueueAttributeName};

use crate::Error;

/// The queue of jobs.
pub const QUEUE: &str = "messages.fifo";
/// Where those end that are received again and again in vain.
pub const DEAD_LETTER_QUEUE: &str = "messages-dlq.fifo";

/// How often a message is received before it goes to the dead-letter queue.
pub(crate) const MAX_RECEIVE_COUNT: u32 = 200;

/// Makes the queue and its dead-letter queue where they are missing, and gives their URLs. What is
/// received and not deleted comes again after `visibility_timeout` seconds.
pub async fn create(client: &Client, visibility_timeout: u32) -> Result<[String; 2], Error> {
    let dead = create_queue(client, DEAD_LETTER_QUEUE, &[]).await?;
    let attributes = client
        .get_queue_attributes()
        .queue_url(&dead)
        .attribute_names(QueueAttributeName::QueueArn)
        .send()
        .await?;
    let arn = attributes.attributes().and_then(|all| all.get(&QueueAttributeName::QueueArn));
    let redrive = serde_json::json!({
        "deadLetterTargetArn": arn.ok_or("the dead-letter queue has no ARN")?,
        "maxReceiveCount": MAX_RECEIVE_COUNT,
    });
    let attributes = [
        (QueueAttributeName::VisibilityTimeout, visibility_timeout.to_string()),
        (QueueAttributeName::RedrivePolicy, redrive.to_string()),
    ];
    Ok([create_queue(client, QUEUE, &attributes).await?, dead])
}

async fn create_queue(
    client: &Client,
    name: &str,
    attributes: &[(QueueAttributeName, String)],
) -> Result<String, Error> {
    let fifo = (QueueAttributeName::FifoQueue, "true".to_owned());
    let attributes = attributes.iter().cloned().chain([fifo]).collect();
    let made =
        client.create_queue().queue_name(name).set_attributes(Some(attributes)).send().await?;
    Ok(made.queue_url.ok_or("the queue has no URL")?)
}
