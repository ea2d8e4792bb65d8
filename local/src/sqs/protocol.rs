//! The requests and results of SQS's actions, as the AWS JSON 1.0 protocol has them.
//!
//! A text that must be there is empty where it is missing: SQS does not tell these apart either.
//! Fields of the API that mean nothing here are not named, and so ignored.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use serde::{Deserialize, Serialize};

use super::{
    error::{Error, MAX_BATCH},
    message::MessageAttribute,
};

/// A request about one queue.
#[derive(Debug, Deserialize)]
pub(super) struct OnQueue<T> {
    #[serde(rename = "QueueUrl", default)]
    pub(super) queue_url: String,
    #[serde(flatten)]
    pub(super) request: T,
}

/// `CreateQueue`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateQueue {
    #[serde(default)]
    pub(super) queue_name: String,
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, String>,
}

/// `GetQueueUrl`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueueUrl {
    #[serde(default)]
    pub(super) queue_name: String,
}

/// `ListQueues`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListQueues {
    #[serde(default)]
    pub(super) queue_name_prefix: String,
    pub(super) max_results: Option<i64>,
    pub(super) next_token: Option<String>,
}

/// `GetQueueAttributes`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueueAttributes {
    #[serde(default)]
    pub(super) attribute_names: BTreeSet<String>,
}

/// `SetQueueAttributes`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetQueueAttributes {
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, String>,
}

/// `SendMessage`, and an entry of `SendMessageBatch`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendMessage {
    #[serde(default)]
    pub(super) message_body: String,
    pub(super) delay_seconds: Option<i64>,
    #[serde(default)]
    pub(super) message_attributes: BTreeMap<String, MessageAttribute>,
    #[serde(default)]
    pub(super) message_system_attributes: BTreeMap<String, MessageAttribute>,
    pub(super) message_group_id: Option<String>,
    pub(super) message_deduplication_id: Option<String>,
}

/// `ReceiveMessage`. Times are in seconds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReceiveMessage {
    /// The older name of the next field.
    #[serde(default)]
    pub(super) attribute_names: BTreeSet<String>,
    #[serde(default)]
    pub(super) message_system_attribute_names: BTreeSet<String>,
    #[serde(default)]
    pub(super) message_attribute_names: BTreeSet<String>,
    pub(super) max_number_of_messages: Option<i64>,
    pub(super) visibility_timeout: Option<i64>,
    pub(super) wait_time_seconds: Option<i64>,
}

/// `DeleteMessage`, and an entry of `DeleteMessageBatch`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteMessage {
    #[serde(default)]
    pub(super) receipt_handle: String,
}

/// `ChangeMessageVisibility`, and an entry of `ChangeMessageVisibilityBatch`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChangeMessageVisibility {
    #[serde(default)]
    pub(super) receipt_handle: String,
    /// In seconds.
    pub(super) visibility_timeout: Option<i64>,
}

/// A request that does the same to several messages.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Batch<T> {
    #[serde(default = "Vec::new")]
    pub(super) entries: Vec<Entry<T>>,
}

/// One of several, with the name that its result will have.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry<T> {
    #[serde(rename = "Id", default)]
    pub(super) id: String,
    #[serde(flatten)]
    pub(super) content: T,
}

/// A request or a result without fields.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Nothing {}

/// The result of `CreateQueue` and `GetQueueUrl`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueueUrl {
    pub(super) queue_url: String,
}

/// The result of `ListQueues`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueueUrls {
    pub(super) queue_urls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_token: Option<String>,
}

/// The result of `GetQueueAttributes`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attributes {
    pub(super) attributes: BTreeMap<String, String>,
}

/// The result of `SendMessage`, and of an entry of `SendMessageBatch`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SentMessage {
    pub(super) message_id: String,
    #[serde(rename = "MD5OfMessageBody")]
    pub(super) md5_of_message_body: String,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    pub(super) md5_of_message_attributes: Option<String>,
    #[serde(rename = "MD5OfMessageSystemAttributes", skip_serializing_if = "Option::is_none")]
    pub(super) md5_of_message_system_attributes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sequence_number: Option<String>,
}

/// The result of `ReceiveMessage`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReceivedMessages {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) messages: Vec<ReceivedMessage>,
}

/// One of the received messages.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReceivedMessage {
    pub(super) message_id: String,
    pub(super) receipt_handle: String,
    #[serde(rename = "MD5OfBody")]
    pub(super) md5_of_body: String,
    pub(super) body: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) attributes: BTreeMap<&'static str, String>,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    pub(super) md5_of_message_attributes: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) message_attributes: BTreeMap<String, MessageAttribute>,
}

/// The result of a batch: it succeeds as a whole even if every entry failed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BatchResult<T> {
    pub(super) successful: Vec<Entry<T>>,
    pub(super) failed: Vec<Entry<Failure>>,
}

/// Why an entry of a batch failed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Failure {
    pub(super) sender_fault: bool,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl<T> Batch<T> {
    /// The entries, if there are neither none nor too many and each has an id of its own.
    pub(super) fn checked(self) -> Result<Vec<Entry<T>>, Error> {
        if self.entries.is_empty() {
            return Err(Error::EmptyBatchRequest);
        }
        if self.entries.len() > MAX_BATCH {
            return Err(Error::TooManyEntriesInBatchRequest(self.entries.len()));
        }
        let mut ids = BTreeSet::new();
        for Entry { id, .. } in &self.entries {
            if !is_name(id) {
                return Err(Error::InvalidBatchEntryId);
            }
            if !ids.insert(id) {
                return Err(Error::BatchEntryIdsNotDistinct(id.clone()));
            }
        }
        Ok(self.entries)
    }
}

impl<T> BatchResult<T> {
    /// The result of doing `action` to each entry.
    pub(super) fn of<R>(
        entries: Vec<Entry<R>>,
        mut action: impl FnMut(R) -> Result<T, Error>,
    ) -> Self {
        let mut result = Self { successful: Vec::new(), failed: Vec::new() };
        for Entry { id, content } in entries {
            match action(content) {
                Ok(content) => result.successful.push(Entry { id, content }),
                Err(error) => result.failed.push(Entry { id, content: Failure::from(&error) }),
            }
        }
        result
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Self { sender_fault: true, code: error.code(), message: error.to_string() }
    }
}

/// Whether `text` may be the id of a batch's entry, or the name of a standard queue.
pub(super) fn is_name(text: &str) -> bool {
    (1..=80).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// `value`, if it is given and within `range`.
pub(super) fn within(
    name: &'static str,
    value: Option<i64>,
    range: &RangeInclusive<u32>,
) -> Result<Option<u32>, Error> {
    let Some(given) = value else { return Ok(None) };
    let within = u32::try_from(given).ok().filter(|number| range.contains(number));
    within.map(Some).ok_or_else(|| {
        let reason = format!("Must be between {} and {}, if provided.", range.start(), range.end());
        Error::invalid(name, &given, &reason)
    })
}
