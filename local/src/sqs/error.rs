//! Every way in which a request is refused, with the names that SQS gives it.

use axum::{
    http::{HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::server::aws_json;

/// Why a request is refused. All of it is the sender's fault.
///
/// Names and texts: the API reference of SQS, "Errors" of each action and "Common Errors".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Error {
    #[error("The specified queue does not exist.")]
    QueueDoesNotExist,
    #[error("A queue already exists with the same name and a different value for an attribute.")]
    QueueNameExists,
    #[error("Unknown Attribute {0}.")]
    InvalidAttributeName(String),
    #[error("Invalid value for the parameter {name}. Reason: {reason}")]
    InvalidAttributeValue { name: String, reason: String },
    #[error("The request must contain the parameter {0}.")]
    MissingParameter(&'static str),
    #[error("Value {value} for parameter {name} is invalid. Reason: {reason}")]
    InvalidParameterValue { name: &'static str, value: String, reason: String },
    #[error("{0}")]
    InvalidParameters(String),
    #[error(
        "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
    )]
    InvalidMessageContents,
    #[error("The input receipt handle \"{0}\" is not a valid receipt handle.")]
    ReceiptHandleIsInvalid(String),
    #[error("The specified message isn't in flight.")]
    MessageNotInflight,
    #[error("There should be at least one entry in the request.")]
    EmptyBatchRequest,
    #[error("Maximum number of entries per request are {MAX_BATCH}. You have sent {0}.")]
    TooManyEntriesInBatchRequest(usize),
    #[error("Id {0} repeated.")]
    BatchEntryIdsNotDistinct(String),
    #[error(
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."
    )]
    InvalidBatchEntryId,
    #[error("Batch requests cannot be longer than {limit} bytes. You have sent {sent} bytes.")]
    BatchRequestTooLong { limit: usize, sent: usize },
    #[error("{0}")]
    Serialization(String),
    #[error("The action {0} is not known here.")]
    UnknownOperation(String),
}

/// The most entries of a batch request.
pub(super) const MAX_BATCH: usize = 10;

impl Error {
    /// A receipt handle that was good once and is not any more.
    pub(super) fn receipt_handle(handle: &impl ToString, reason: &str) -> Self {
        Self::invalid("ReceiptHandle", handle, reason)
    }

    /// A parameter with a value that it can't have.
    pub(super) fn invalid(name: &'static str, value: &impl ToString, reason: &str) -> Self {
        Self::InvalidParameterValue { name, value: value.to_string(), reason: reason.to_owned() }
    }

    /// The code that the older query protocol has for it. The SDKs go by this one, since they have
    /// known it for longer.
    pub(super) fn code(&self) -> &'static str {
        self.names().1
    }

    /// The shape of the JSON protocol and the code of the query protocol.
    fn names(&self) -> (&'static str, &'static str) {
        match self {
            Self::QueueDoesNotExist => {
                ("com.amazonaws.sqs#QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue")
            }
            Self::QueueNameExists => ("com.amazonaws.sqs#QueueNameExists", "QueueAlreadyExists"),
            Self::InvalidAttributeName(_) => {
                ("com.amazonaws.sqs#InvalidAttributeName", "InvalidAttributeName")
            }
            Self::InvalidAttributeValue { .. } => {
                ("com.amazonaws.sqs#InvalidAttributeValue", "InvalidAttributeValue")
            }
            Self::MissingParameter(_) => {
                ("com.amazon.coral.service#MissingRequiredParameterException", "MissingParameter")
            }
            Self::InvalidParameterValue { .. } | Self::InvalidParameters(_) => {
                ("com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue")
            }
            Self::InvalidMessageContents => {
                ("com.amazonaws.sqs#InvalidMessageContents", "InvalidMessageContents")
            }
            Self::ReceiptHandleIsInvalid(_) => {
                ("com.amazonaws.sqs#ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid")
            }
            Self::MessageNotInflight => (
                "com.amazonaws.sqs#MessageNotInflight",
                "AWS.SimpleQueueService.MessageNotInflight",
            ),
            Self::EmptyBatchRequest => {
                ("com.amazonaws.sqs#EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest")
            }
            Self::TooManyEntriesInBatchRequest(_) => (
                "com.amazonaws.sqs#TooManyEntriesInBatchRequest",
                "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            ),
            Self::BatchEntryIdsNotDistinct(_) => (
                "com.amazonaws.sqs#BatchEntryIdsNotDistinct",
                "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
            ),
            Self::InvalidBatchEntryId => (
                "com.amazonaws.sqs#InvalidBatchEntryId",
                "AWS.SimpleQueueService.InvalidBatchEntryId",
            ),
            Self::BatchRequestTooLong { .. } => (
                "com.amazonaws.sqs#BatchRequestTooLong",
                "AWS.SimpleQueueService.BatchRequestTooLong",
            ),
            Self::Serialization(_) => {
                ("com.amazon.coral.service#SerializationException", "MalformedInput")
            }
            Self::UnknownOperation(_) => {
                ("com.amazon.coral.service#UnknownOperationException", "InvalidAction")
            }
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (shape, code) = self.names();
        let body = json!({ "__type": shape, "message": self.to_string() });
        let mut response = aws_json(StatusCode::BAD_REQUEST, &body);
        if let Ok(value) = HeaderValue::from_str(&format!("{code};Sender")) {
            response.headers_mut().insert("x-amzn-query-error", value);
        }
        response
    }
}
