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

impl Answer {
    /// Reads the body of a 200.
    ///
    /// # Errors
    /// It is a refusal, an error under a 200, nothing at all, or not Gemini's.
    pub fn read(body: &[u8]) -> Result<Self, Failure> {
        let response =
            serde_json::from_slice(body).map_err(|_| Failure::retryable(Cause::Unreadable))?;
        read(response)
    }
}

fn read(response: GenerateContentResponse) -> Result<Answer, Failure> {
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
    let output = [usage.candidates, usage.thoughts];
    Usage {
        input_tokens: usage.prompt.unwrap_or(0),
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
mod tests;
