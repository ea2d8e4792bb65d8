//! The chatroom.

use jiff::Timestamp;

use super::{ChatroomId, UserId};

/// A conversation of one user with the assistant.
#[derive(Debug, Clone)]
pub struct Chatroom {
    /// Which one.
    pub id: ChatroomId,
    /// Whose it is.
    pub user_id: UserId,
    /// What its owner calls it.
    pub name: String,
    /// What its owner tells the model before every conversation.
    pub system_instruction: Option<String>,
    /// The last rename, change of instruction or message.
    pub updated_at: Timestamp,
    /// The owner's last message.
    pub last_message_at: Option<Timestamp>,
}

impl Chatroom {
    /// When it was opened.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.id.created_at()
    }
}
