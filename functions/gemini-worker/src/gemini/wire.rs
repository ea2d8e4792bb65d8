//! Gemini's JSON, as far as the worker speaks it.
//!
//! Requests hold only what is needed. `temperature`, `topP` and `topK` are left out on purpose:
//! Google asks for that from Gemini 3.6 on.
//!
//! Responses are read leniently: every field may be missing or null, unknown fields are skipped, and
//! an enum's value is kept as it came, because Google adds values without notice.

use serde::{Deserialize, Serialize};

use super::{Prompt, Role};

/// Body of `models/{model}:generateContent`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GenerateContentRequest<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<SystemInstruction<'a>>,
    contents: Vec<Content<'a>>,
    generation_config: GenerationConfig,
}

#[derive(Serialize)]
struct SystemInstruction<'a> {
    parts: [TextPart<'a>; 1],
}

#[derive(Serialize)]
struct Content<'a> {
    role: &'static str,
    parts: [TextPart<'a>; 1],
}

#[derive(Serialize)]
struct TextPart<'a> {
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GenerationConfig {
    max_output_tokens: u32,
}

impl<'a> GenerateContentRequest<'a> {
    /// The request for `prompt`.
    pub(super) fn new(prompt: &'a Prompt, max_output_tokens: u32) -> Self {
        Self {
            system_instruction: prompt
                .system_instruction
                .as_deref()
                .filter(|text| !text.trim().is_empty())
                .map(|text| SystemInstruction { parts: [TextPart { text }] }),
            contents: prompt
                .turns
                .iter()
                .map(|turn| Content {
                    role: match turn.role {
                        Role::User => "user",
                        Role::Model => "model",
                    },
                    parts: [TextPart { text: &turn.text }],
                })
                .collect(),
            generation_config: GenerationConfig { max_output_tokens },
        }
    }
}

/// Body of a 200.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct GenerateContentResponse {
    pub(super) candidates: Option<Vec<Candidate>>,
    pub(super) prompt_feedback: Option<PromptFeedback>,
    pub(super) usage_metadata: Option<UsageMetadata>,
    /// An error in place of an answer. Gemini sends one under a 200 that it has already begun.
    pub(super) error: Option<ErrorStatus>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Candidate {
    pub(super) content: Option<CandidateContent>,
    pub(super) finish_reason: Option<EnumValue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct CandidateContent {
    pub(super) parts: Option<Vec<Part>>,
}

/// One part of an answer. Parts that are not text (a function call, a blob) have no `text`.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Part {
    pub(super) text: Option<String>,
    /// True for the model's thinking, which is not part of the answer.
    pub(super) thought: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PromptFeedback {
    pub(super) block_reason: Option<EnumValue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct UsageMetadata {
    #[serde(rename = "promptTokenCount")]
    pub(super) prompt: Option<u64>,
    #[serde(rename = "candidatesTokenCount")]
    pub(super) candidates: Option<u64>,
    #[serde(rename = "thoughtsTokenCount")]
    pub(super) thoughts: Option<u64>,
}

/// An enum's value in proto3 JSON: its name, or its number where the sender had no name for it.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum EnumValue {
    Name(String),
    Number(i64),
}

impl EnumValue {
    /// Longer than any of Google's names.
    const MAX_NAME: usize = 64;

    /// The name as Google spells it, or the number in digits.
    ///
    /// The value is shown and logged, so what does not look like the name of an enum's value is
    /// not kept.
    pub(super) fn into_name(self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Name(name) if Self::is_name(&name) => name,
            Self::Name(_) => "UNRECOGNIZED".to_owned(),
        }
    }

    fn is_name(name: &str) -> bool {
        (1..=Self::MAX_NAME).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    }
}

/// Body of any other status: `google.rpc.Status` in JSON (<https://google.aip.dev/193>).
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ErrorResponse {
    pub(super) error: Option<ErrorStatus>,
}

/// What went wrong. Its `message` is not read: nothing may show it.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ErrorStatus {
    pub(super) code: Option<u16>,
    pub(super) status: Option<String>,
    pub(super) details: Option<Vec<ErrorDetail>>,
}

/// The fields that matter of `ErrorInfo`, `RetryInfo` and `QuotaFailure`. Each has names of its
/// own, so the `@type` need not be asked for.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ErrorDetail {
    /// `ErrorInfo`: such as `API_KEY_INVALID`.
    pub(super) reason: Option<String>,
    /// `RetryInfo`: such as `38.2s`.
    pub(super) retry_delay: Option<String>,
    /// `QuotaFailure`.
    pub(super) violations: Option<Vec<QuotaViolation>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct QuotaViolation {
    /// Such as `GenerateRequestsPerDayPerProjectPerModel-FreeTier`.
    pub(super) quota_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::gemini::Turn;

    fn turn(role: Role, text: &str) -> Turn {
        Turn { role, text: text.to_owned() }
    }

    fn sent(prompt: &Prompt) -> serde_json::Value {
        serde_json::to_value(GenerateContentRequest::new(prompt, 8192)).unwrap()
    }

    #[test]
    fn a_request_holds_the_turns_in_order_and_no_sampling_parameters() {
        let prompt = Prompt {
            system_instruction: Some("Be brief.".to_owned()),
            turns: vec![
                turn(Role::User, "Hello"),
                turn(Role::Model, "Hi!"),
                turn(Role::User, "How are you?"),
            ],
        };
        assert_eq!(
            sent(&prompt),
            json!({
                "systemInstruction": {"parts": [{"text": "Be brief."}]},
                "contents": [
                    {"role": "user", "parts": [{"text": "Hello"}]},
                    {"role": "model", "parts": [{"text": "Hi!"}]},
                    {"role": "user", "parts": [{"text": "How are you?"}]},
                ],
                "generationConfig": {"maxOutputTokens": 8192},
            })
        );
    }

    #[test]
    fn a_system_instruction_that_is_not_set_or_blank_is_left_out() {
        for system_instruction in [None, Some(String::new()), Some(" \n".to_owned())] {
            let prompt = Prompt { system_instruction, turns: vec![turn(Role::User, "Hello")] };
            assert!(sent(&prompt).get("systemInstruction").is_none());
        }
    }

    #[test]
    fn an_enum_value_is_kept_only_if_it_looks_like_one() {
        let name = |value| serde_json::from_value::<EnumValue>(value).unwrap().into_name();
        assert_eq!(name(json!("NEW_IN_2027")), "NEW_IN_2027");
        assert_eq!(name(json!(23)), "23");
        assert_eq!(name(json!("see https://internal.example")), "UNRECOGNIZED");
        assert_eq!(name(json!("")), "UNRECOGNIZED");
        assert_eq!(name(json!("A".repeat(65))), "UNRECOGNIZED");
    }
}
