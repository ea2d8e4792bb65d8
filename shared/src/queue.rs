//! The queue between a question and its reply: SQS FIFO, one message group per chatroom.

use std::{collections::HashMap, time::Duration};

use aws_sdk_sqs::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    types::{
        ChangeMessageVisibilityBatchRequestEntry, MessageSystemAttributeNameForSends,
        MessageSystemAttributeValue, QueueAttributeName,
    },
};
use serde::{Deserialize, Serialize};

use crate::{
    aws::{Aws, warm_up},
    config::{ConfigError, Env},
    domain::{ChatroomId, MessageId, UserId},
    trace::{Origin, TraceHeader},
};

/// One message that waits for its reply. Its content stays in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Who asked.
    pub user_id: UserId,
    /// Where.
    pub chatroom_id: ChatroomId,
    /// What.
    pub message_id: MessageId,
}

/// A job as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// What to do.
    #[serde(flatten)]
    pub job: Job,
    /// The HTTP request that accepted the message, for the log. The sweeper knows of none, and
    /// older versions did not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// SQS did not do what it was asked. A message that could not be queued is safe all the same: it is
/// pending in the table, and the sweeper queues it again.
#[derive(Debug, thiserror::Error)]
#[error("SQS: {0}")]
pub struct QueueError(String);

/// The most entries of one batch call, and the longest visibility timeout in seconds (limits of
/// SQS).
const BATCH: usize = 10;
const LONGEST_DELAY: i32 = 43_200;

/// How many messages a queue holds: what SQS calls approximate, because it counts them on many
/// machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// To be received.
    pub visible: u64,
    /// Received, and neither deleted nor given back.
    pub in_flight: u64,
    /// Not to be received yet.
    pub delayed: u64,
}

/// Sends jobs.
#[derive(Debug, Clone)]
pub struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    /// The queue at `MESSAGE_QUEUE_URL`.
    pub fn from_env(env: &Env, aws: &Aws) -> Result<Self, ConfigError> {
        Self::named(env, aws, "MESSAGE_QUEUE_URL")
    }

    /// The queue at `DEAD_LETTER_QUEUE_URL`: what was received again and again in vain.
    pub fn dead_letters_from_env(env: &Env, aws: &Aws) -> Result<Self, ConfigError> {
        Self::named(env, aws, "DEAD_LETTER_QUEUE_URL")
    }

    fn named(env: &Env, aws: &Aws, variable: &str) -> Result<Self, ConfigError> {
        let url = env.require(variable)?.to_owned();
        Ok(Self { client: Client::new(&aws.config("SQS")), url })
    }

    /// Connects, so that the first message doesn't have to: see [`warm_up`]. One round trip.
    pub async fn warm_up(&self) {
        let request = self.client.get_queue_attributes().queue_url(&self.url);
        warm_up(request.attribute_names(QueueAttributeName::QueueArn).send()).await;
    }

    /// How many messages it holds. One round trip.
    pub async fn depth(&self) -> Result<Depth, QueueError> {
        use QueueAttributeName as Name;
        let names = [
            Name::ApproximateNumberOfMessages,
            Name::ApproximateNumberOfMessagesNotVisible,
            Name::ApproximateNumberOfMessagesDelayed,
        ];
        let request = self.client.get_queue_attributes().queue_url(&self.url);
        let request = request.set_attribute_names(Some(names.to_vec()));
        let answer = request.send().await.map_err(failed)?;
        let count = |name: &Name| {
            let value = answer.attributes().and_then(|all| all.get(name));
            let unreadable = || QueueError(format!("no {name}"));
            value.and_then(|value| value.parse().ok()).ok_or_else(unreadable)
        };
        let [visible, in_flight, delayed] = &names;
        Ok(Depth {
            visible: count(visible)?,
            in_flight: count(in_flight)?,
            delayed: count(delayed)?,
        })
    }

    /// Queues `job`: in order within its room, and at most once in five minutes however often it is
    /// sent, since the message's id is the deduplication id. `origin` goes along: the request's id in
    /// the body, the trace's header as SQS hands it on to Lambda and X-Ray.
    pub async fn send(&self, job: &Job, origin: &Origin) -> Result<(), QueueError> {
        let envelope = Envelope { job: *job, request_id: origin.request_id.clone() };
        let body = serde_json::to_string(&envelope).map_err(|e| QueueError(e.to_string()))?;
        let trace = origin.trace.as_ref().map(trace_attribute).transpose()?;
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_group_id(job.chatroom_id.to_string())
            .message_deduplication_id(job.message_id.to_string())
            .message_body(body)
            .set_message_system_attributes(trace.map(|trace| HashMap::from([trace])))
            .send()
            .await
            .map_err(failed)?;
        Ok(())
    }

    /// Sets after how long received jobs are delivered again (their visibility timeout), by receipt
    /// handle. One call for every ten of them.
    pub async fn delay<'a>(
        &self,
        receipts: impl IntoIterator<Item = (&'a str, Duration)>,
    ) -> Result<(), QueueError> {
        let entries = receipts
            .into_iter()
            .enumerate()
            .map(|(index, (receipt, wait))| {
                let seconds = i32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(i32::MAX);
                ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(index.to_string())
                    .receipt_handle(receipt)
                    .visibility_timeout(seconds.min(LONGEST_DELAY))
                    .build()
                    .map_err(|error| QueueError(error.to_string()))
            })
            .collect::<Result<Vec<_>, _>>()?;
        for batch in entries.chunks(BATCH) {
            let request = self.client.change_message_visibility_batch().queue_url(&self.url);
            let answer = request.set_entries(Some(batch.to_vec())).send().await.map_err(failed)?;
            if let Some(refused) = answer.failed.first() {
                return Err(QueueError(refused.code.clone()));
            }
        }
        Ok(())
    }
}

fn trace_attribute(
    trace: &TraceHeader,
) -> Result<(MessageSystemAttributeNameForSends, MessageSystemAttributeValue), QueueError> {
    let value = MessageSystemAttributeValue::builder()
        .data_type("String")
        .string_value(trace.as_str())
        .build()
        .map_err(|error| QueueError(error.to_string()))?;
    Ok((MessageSystemAttributeNameForSends::AwsTraceHeader, value))
}

fn failed<E: ProvideErrorMetadata, R>(error: SdkError<E, R>) -> QueueError {
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    QueueError(code.unwrap_or("not reached").to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::Ids;

    #[test]
    fn a_job_is_read_with_and_without_the_request_that_it_comes_from() {
        let (ids, now) = (Ids::default(), "2026-11-21T12:00:00Z".parse().unwrap());
        let job =
            Job { user_id: ids.next(now), chatroom_id: ids.next(now), message_id: ids.next(now) };
        let without = serde_json::to_value(job).unwrap();
        let envelope: Envelope = serde_json::from_value(without.clone()).unwrap();
        assert_eq!(envelope, Envelope { job, request_id: None });
        assert_eq!(serde_json::to_value(&envelope).unwrap(), without);

        let mut with = without;
        with["request_id"] = json!("JKJaXmPLvHcESHA=");
        let envelope: Envelope = serde_json::from_value(with.clone()).unwrap();
        assert_eq!(envelope.request_id.as_deref(), Some("JKJaXmPLvHcESHA="));
        assert_eq!(serde_json::to_value(&envelope).unwrap(), with);
        // What an older worker reads of it.
        assert_eq!(serde_json::from_value::<Job>(with).unwrap(), job);
    }
}
