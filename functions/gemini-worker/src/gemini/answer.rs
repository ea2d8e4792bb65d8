//! What a 200 means: an answer, a refusal, or nothing at all.

use std::fmt;

use shared::domain::Usage;

use super::error::{self, Cause, Failure};
use super::wire::{Candidate, EnumValue, GenerateContentResponse, PromptFeedback, UsageMetadata};

/// A usable answer: its text is never blank.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// What Gemini says, its thinking left out.
    pub text: String,
    /// Why it stopped.
    pub finish_reason: FinishReason,
    /// Tokens spent; zeros where Gemini did not say.
    pub usage: Usage,
}

/// Without the text: conversations are never logged.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("text_bytes", &self.text.len())
            .field("finish_reason", &self.finish_reason)
            .field("usage", &self.usage)
            .finish()
    }
}

/// Why the model stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FinishReason {
    /// It was done.
    Stop,
    /// It reached the bound on output tokens: the text may end in mid-sentence.
    MaxTokens,
    /// What it was saying was found unsafe.
    Safety,
    /// It used a forbidden term.
    Blocklist,
    /// It used prohibited content.
    ProhibitedContent,
    /// It gave sensitive personal information.
    Spii,
    /// It was repeating published material.
    Recitation,
    /// The language is not supported.
    Language,
    /// Any other value, known to Google alone or to nobody yet, as Google spells it.
    Other(String),
}

impl FinishReason {
    fn from_wire(value: Option<EnumValue>) -> Self {
        let Some(value) = value else {
            return Self::Other("FINISH_REASON_UNSPECIFIED".to_owned());
        };
        let name = value.into_name();
        match name.as_str() {
            "STOP" => Self::Stop,
            "MAX_TOKENS" => Self::MaxTokens,
            "SAFETY" => Self::Safety,
            "BLOCKLIST" => Self::Blocklist,
            "PROHIBITED_CONTENT" => Self::ProhibitedContent,
            "SPII" => Self::Spii,
            "RECITATION" => Self::Recitation,
            "LANGUAGE" => Self::Language,
            _ => Self::Other(name),
        }
    }

    /// As Google spells it: `STOP`, `MAX_TOKENS`, ….
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Stop => "STOP",
            Self::MaxTokens => "MAX_TOKENS",
            Self::Safety => "SAFETY",
            Self::Blocklist => "BLOCKLIST",
            Self::ProhibitedContent => "PROHIBITED_CONTENT",
            Self::Spii => "SPII",
            Self::Recitation => "RECITATION",
            Self::Language => "LANGUAGE",
            Self::Other(name) => name,
        }
    }

    /// The refusal that this reason stands for. Text that came before it is what was objected to,
    /// so it is not an answer.
    fn refusal(&self) -> Option<Cause> {
        match self {
            Self::Safety | Self::Blocklist | Self::ProhibitedContent | Self::Spii => {
                Some(Cause::Blocked)
            }
            Self::Recitation => Some(Cause::Recitation),
            Self::Language => Some(Cause::Language),
            Self::Stop | Self::MaxTokens | Self::Other(_) => None,
        }
    }
}

/// Reads the body of a 200.
pub(super) fn read(response: GenerateContentResponse) -> Result<Answer, Failure> {
    if let Some(error) = response.error {
        return Err(error::from_error_status(&error));
    }
    let usage = response.usage_metadata.map(count);
    let refused = |cause| Err(Failure::Final { cause, usage });

    if response.prompt_feedback.is_some_and(is_blocked) {
        return refused(Cause::Blocked);
    }
    let Some(candidate) = response.candidates.into_iter().flatten().next() else {
        return refused(Cause::Empty);
    };
    let (text, finish_reason) = split(candidate);
    if let Some(cause) = finish_reason.refusal() {
        return refused(cause);
    }
    if text.trim().is_empty() {
        return refused(Cause::Empty);
    }
    Ok(Answer { text, finish_reason, usage: usage.unwrap_or_default() })
}

/// Tokens as they are billed: thoughts count as output, cached input counts as input.
fn count(usage: UsageMetadata) -> Usage {
    let output = [usage.candidates_token_count, usage.thoughts_token_count];
    Usage {
        input_tokens: usage.prompt_token_count.unwrap_or(0),
        output_tokens: output.into_iter().flatten().fold(0, u64::saturating_add),
    }
}

/// Feedback without a reason only rates the prompt.
fn is_blocked(feedback: PromptFeedback) -> bool {
    feedback.block_reason.is_some_and(|reason| reason.into_name() != "BLOCK_REASON_UNSPECIFIED")
}

fn split(candidate: Candidate) -> (String, FinishReason) {
    let text = candidate
        .content
        .and_then(|content| content.parts)
        .into_iter()
        .flatten()
        .filter(|part| !part.thought.unwrap_or(false))
        .filter_map(|part| part.text)
        .collect();
    (text, FinishReason::from_wire(candidate.finish_reason))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read_json(body: Value) -> Result<Answer, Failure> {
        read(serde_json::from_value(body).unwrap())
    }

    /// An answer that says `text` and stopped for `reason`, for 10 tokens in and 3 + 4 out.
    fn candidate(text: Option<&str>, reason: &Value) -> Value {
        let content = text.map(|text| json!({"role": "model", "parts": [{"text": text}]}));
        json!({
            "candidates": [{"content": content, "finishReason": reason, "index": 0}],
            "usageMetadata": {
                "promptTokenCount": 10, "candidatesTokenCount": 3, "thoughtsTokenCount": 4,
                "totalTokenCount": 17,
            },
            "modelVersion": "gemini-3.8-flash",
        })
    }

    const USAGE: Usage = Usage { input_tokens: 10, output_tokens: 7 };

    fn refused(cause: Cause) -> Result<Answer, Failure> {
        Err(Failure::Final { cause, usage: Some(USAGE) })
    }

    #[test]
    fn an_answer_is_its_text_its_reason_and_its_tokens_with_thoughts_as_output() {
        let answer = read_json(candidate(Some("Hello."), &json!("STOP"))).unwrap();
        assert_eq!(answer.text, "Hello.");
        assert_eq!(answer.finish_reason, FinishReason::Stop);
        assert_eq!(answer.usage, USAGE);
    }

    #[test]
    fn parts_are_joined_and_thoughts_and_other_kinds_are_skipped() {
        let answer = read_json(json!({"candidates": [{
            "content": {"parts": [
                {"text": "Let me think.", "thought": true},
                {"text": "One, "},
                {"functionCall": {"name": "f"}},
                {"text": "two.", "thought": false, "thoughtSignature": "c2ln"},
            ]},
            "finishReason": "STOP",
        }]}))
        .unwrap();
        assert_eq!(answer.text, "One, two.");
    }

    #[test]
    fn nothing_but_thoughts_is_empty() {
        let failure = read_json(json!({"candidates": [{
            "content": {"parts": [{"text": "Let me think.", "thought": true}]},
            "finishReason": "STOP",
        }]}));
        assert_eq!(failure.unwrap_err(), Failure::Final { cause: Cause::Empty, usage: None });
    }

    #[test]
    fn a_200_without_candidates_is_empty() {
        for body in [
            json!({}),
            json!({"candidates": []}),
            json!({"candidates": null, "promptFeedback": null}),
            json!({"promptFeedback": {"safetyRatings": []}}),
        ] {
            let failure = read_json(body).unwrap_err();
            assert_eq!(failure, Failure::Final { cause: Cause::Empty, usage: None });
        }
    }

    #[test]
    fn a_candidate_without_content_parts_or_text_is_empty() {
        for candidate in [
            json!({}),
            json!({"finishReason": "STOP"}),
            json!({"content": null, "finishReason": "STOP"}),
            json!({"content": {"role": "model"}, "finishReason": "STOP"}),
            json!({"content": {"parts": null}, "finishReason": "STOP"}),
            json!({"content": {"parts": []}, "finishReason": "OTHER"}),
            json!({"content": {"parts": [{}]}, "finishReason": "MALFORMED_FUNCTION_CALL"}),
            json!({"content": {"parts": [{"text": " \n"}]}, "finishReason": "STOP"}),
        ] {
            let failure = read_json(json!({"candidates": [candidate]})).unwrap_err();
            assert_eq!(failure, Failure::Final { cause: Cause::Empty, usage: None });
        }
    }

    #[test]
    fn max_tokens_is_an_answer_with_text_and_empty_without() {
        let reason = json!("MAX_TOKENS");
        let answer = read_json(candidate(Some("It was a dark and"), &reason)).unwrap();
        assert_eq!(answer.finish_reason, FinishReason::MaxTokens);
        assert_eq!(answer.finish_reason.as_str(), "MAX_TOKENS");
        assert_eq!(read_json(candidate(None, &reason)), refused(Cause::Empty));
    }

    #[test]
    fn a_blocked_prompt_is_refused_whatever_the_reason_is_called() {
        for reason in [json!("SAFETY"), json!("PROHIBITED_CONTENT"), json!("NEW_IN_2027"), json!(9)]
        {
            let body = json!({
                "promptFeedback": {"blockReason": reason, "blockReasonMessage": "internal"},
                "usageMetadata": {"promptTokenCount": 10},
            });
            let usage = Some(Usage { input_tokens: 10, output_tokens: 0 });
            let failure = read_json(body).unwrap_err();
            assert_eq!(failure, Failure::Final { cause: Cause::Blocked, usage });
        }
    }

    #[test]
    fn feedback_that_blocks_nothing_does_not_hide_the_answer() {
        let mut body = candidate(Some("Hello."), &json!("STOP"));
        body["promptFeedback"] = json!({"blockReason": "BLOCK_REASON_UNSPECIFIED"});
        assert_eq!(read_json(body).unwrap().text, "Hello.");
    }

    #[test]
    fn an_answer_stopped_by_a_filter_is_refused_with_or_without_the_text_so_far() {
        for (reason, cause) in [
            ("SAFETY", Cause::Blocked),
            ("BLOCKLIST", Cause::Blocked),
            ("PROHIBITED_CONTENT", Cause::Blocked),
            ("SPII", Cause::Blocked),
            ("RECITATION", Cause::Recitation),
            ("LANGUAGE", Cause::Language),
        ] {
            for text in [Some("Here is how"), None] {
                assert_eq!(read_json(candidate(text, &json!(reason))), refused(cause), "{reason}");
            }
        }
    }

    #[test]
    fn a_finish_reason_that_nobody_knows_yet_is_kept() {
        for (reason, kept) in [
            (json!("NEW_IN_2027"), "NEW_IN_2027"),
            (json!("OTHER"), "OTHER"),
            (json!(42), "42"),
            (Value::Null, "FINISH_REASON_UNSPECIFIED"),
        ] {
            let answer = read_json(candidate(Some("Hello."), &reason)).unwrap();
            assert_eq!(answer.finish_reason, FinishReason::Other(kept.to_owned()));
            assert_eq!(answer.finish_reason.as_str(), kept);
        }
    }

    #[test]
    fn every_named_reason_is_spelled_as_it_came() {
        for name in [
            "STOP",
            "MAX_TOKENS",
            "SAFETY",
            "BLOCKLIST",
            "PROHIBITED_CONTENT",
            "SPII",
            "RECITATION",
            "LANGUAGE",
        ] {
            let reason = FinishReason::from_wire(Some(EnumValue::Name(name.to_owned())));
            assert_eq!(reason.as_str(), name);
            assert_ne!(reason, FinishReason::Other(name.to_owned()));
        }
    }

    #[test]
    fn missing_usage_counts_as_nothing() {
        for usage in [Value::Null, json!({}), json!({"candidatesTokenCount": null})] {
            let mut body = candidate(Some("Hello."), &json!("STOP"));
            body["usageMetadata"] = usage;
            assert_eq!(read_json(body).unwrap().usage, Usage::default());
        }
    }

    #[test]
    fn an_error_under_a_200_is_an_error() {
        let failure = read_json(json!({"error": {"code": 503, "status": "UNAVAILABLE"}}));
        let expected = Failure::Retryable { cause: Cause::Unavailable, retry_after: None };
        assert_eq!(failure.unwrap_err(), expected);
    }

    #[test]
    fn an_answer_does_not_show_its_text_when_it_is_debugged() {
        let answer = read_json(candidate(Some("a secret"), &json!("STOP"))).unwrap();
        assert!(!format!("{answer:?}").contains("secret"));
    }
}
