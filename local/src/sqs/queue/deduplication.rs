//! What a FIFO queue remembers of the messages it was sent in the last five minutes.

use std::collections::{HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::Sent;

/// For how long a second message with the same deduplication id is dropped.
const INTERVAL: SignedDuration = SignedDuration::from_mins(5);

/// The deduplication id, and its message group where each group has ids of its own.
pub(super) type Key = (Option<String>, String);

/// The deduplication ids of the last five minutes.
#[derive(Debug, Default)]
pub(super) struct Deduplication {
    seen: HashMap<Key, Sent>,
    by_age: VecDeque<(Timestamp, Key)>,
}

impl Deduplication {
    /// The first message that was sent under `key`, if that is not too long ago.
    pub(super) fn first(&self, key: &Key) -> Option<Sent> {
        self.seen.get(key).copied()
    }

    /// Starts the interval of `key`.
    pub(super) fn remember(&mut self, now: Timestamp, key: Key, sent: Sent) {
        self.by_age.push_back((now + INTERVAL, key.clone()));
        self.seen.insert(key, sent);
    }

    /// Forgets the ids whose interval is over.
    pub(super) fn forget_old(&mut self, now: Timestamp) {
        while let Some((_, key)) = self.by_age.pop_front_if(|(until, _)| *until <= now) {
            self.seen.remove(&key);
        }
    }
}
