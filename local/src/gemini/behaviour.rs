//! What the stand-in can be told to do.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// For which requests, how often, after what delay, and what then.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// For requests whose last user turn contains this; none means all.
    pub when: Option<String>,
    /// So many times; none means always.
    pub times: Option<u32>,
    /// After so many milliseconds; none means the stand-in's usual delay.
    pub delay_ms: Option<u64>,
    /// What then.
    pub respond: Respond,
}

impl Behaviour {
    /// Does this always and for every request.
    #[must_use]
    pub fn new(respond: Respond) -> Self {
        Self { respond, ..Self::default() }
    }

    /// Only for requests whose last user turn contains `text`.
    #[must_use]
    pub fn when(self, text: impl Into<String>) -> Self {
        Self { when: Some(text.into()), ..self }
    }

    /// Only `times` times.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }

    /// Only after `delay`.
    #[must_use]
    pub fn delay(self, delay: Duration) -> Self {
        Self { delay_ms: Some(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)), ..self }
    }
}

/// How a request is answered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Respond {
    /// The usual answer.
    #[default]
    Answer,
    /// Not at all: the request waits until its client goes away, or the stand-in.
    Hang,
    /// The connection breaks in the middle of the body.
    Cut,
    /// The prompt is blocked.
    Block,
    /// A candidate without parts.
    Empty,
    /// A 200 without candidates.
    NoCandidates,
    /// The tokens were all spent on thinking.
    ThoughtsOnly,
    /// An error.
    #[serde(untagged)]
    Status(StatusReply),
    /// A given text.
    #[serde(untagged)]
    Text(TextReply),
}

impl Respond {
    /// An error of this HTTP status, in Google's form.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Status(StatusReply { status, retry_after: None, body: None })
    }

    /// An error of this HTTP status that asks to wait for `delay`, such as `1.5s`.
    #[must_use]
    pub fn status_after(status: u16, delay: impl Into<String>) -> Self {
        Self::Status(StatusReply { status, retry_after: Some(delay.into()), body: None })
    }

    /// This text, as a whole answer.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(TextReply { text: text.into(), finish_reason: None })
    }
}

/// An error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusReply {
    /// HTTP status. What is not one is taken for a 500.
    pub status: u16,
    /// `RetryInfo.retryDelay`, such as `2s`.
    #[serde(default)]
    pub retry_after: Option<String>,
    /// In place of Google's error: a string is sent as HTML, anything else as JSON.
    #[serde(default)]
    pub body: Option<Value>,
}

/// A given text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextReply {
    /// The text.
    pub text: String,
    /// Why it ends; none means `STOP`.
    #[serde(default)]
    pub finish_reason: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(value: Value) -> Behaviour {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn every_documented_form_is_understood() {
        assert_eq!(parsed(json!({})), Behaviour::new(Respond::Answer));
        for (name, respond) in [
            ("answer", Respond::Answer),
            ("hang", Respond::Hang),
            ("cut", Respond::Cut),
            ("block", Respond::Block),
            ("empty", Respond::Empty),
            ("no_candidates", Respond::NoCandidates),
            ("thoughts_only", Respond::ThoughtsOnly),
        ] {
            assert_eq!(parsed(json!({"respond": name})), Behaviour::new(respond));
        }
        assert_eq!(
            parsed(json!({
                "when": "rain", "times": 2, "delay_ms": 1500,
                "respond": {"status": 429, "retry_after": "1.5s"},
            })),
            Behaviour::new(Respond::status_after(429, "1.5s"))
                .when("rain")
                .times(2)
                .delay(Duration::from_millis(1500))
        );
        let text =
            TextReply { text: "Hm".to_owned(), finish_reason: Some("MAX_TOKENS".to_owned()) };
        assert_eq!(
            parsed(json!({"respond": {"text": "Hm", "finish_reason": "MAX_TOKENS"}})),
            Behaviour::new(Respond::Text(text))
        );
    }

    #[test]
    fn a_slip_of_the_pen_is_refused() {
        for slip in [
            json!({"whenn": "rain"}),
            json!({"respond": "hangs"}),
            json!({"respond": {"status": 503, "retry": "1s"}}),
            json!({"respond": {"status": "503"}}),
            json!({"times": -1}),
        ] {
            assert!(serde_json::from_value::<Behaviour>(slip.clone()).is_err(), "{slip}");
        }
    }
}
