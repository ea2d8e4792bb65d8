//! Why there is no answer: what can be tried again, what cannot, and what the user is told.
//!
//! Statuses and details are Google's: <https://ai.google.dev/gemini-api/docs/troubleshooting> and
//! <https://google.aip.dev/193>.

use std::fmt;
use std::time::Duration;

use shared::domain::Usage;

use super::wire::{ErrorDetail, ErrorResponse, ErrorStatus};

/// The longest wait that Gemini's `RetryInfo` can impose. Its per-minute quotas ask for up to a
/// minute; a room waits in order behind its oldest message, so a longer wait is not honoured.
pub const MAX_RETRY_AFTER: Duration = Duration::from_mins(2);

/// Why an attempt gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Another attempt can succeed.
    #[error("no answer from Gemini for now: {cause}")]
    Retryable {
        /// What happened.
        cause: Cause,
        /// How long Gemini asks to wait, at most [`MAX_RETRY_AFTER`].
        retry_after: Option<Duration>,
    },
    /// Another attempt would end the same way.
    #[error("no answer from Gemini: {cause}")]
    Final {
        /// What happened.
        cause: Cause,
        /// Tokens spent nevertheless, where Gemini said so.
        usage: Option<Usage>,
    },
}

impl Failure {
    /// What happened.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::Retryable { cause, .. } | Self::Final { cause, .. } => *cause,
        }
    }

    pub(super) fn retryable(cause: Cause) -> Self {
        Self::Retryable { cause, retry_after: None }
    }

    pub(super) fn r#final(cause: Cause) -> Self {
        Self::Final { cause, usage: None }
    }
}

/// What happened, in a form that is fit for logs and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// 429: too many requests or tokens for now.
    Throttled,
    /// 408 or 5xx: overloaded or broken for now.
    Unavailable,
    /// No whole answer within the time-out.
    TimedOut,
    /// The connection was not made, or was lost.
    Connection,
    /// A 200 whose body is not an answer: cut short, or not Gemini's at all.
    Unreadable,
    /// Safety rules stopped the prompt or the answer.
    Blocked,
    /// The answer was repeating published material.
    Recitation,
    /// The language is not supported.
    Language,
    /// A 200 without any text, as when thinking used up all the tokens.
    Empty,
    /// The answer is larger than any that Gemini could mean.
    TooLarge,
    /// 400, 413: the request is wrong, or too long for the model.
    BadRequest,
    /// The API key is missing, wrong, expired or restricted.
    BadKey,
    /// The project may not: permission, billing, region.
    Forbidden,
    /// 404, 410: the model does not exist, or no longer.
    ModelGone,
    /// The day's quota is used up.
    QuotaExhausted,
    /// A status that has no meaning here, such as a redirect.
    Unexpected,
}

impl Cause {
    /// Its name in logs and metrics; it does not change.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::TimedOut => "timed_out",
            Self::Connection => "connection",
            Self::Unreadable => "unreadable",
            Self::Blocked => "blocked",
            Self::Recitation => "recitation",
            Self::Language => "language",
            Self::Empty => "empty",
            Self::TooLarge => "too_large",
            Self::BadRequest => "bad_request",
            Self::BadKey => "bad_key",
            Self::Forbidden => "forbidden",
            Self::ModelGone => "model_gone",
            Self::QuotaExhausted => "quota_exhausted",
            Self::Unexpected => "unexpected",
        }
    }

    /// Every message fails like this until an operator does something about it.
    #[must_use]
    pub fn needs_operator(self) -> bool {
        match self {
            Self::BadKey
            | Self::Forbidden
            | Self::ModelGone
            | Self::QuotaExhausted
            | Self::Unexpected => true,
            Self::Throttled
            | Self::Unavailable
            | Self::TimedOut
            | Self::Connection
            | Self::Unreadable
            | Self::Blocked
            | Self::Recitation
            | Self::Language
            | Self::Empty
            | Self::TooLarge
            | Self::BadRequest => false,
        }
    }

    /// What the user reads in place of an answer.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Blocked => {
                "Gemini declined to answer this message because of its safety rules. Try rephrasing it."
            }
            Self::Recitation => {
                "Gemini stopped because its answer came too close to published material. Try asking \
                 in a different way."
            }
            Self::Language => {
                "Gemini can't answer in this language yet. Try asking in another language."
            }
            cause if cause.needs_operator() => {
                "Sorry, no answer could be made for this message. It was not counted against your \
                 daily limit; please send it again later."
            }
            _ => {
                "Sorry, no answer could be made for this message. It was not counted against your \
                 daily limit; please send it again."
            }
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a status other than 200 means.
#[derive(Debug)]
pub struct ErrorReply {
    /// Whether another attempt can help.
    pub failure: Failure,
    /// `error.status`, where it is one of Google's canonical codes.
    pub google_status: Option<&'static str>,
}

impl ErrorReply {
    /// Reads a response. `retry_after` is its header of that name.
    ///
    /// A body that is not Gemini's (HTML of a proxy, nothing, a torn one) leaves the status to go by.
    #[must_use]
    pub fn read(http_status: u16, retry_after: Option<&str>, body: &[u8]) -> Self {
        let error = serde_json::from_slice::<ErrorResponse>(body)
            .ok()
            .and_then(|body| body.error)
            .unwrap_or_default();
        let asked = retry_delay(&error).or_else(|| retry_after.and_then(delta_seconds));
        Self {
            failure: classify(http_status, &error, asked),
            google_status: error.status.as_deref().and_then(canonical_code),
        }
    }
}

/// What an error under a 200 means; its own `code` stands for the status.
pub(super) fn from_error_status(error: &ErrorStatus) -> Failure {
    classify(error.code.unwrap_or(500), error, retry_delay(error))
}

fn classify(http_status: u16, error: &ErrorStatus, retry_after: Option<Duration>) -> Failure {
    let retryable = |cause| Failure::Retryable { cause, retry_after };
    match http_status {
        429 if is_daily_quota(error) => Failure::r#final(Cause::QuotaExhausted),
        429 => retryable(Cause::Throttled),
        501 => Failure::r#final(Cause::Unexpected),
        408 | 500..=599 => retryable(Cause::Unavailable),
        400 | 403 if is_about_key(error) => Failure::r#final(Cause::BadKey),
        401 => Failure::r#final(Cause::BadKey),
        400 if error.status.as_deref() == Some("FAILED_PRECONDITION") => {
            Failure::r#final(Cause::Forbidden)
        }
        400 | 413 => Failure::r#final(Cause::BadRequest),
        402 | 403 => Failure::r#final(Cause::Forbidden),
        404 | 410 => Failure::r#final(Cause::ModelGone),
        _ => Failure::r#final(Cause::Unexpected),
    }
}

fn details(error: &ErrorStatus) -> impl Iterator<Item = &ErrorDetail> {
    error.details.iter().flatten()
}

/// `ErrorInfo.reason` is `API_KEY_INVALID` (also for an expired key), `API_KEY_SERVICE_BLOCKED`, ….
fn is_about_key(error: &ErrorStatus) -> bool {
    details(error).any(|detail| detail.reason.as_deref().is_some_and(|r| r.starts_with("API_KEY_")))
}

/// `QuotaFailure` names a quota per day: it is back tomorrow, whatever `RetryInfo` says.
fn is_daily_quota(error: &ErrorStatus) -> bool {
    details(error)
        .filter_map(|detail| detail.violations.as_ref())
        .flatten()
        .filter_map(|violation| violation.quota_id.as_deref())
        .any(|quota_id| quota_id.contains("PerDay"))
}

/// `RetryInfo.retryDelay`: a protobuf duration in JSON, decimal seconds followed by `s`.
fn retry_delay(error: &ErrorStatus) -> Option<Duration> {
    details(error)
        .filter_map(|detail| detail.retry_delay.as_deref())
        .find_map(|delay| delay.strip_suffix('s')?.parse().ok().and_then(clamped))
}

/// A `Retry-After` header in seconds (RFC 9110, section 10.2.3); a date is not looked at.
fn delta_seconds(header: &str) -> Option<Duration> {
    clamped(f64::from(header.trim().parse::<u32>().ok()?))
}

fn clamped(seconds: f64) -> Option<Duration> {
    let sane = seconds.is_finite() && seconds >= 0.0;
    sane.then(|| Duration::from_secs_f64(seconds.min(MAX_RETRY_AFTER.as_secs_f64())))
}

/// The name as a constant of ours, so that nothing else that a server writes is ever logged.
fn canonical_code(status: &str) -> Option<&'static str> {
    const CODES: [&str; 16] = [
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "UNAUTHENTICATED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
    ];
    CODES.into_iter().find(|code| *code == status)
}

#[cfg(test)]
mod tests;
