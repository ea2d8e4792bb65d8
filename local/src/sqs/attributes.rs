//! What can be set on a queue, with the bounds and defaults that SQS documents.

use std::{collections::BTreeMap, ops::RangeInclusive};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::Error;

/// The longest that a message can be hidden from other receivers: 12 hours.
pub(super) const MAX_VISIBILITY_TIMEOUT: RangeInclusive<u32> = 0..=43_200;
/// The longest delay of a message: 15 minutes.
pub(super) const MAX_DELAY: RangeInclusive<u32> = 0..=900;
/// How many messages one receive may ask for.
pub(super) const MAX_MESSAGES: RangeInclusive<u32> = 1..=10;
/// The longest long poll.
pub(super) const MAX_WAIT: RangeInclusive<u32> = 0..=20;
/// The largest message, and the largest batch of messages: 1 MiB.
pub(super) const MAX_MESSAGE_SIZE: usize = 1_048_576;

/// The attributes that are kept and shown, and have no effect here.
const INERT: [&str; 5] = [
    "Policy",
    "RedriveAllowPolicy",
    "KmsMasterKeyId",
    "KmsDataKeyReusePeriodSeconds",
    "SqsManagedSseEnabled",
];

/// The other attributes that a queue may have.
const NAMES: [&str; 16] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "ContentBasedDeduplication",
    "CreatedTimestamp",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "LastModifiedTimestamp",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "QueueArn",
    "ReceiveMessageWaitTimeSeconds",
    "RedrivePolicy",
    "VisibilityTimeout",
];

/// Whether SQS knows an attribute of that name, on some queue.
pub(super) fn is_known(name: &str) -> bool {
    INERT.contains(&name) || NAMES.contains(&name)
}

/// The attributes of one queue that its owner can set. Times are in seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct QueueAttributes {
    pub(super) delay: u32,
    pub(super) maximum_message_size: usize,
    pub(super) message_retention_period: u32,
    pub(super) receive_wait_time: u32,
    pub(super) visibility_timeout: u32,
    pub(super) redrive_policy: Option<RedrivePolicy>,
    pub(super) content_based_deduplication: bool,
    /// The attributes that only a FIFO queue has; `None` for a standard queue.
    fifo: Option<Fifo>,
    inert: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Fifo {
    deduplication_scope: String,
    throughput_limit: String,
}

/// When a message goes to which dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RedrivePolicy {
    dead_letter_target_arn: String,
    /// A message that was received this often goes to the dead-letter queue at the next receive.
    pub(super) max_receive_count: u32,
}

impl QueueAttributes {
    /// The defaults of a queue of that type.
    pub(super) fn defaults(fifo: bool) -> Self {
        Self {
            delay: 0,
            maximum_message_size: MAX_MESSAGE_SIZE,
            message_retention_period: 345_600,
            receive_wait_time: 0,
            visibility_timeout: 30,
            redrive_policy: None,
            content_based_deduplication: false,
            fifo: fifo.then(|| Fifo {
                deduplication_scope: "queue".to_owned(),
                throughput_limit: "perQueue".to_owned(),
            }),
            inert: BTreeMap::new(),
        }
    }

    /// These attributes with `changes` made to them.
    pub(super) fn with(&self, changes: &BTreeMap<String, String>) -> Result<Self, Error> {
        let mut result = self.clone();
        for (name, value) in changes {
            result.set(name, value)?;
        }
        Ok(result)
    }

    pub(super) fn is_fifo(&self) -> bool {
        self.fifo.is_some()
    }

    /// Whether a deduplication id counts within its message group only, not in the whole queue.
    pub(super) fn deduplicates_per_group(&self) -> bool {
        self.fifo.as_ref().is_some_and(|fifo| fifo.deduplication_scope == "messageGroup")
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), Error> {
        match (name, &mut self.fifo) {
            ("DelaySeconds", _) => self.delay = number(name, value, MAX_DELAY)?,
            ("MaximumMessageSize", _) => {
                self.maximum_message_size = number(name, value, 1_024..=MAX_MESSAGE_SIZE)?;
            }
            ("MessageRetentionPeriod", _) => {
                self.message_retention_period = number(name, value, 60..=1_209_600)?;
            }
            ("ReceiveMessageWaitTimeSeconds", _) => {
                self.receive_wait_time = number(name, value, MAX_WAIT)?;
            }
            ("VisibilityTimeout", _) => {
                self.visibility_timeout = number(name, value, MAX_VISIBILITY_TIMEOUT)?;
            }
            ("RedrivePolicy", _) => self.redrive_policy = RedrivePolicy::parse(value)?,
            ("FifoQueue", fifo) => {
                if one_of(name, value, &["true", "false"])? != fifo.is_some().to_string() {
                    return Err(invalid(name, "Modifying queue type is not supported."));
                }
            }
            ("ContentBasedDeduplication", Some(_)) => {
                self.content_based_deduplication =
                    one_of(name, value, &["true", "false"])? == "true";
            }
            ("DeduplicationScope", Some(fifo)) => {
                fifo.deduplication_scope = one_of(name, value, &["queue", "messageGroup"])?;
            }
            ("FifoThroughputLimit", Some(fifo)) => {
                fifo.throughput_limit = one_of(name, value, &["perQueue", "perMessageGroupId"])?;
            }
            _ if INERT.contains(&name) => {
                self.inert.insert(name.to_owned(), value.to_owned());
            }
            _ => return Err(Error::InvalidAttributeName(name.to_owned())),
        }
        Ok(())
    }

    /// As `GetQueueAttributes` shows them.
    pub(super) fn to_map(&self) -> BTreeMap<String, String> {
        let mut map = self.inert.clone();
        let mut show = |name: &str, value: String| map.insert(name.to_owned(), value);
        show("DelaySeconds", self.delay.to_string());
        show("MaximumMessageSize", self.maximum_message_size.to_string());
        show("MessageRetentionPeriod", self.message_retention_period.to_string());
        show("ReceiveMessageWaitTimeSeconds", self.receive_wait_time.to_string());
        show("VisibilityTimeout", self.visibility_timeout.to_string());
        if let Some(fifo) = &self.fifo {
            show("FifoQueue", "true".to_owned());
            show("ContentBasedDeduplication", self.content_based_deduplication.to_string());
            show("DeduplicationScope", fifo.deduplication_scope.clone());
            show("FifoThroughputLimit", fifo.throughput_limit.clone());
        }
        if let Some(policy) =
            self.redrive_policy.as_ref().and_then(|p| serde_json::to_string(p).ok())
        {
            show("RedrivePolicy", policy);
        }
        map.retain(|_, value| !value.is_empty());
        map
    }
}

impl RedrivePolicy {
    /// The policy in `text`, a JSON object; none if `text` is empty.
    fn parse(text: &str) -> Result<Option<Self>, Error> {
        if text.is_empty() {
            return Ok(None);
        }
        let malformed = |reason| invalid("RedrivePolicy", reason);
        let given: GivenRedrivePolicy =
            serde_json::from_str(text).map_err(|_| malformed("Not a redrive policy in JSON."))?;
        let max_receive_count = match given.max_receive_count {
            None => Some(10),
            Some(Value::String(text)) => text.parse().ok(),
            Some(value) => value.as_u64().and_then(|count| u32::try_from(count).ok()),
        };
        let max_receive_count = max_receive_count
            .filter(|count| (1..=1_000).contains(count))
            .ok_or_else(|| malformed("maxReceiveCount must be between 1 and 1000."))?;
        Ok(Some(Self { dead_letter_target_arn: given.dead_letter_target_arn, max_receive_count }))
    }

    /// The name of the dead-letter queue: the last part of its ARN.
    pub(super) fn target(&self) -> &str {
        self.dead_letter_target_arn.rsplit(':').next().unwrap_or_default()
    }
}

/// A redrive policy as people write it: the count may be a number or text.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GivenRedrivePolicy {
    dead_letter_target_arn: String,
    max_receive_count: Option<Value>,
}

fn number<N>(name: &str, value: &str, range: RangeInclusive<N>) -> Result<N, Error>
where
    N: std::str::FromStr + PartialOrd + std::fmt::Display,
{
    value.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
        invalid(name, &format!("Must be between {} and {}.", range.start(), range.end()))
    })
}

fn one_of(name: &str, value: &str, choices: &[&str]) -> Result<String, Error> {
    if choices.contains(&value) {
        Ok(value.to_owned())
    } else {
        Err(invalid(name, &format!("Must be one of {}.", choices.join(", "))))
    }
}

fn invalid(name: &str, reason: &str) -> Error {
    Error::InvalidAttributeValue { name: name.to_owned(), reason: reason.to_owned() }
}
