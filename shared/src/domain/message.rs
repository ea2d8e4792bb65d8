//! Messages: a user's questions and the assistant's replies.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ChatroomId, MessageId};

/// How far a question has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Accepted; the reply is on its way.
    Pending,
    /// The reply is there.
    Answered,
    /// No reply could be made; a message that says so stands in its place.
    Failed,
}

impl Status {
    /// As stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Answered => "answered",
            Self::Failed => "failed",
        }
    }
}

/// Tokens that the model counted for one reply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// The prompt, history included.
    pub input_tokens: u64,
    /// The answer, thoughts included.
    pub output_tokens: u64,
}

/// One message of a room.
#[derive(Debug, Clone)]
pub struct Message {
    /// Which one; orders the room.
    pub id: MessageId,
    /// The room.
    pub chatroom_id: ChatroomId,
    /// What it says.
    pub content: String,
    /// Who says it, and what only that side has.
    pub side: Side,
}

/// Who wrote a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    /// The user asks.
    Question {
        /// How far it has come.
        status: Status,
        /// The reply, once there is one.
        reply_id: Option<MessageId>,
    },
    /// The assistant replies.
    Reply {
        /// The question.
        reply_to: MessageId,
        /// It says that no answer could be made.
        failed: bool,
        /// Why the model stopped (`STOP`, `MAX_TOKENS`, …), as it said.
        finish_reason: Option<String>,
        /// What it cost.
        usage: Option<Usage>,
    },
}

impl Message {
    /// When it was sent.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.id.created_at()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Ids;

    #[test]
    fn a_status_has_the_name_that_is_stored() {
        let names = ["pending", "answered", "failed"];
        for (status, name) in
            [Status::Pending, Status::Answered, Status::Failed].into_iter().zip(names)
        {
            assert_eq!(status.as_str(), name);
        }
    }

    #[test]
    fn a_message_was_sent_when_its_id_was_made() {
        let (ids, now) = (Ids::default(), "2026-11-21T12:00:00Z".parse().unwrap());
        let message = Message {
            id: ids.next(now),
            chatroom_id: ids.next(now),
            content: "Why?".to_owned(),
            side: Side::Question { status: Status::Pending, reply_id: None },
        };
        assert_eq!(message.created_at(), now);
    }
}
