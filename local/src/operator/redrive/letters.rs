//! The dead-letter queue, and the queue that its letters come from.

use std::time::Duration;

use aws_sdk_sqs::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    types::{
        ChangeMessageVisibilityBatchRequestEntry, Message, MessageSystemAttributeName as Attribute,
        MessageSystemAttributeNameForSends, MessageSystemAttributeValue, QueueAttributeName,
    },
};
use shared::{
    aws::Aws,
    config::{ConfigError, Env},
    queue::Job,
};

use super::{BATCH, Seen};
use crate::Error;

/// How long a receive waits for a message: not at all would ask only some of SQS's servers.
const WAIT: Duration = Duration::from_secs(1);
/// How long a received letter is hidden from others: time for a batch, every call with its retries.
pub(super) const HIDDEN: Duration = Duration::from_mins(2);

/// Both queues.
pub(super) struct DeadLetters {
    client: Client,
    url: String,
    queue: String,
}

/// A received letter.
pub(super) struct Letter {
    message: Message,
}

impl DeadLetters {
    /// Of `DEAD_LETTER_QUEUE_URL` and `MESSAGE_QUEUE_URL`.
    pub(super) fn from_env(env: &Env, aws: &Aws) -> Result<Self, ConfigError> {
        Ok(Self {
            client: Client::new(&aws.config("SQS")),
            url: env.require("DEAD_LETTER_QUEUE_URL")?.to_owned(),
            queue: env.require("MESSAGE_QUEUE_URL")?.to_owned(),
        })
    }

    /// About how many there are, those included that somebody has received.
    pub(super) async fn count(&self) -> Result<u64, Error> {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let request = self.client.get_queue_attributes().queue_url(&self.url);
        let request = request.set_attribute_names(Some(names.to_vec()));
        let answer = request.send().await.map_err(|error| failed("count", &error))?;
        let counts = answer.attributes.unwrap_or_default();
        Ok(names.iter().filter_map(|name| counts.get(name)?.parse::<u64>().ok()).sum())
    }

    /// Up to `most` letters, those of one group in their order. None: there are no more, or others
    /// have received the first ones of their groups.
    pub(super) async fn receive(&self, most: usize) -> Result<Vec<Letter>, Error> {
        let request = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(i32::try_from(most.min(BATCH)).unwrap_or(1))
            .wait_time_seconds(seconds(WAIT))
            .visibility_timeout(seconds(HIDDEN))
            .message_system_attribute_names(Attribute::All)
            .message_attribute_names("All");
        let answer = request.send().await.map_err(|error| failed("receive", &error))?;
        let messages = answer.messages.unwrap_or_default().into_iter();
        Ok(messages.map(|message| Letter { message }).collect())
    }

    /// Sends what is in `letter` to the queue that it comes from, in the same group.
    pub(super) async fn send_back(&self, letter: &Letter) -> Result<(), Error> {
        let message = &letter.message;
        let trace = letter.attribute(&Attribute::AwsTraceHeader).map(|trace| {
            MessageSystemAttributeValue::builder().data_type("String").string_value(trace).build()
        });
        let mut request = self
            .client
            .send_message()
            .queue_url(&self.queue)
            .message_group_id(letter.group())
            .message_deduplication_id(letter.deduplication_id())
            .message_body(message.body().unwrap_or_default())
            .set_message_attributes(message.message_attributes.clone());
        if let Some(trace) = trace {
            let name = MessageSystemAttributeNameForSends::AwsTraceHeader;
            request = request.message_system_attributes(name, trace?);
        }
        request.send().await.map_err(|error| failed("send", &error))?;
        Ok(())
    }

    /// Deletes `letter`.
    pub(super) async fn delete(&self, letter: &Letter) -> Result<(), Error> {
        let request = self.client.delete_message().queue_url(&self.url);
        let request = request.set_receipt_handle(letter.message.receipt_handle.clone());
        request.send().await.map_err(|error| failed("delete", &error))?;
        Ok(())
    }

    /// Shows `letters` to everybody again.
    pub(super) async fn release(&self, letters: &[Letter]) -> Result<(), Error> {
        for batch in letters.chunks(BATCH) {
            let entries = batch.iter().enumerate().map(|(index, letter)| {
                ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(index.to_string())
                    .set_receipt_handle(letter.message.receipt_handle.clone())
                    .visibility_timeout(0)
                    .build()
            });
            let entries = entries.collect::<Result<Vec<_>, _>>()?;
            let request = self.client.change_message_visibility_batch().queue_url(&self.url);
            let request = request.set_entries(Some(entries));
            request.send().await.map_err(|error| failed("give back", &error))?;
        }
        Ok(())
    }
}

impl Letter {
    /// What may be shown of it.
    pub(super) fn seen(&self) -> Seen {
        let job: Option<Job> = self.message.body().and_then(|body| serde_json::from_str(body).ok());
        Seen {
            id: self.id().to_owned(),
            group: self.group().to_owned(),
            message_id: job.map(|job| job.message_id.to_string()),
            user_id: job.map(|job| job.user_id.to_string()),
        }
    }

    fn id(&self) -> &str {
        self.message.message_id().unwrap_or_default()
    }

    fn group(&self) -> &str {
        self.attribute(&Attribute::MessageGroupId).unwrap_or_default()
    }

    /// Not the job's, under which the sweeper may just have queued it and SQS would drop this one; and
    /// the same one if the letter is sent again because it could not be deleted. SQS keeps a
    /// message's id when it becomes a dead letter, and what is sent gets another: the next time that
    /// this job becomes a dead letter it is fresh again.
    fn deduplication_id(&self) -> String {
        format!("redrive-{}", self.id())
    }

    fn attribute(&self, name: &Attribute) -> Option<&str> {
        self.message.attributes.as_ref()?.get(name).map(String::as_str)
    }
}

/// A service's error by its code alone: its text may quote what was sent.
fn failed<E: ProvideErrorMetadata, R>(what: &str, error: &SdkError<E, R>) -> String {
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    format!("SQS did not {what}: {}", code.unwrap_or("not reached"))
}

fn seconds(time: Duration) -> i32 {
    i32::try_from(time.as_secs()).unwrap_or(i32::MAX)
}
