//! What goes wrong, and between whom.

use std::{fmt, time::Duration};

use hyper::StatusCode;

/// What all injected errors say; no answer may repeat it.
pub(super) const INJECTED: &str = "an error that nobody but the injector says";

/// A server that Parley calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// DynamoDB.
    DynamoDb,
    /// SQS.
    Sqs,
    /// The cache.
    Valkey,
    /// The model.
    Gemini,
    /// Payments.
    Stripe,
}

impl Target {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::DynamoDb, Self::Sqs, Self::Valkey, Self::Gemini, Self::Stripe];

    /// Its error for "too much at once", as it goes over its wire.
    #[must_use]
    pub fn throttles(self) -> Fault {
        match self {
            // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
            Self::DynamoDb => {
                aws(StatusCode::BAD_REQUEST, "ProvisionedThroughputExceededException")
            }
            // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
            Self::Sqs => aws(StatusCode::BAD_REQUEST, "ThrottlingException"),
            Self::Valkey => valkey("LOADING"),
            // https://ai.google.dev/gemini-api/docs/troubleshooting
            Self::Gemini => google(StatusCode::TOO_MANY_REQUESTS, "RESOURCE_EXHAUSTED"),
            Self::Stripe => stripe(StatusCode::TOO_MANY_REQUESTS, "rate_limit"),
        }
    }

    /// Its error for "it is my fault", as it goes over its wire.
    #[must_use]
    pub fn breaks(self) -> Fault {
        const STATUS: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;
        match self {
            Self::DynamoDb => aws(STATUS, "InternalServerError"),
            Self::Sqs => aws(STATUS, "InternalFailure"),
            Self::Valkey => valkey("MASTERDOWN"),
            Self::Gemini => google(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE"),
            Self::Stripe => stripe(STATUS, "api_error"),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::DynamoDb => "DynamoDB",
            Self::Sqs => "SQS",
            Self::Valkey => "Valkey",
            Self::Gemini => "Gemini",
            Self::Stripe => "Stripe",
        })
    }
}

/// What happens to one call on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The connection is closed, and nothing has happened.
    Refuse,
    /// It is passed on after this.
    Delay(Duration),
    /// It is passed on at once, and the answer after this.
    Late(Duration),
    /// Nothing happens until the client goes away.
    Hang,
    /// It has happened; the connection breaks in the middle of the answer.
    Cut,
    /// It has happened; the connection breaks before the answer.
    Swallow,
    /// It has not happened; this is the answer.
    Answer(Canned),
}

impl Fault {
    /// For a report.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Refuse => "refused",
            Self::Delay(_) => "delayed",
            Self::Late(_) => "answered late",
            Self::Hang => "hung",
            Self::Cut => "cut",
            Self::Swallow => "swallowed",
            Self::Answer(canned) if canned.is_throttling() => "throttled",
            Self::Answer(_) => "failed",
        }
    }
}

/// An error that no server was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canned {
    /// Of HTTP. A cache has none.
    pub(super) status: StatusCode,
    pub(super) content_type: &'static str,
    pub(super) body: String,
}

impl Canned {
    fn json(status: StatusCode, body: String) -> Self {
        Self { status, content_type: "application/json", body }
    }

    fn is_throttling(&self) -> bool {
        ["Throughput", "Throttling", "LOADING", "EXHAUSTED", "rate_limit"]
            .iter()
            .any(|sign| self.body.contains(sign))
    }
}

fn aws(status: StatusCode, code: &str) -> Fault {
    let body = format!(r#"{{"__type":"com.amazonaws#{code}","message":"{INJECTED}"}}"#);
    let content_type = "application/x-amz-json-1.0";
    Fault::Answer(Canned { status, content_type, body })
}

fn google(status: StatusCode, name: &str) -> Fault {
    let code = status.as_u16();
    let body = format!(r#"{{"error":{{"code":{code},"message":"{INJECTED}","status":"{name}"}}}}"#);
    Fault::Answer(Canned::json(status, body))
}

fn stripe(status: StatusCode, kind: &str) -> Fault {
    let code = if kind == "rate_limit" { r#","code":"rate_limit""# } else { "" };
    let body = format!(r#"{{"error":{{"type":"api_error"{code},"message":"{INJECTED}"}}}}"#);
    Fault::Answer(Canned::json(status, body))
}

/// An error of RESP (<https://valkey.io/topics/protocol/>), which has no status.
fn valkey(code: &str) -> Fault {
    Fault::Answer(Canned::json(StatusCode::OK, format!("-{code} {INJECTED}\r\n")))
}
