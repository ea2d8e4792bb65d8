//! A message, what may be in it, and the handle by which its receiver holds it.

use std::{collections::BTreeMap, fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{attributes::QueueAttributes, checksum, error::Error, protocol::SendMessage};

/// A message as its sender gave it. It never changes after it was sent.
#[derive(Debug, PartialEq)]
pub(super) struct Message {
    pub(super) id: Uuid,
    pub(super) body: String,
    pub(super) attributes: BTreeMap<String, MessageAttribute>,
    pub(super) system_attributes: BTreeMap<String, MessageAttribute>,
    pub(super) group_id: Option<String>,
    pub(super) deduplication_id: Option<String>,
    pub(super) sent_at: Timestamp,
}

/// One attribute of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MessageAttribute {
    /// `String`, `Number` or `Binary`, or one of them with a label of the sender's: `Number.float`.
    pub(super) data_type: String,
    #[serde(flatten)]
    pub(super) value: AttributeValue,
}

/// The value of a message attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum AttributeValue {
    #[serde(rename = "StringValue")]
    String(String),
    #[serde(rename = "BinaryValue", with = "base64_text")]
    Binary(Vec<u8>),
}

impl Message {
    /// The message that `request` sends to a queue with `attributes`, if it may be sent there.
    pub(super) fn new(
        request: SendMessage,
        attributes: &QueueAttributes,
        id: Uuid,
        sent_at: Timestamp,
    ) -> Result<Self, Error> {
        check_contents(&request)?;
        let size = request.size();
        if size > attributes.maximum_message_size {
            return Err(Error::InvalidParameters(format!(
                "One or more parameters are invalid. Reason: Message must be shorter than {} bytes.",
                attributes.maximum_message_size
            )));
        }
        let group_id = optional_token("MessageGroupId", request.message_group_id)?;
        let deduplication_id =
            optional_token("MessageDeduplicationId", request.message_deduplication_id)?;
        let deduplication_id = match (attributes.is_fifo(), deduplication_id) {
            (true, None) => Some(content_based(attributes, &request.message_body)?),
            (true, given) => given,
            (false, None) => None,
            (false, Some(given)) => {
                return Err(Error::invalid("MessageDeduplicationId", &given, WRONG_QUEUE_TYPE));
            }
        };
        if attributes.is_fifo() && group_id.is_none() {
            return Err(Error::MissingParameter("MessageGroupId"));
        }
        Ok(Self {
            id,
            body: request.message_body,
            attributes: request.message_attributes,
            system_attributes: request.message_system_attributes,
            group_id,
            deduplication_id,
            sent_at,
        })
    }
}

/// What SQS answers to a parameter that the other type of queue has.
pub(super) const WRONG_QUEUE_TYPE: &str =
    "The request include parameter that is not valid for this queue type.";

impl SendMessage {
    /// What counts towards the size of a message: its body and its attributes, in bytes.
    pub(super) fn size(&self) -> usize {
        let attributes = self.message_attributes.iter().map(|(name, attribute)| {
            let value = match &attribute.value {
                AttributeValue::String(text) => text.len(),
                AttributeValue::Binary(bytes) => bytes.len(),
            };
            name.len() + attribute.data_type.len() + value
        });
        self.message_body.len() + attributes.sum::<usize>()
    }
}

/// `ContentBasedDeduplication`: the id is a SHA-256 of the body, without the attributes.
fn content_based(attributes: &QueueAttributes, body: &str) -> Result<String, Error> {
    if !attributes.content_based_deduplication {
        return Err(Error::InvalidParameters(
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
                .to_owned(),
        ));
    }
    Ok(checksum::hexadecimal(&Sha256::digest(body)))
}

fn check_contents(request: &SendMessage) -> Result<(), Error> {
    if request.message_body.is_empty() {
        return Err(Error::MissingParameter("MessageBody"));
    }
    if !request.message_body.chars().all(is_allowed) {
        return Err(Error::InvalidMessageContents);
    }
    for (name, attribute) in &request.message_attributes {
        if !attribute.is_sound() {
            return Err(Error::InvalidParameters(format!(
                "The message attribute '{name}' must have a type of String, Number or Binary and a non-empty value of that type."
            )));
        }
    }
    Ok(())
}

impl MessageAttribute {
    fn is_sound(&self) -> bool {
        let kind = self.data_type.split('.').next();
        match &self.value {
            AttributeValue::String(text) => {
                matches!(kind, Some("String" | "Number")) && !text.is_empty()
            }
            AttributeValue::Binary(bytes) => kind == Some("Binary") && !bytes.is_empty(),
        }
    }
}

/// The characters that XML 1.0 allows, which is what SQS allows in a body.
fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

/// A group or deduplication id: 1 to 128 printable ASCII characters without spaces.
fn optional_token(name: &'static str, value: Option<String>) -> Result<Option<String>, Error> {
    let Some(text) = value else { return Ok(None) };
    if (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(Some(text))
    } else {
        let reason = format!(
            "{name} can only include alphanumeric and punctuation characters. 1 to 128 in length."
        );
        Err(Error::invalid(name, &text, &reason))
    }
}

/// What a receiver holds: this message, as of this receive. An earlier receive's handle is stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReceiptHandle {
    /// Where the message is in its queue.
    pub(super) sequence: u64,
    /// Which receive of the message this was, from 1.
    pub(super) receive: u32,
    /// Tells the message from one of another queue, or of a deleted queue of the same name.
    pub(super) message_id: Uuid,
}

impl fmt::Display for ReceiptHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.sequence, self.receive, self.message_id)
    }
}

impl FromStr for ReceiptHandle {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parse = || {
            let (sequence, rest) = text.split_once('.')?;
            let (receive, message_id) = rest.split_once('.')?;
            Some(Self {
                sequence: sequence.parse().ok()?,
                receive: receive.parse().ok()?,
                message_id: message_id.parse().ok()?,
            })
        };
        parse().ok_or_else(|| Error::ReceiptHandleIsInvalid(text.to_owned()))
    }
}

/// Bytes as base64, the JSON protocol's form of a blob.
mod base64_text {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(from)?).map_err(D::Error::custom)
    }
}
