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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Ids;

    #[test]
    fn a_room_was_opened_when_its_id_was_made() {
        let (ids, now) = (Ids::default(), "2026-11-21T12:00:00Z".parse().unwrap());
        let room = Chatroom {
            id: ids.next(now),
            user_id: ids.next(now),
            name: "Physics".to_owned(),
            system_instruction: None,
            updated_at: Timestamp::MAX,
            last_message_at: None,
        };
        assert_eq!(room.created_at(), now);
    }
}
