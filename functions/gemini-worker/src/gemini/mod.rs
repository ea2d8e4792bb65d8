//! The Gemini client: one prompt in, one [`Answer`] or one [`Failure`] out.
//!
//! [`Gemini::generate`] makes a single attempt. Whether and when to try again is SQS's business (the
//! message's visibility timeout), so a failure says whether another attempt can help, and when.
//!
//! Nothing that Gemini writes in an error leaves this module: a failure carries a [`Cause`], which
//! has a name for logs and a sentence for the user, and logs add the HTTP status and Google's own
//! status name where that is a known one.
//!
//! Reference: <https://ai.google.dev/api/generate-content>.

mod answer;
mod client;
mod error;
mod settings;
mod wire;

pub use answer::{Answer, FinishReason};
pub use client::{Gemini, MAX_OUTPUT_TOKENS, MAX_TEXT_BYTES};
pub use error::{Cause, ErrorReply, Failure, MAX_RETRY_AFTER};
pub use settings::{Endpoint, InvalidSettings, Settings};
pub use shared::domain::Usage;

/// What the model is shown. The last turn is the user's: newer models refuse anything else.
pub struct Prompt {
    /// How the model is to behave in this room, if anybody said so. Blank counts as not set.
    pub system_instruction: Option<String>,
    /// The conversation, oldest first.
    pub turns: Vec<Turn>,
}

/// One side's part of a conversation.
pub struct Turn {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub text: String,
}

/// Who speaks in a [`Turn`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The person.
    User,
    /// Gemini, earlier on.
    Model,
}
