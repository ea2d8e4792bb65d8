//! What one user knows: all that Parley has promised them.

use std::collections::BTreeMap;

use tokio::time::Instant;

/// A message that was accepted.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) id: String,
    /// What it says: no other message of the run says the same.
    pub(super) content: String,
    /// When it was sent for the first time, and when its 202 was there.
    pub(super) began: Instant,
    pub(super) accepted: Instant,
}

/// A chatroom that was opened.
#[derive(Debug, Default)]
pub(super) struct Room {
    pub(super) deleted: bool,
    pub(super) asked: Vec<Asked>,
}

/// A user's own account of the run.
#[derive(Debug)]
pub(super) struct Book {
    /// How all their messages begin.
    pub(super) name: String,
    pub(super) user_id: String,
    pub(super) rooms: BTreeMap<String, Room>,
    /// What was sent once, without a key, and not answered: it may have been accepted.
    pub(super) maybe: Vec<String>,
    /// Whether a message was refused because the day's were used up.
    pub(super) was_refused: bool,
    /// Their Checkout sessions that were paid.
    pub(super) paid: Vec<String>,
    /// Whether they have deleted the account.
    pub(super) gone: bool,
}

impl Book {
    pub(super) fn new(name: String, user_id: String) -> Self {
        let (rooms, maybe, paid) = Default::default();
        Self { name, user_id, rooms, maybe, was_refused: false, paid, gone: false }
    }

    /// The rooms that are there, by their ids.
    pub(super) fn open_rooms(&self) -> impl Iterator<Item = (&String, &Room)> {
        self.rooms.iter().filter(|(_, room)| !room.deleted)
    }

    /// How many messages were accepted, in deleted rooms too.
    pub(super) fn accepted(&self) -> usize {
        self.rooms.values().map(|room| room.asked.len()).sum()
    }
}
