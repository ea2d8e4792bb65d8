//! Identifiers: ULIDs, one type per thing, so that a chatroom's id is never taken for a user's.
//!
//! A ULID starts with its creation time in milliseconds, so ids sort by age and an item needs no
//! `created_at` of its own (<https://github.com/ulid/spec>).

use std::{fmt, str::FromStr, sync::Mutex};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ulid::Ulid;

/// The text was not a ULID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct InvalidId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Ulid);

        impl $name {
            /// When it was made, to the millisecond.
            #[must_use]
            pub fn created_at(self) -> Timestamp {
                created_at(self.0)
            }

            /// The 16 bytes of the ULID, big-endian.
            #[must_use]
            pub fn to_bytes(self) -> [u8; 16] {
                self.0.to_bytes()
            }

            /// The id with these 16 bytes.
            #[must_use]
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Ulid::from_bytes(bytes))
            }

            /// The lowest id that can be made at `at`: a bound for range queries.
            #[must_use]
            pub fn lowest_at(at: Timestamp) -> Self {
                Self(Ulid::from_parts(millis(at), 0))
            }
        }

        impl From<Ulid> for $name {
            fn from(ulid: Ulid) -> Self {
                Self(ulid)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                from_text(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A user.
    UserId
);
id!(
    /// A chatroom.
    ChatroomId
);
id!(
    /// A message, a user's or the assistant's. Ids order the messages of a room.
    MessageId
);
id!(
    /// A sign-in session: one family of refresh tokens.
    SessionId
);
id!(
    /// One attempt at something that only one may be at, at a time.
    AttemptId
);

/// Makes ids. Within one process they strictly increase, even within one millisecond and when the
/// clock steps back, so two messages sent one after the other keep their order.
#[derive(Debug)]
pub struct Ids {
    last: Mutex<Ulid>,
}

impl Default for Ids {
    fn default() -> Self {
        Self { last: Mutex::new(Ulid::nil()) }
    }
}

impl Ids {
    /// The next id, made at `now`.
    pub fn next<T: From<Ulid>>(&self, now: Timestamp) -> T {
        let fresh = Ulid::from_parts(millis(now), random());
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let next = if fresh > *last && fresh.timestamp_ms() > last.timestamp_ms() {
            fresh
        } else {
            // 2^80 ids within one millisecond: `increment` can't overflow in practice.
            last.increment().unwrap_or(fresh)
        };
        *last = next;
        T::from(next)
    }

    /// The next id, which also sorts behind `earlier`, whatever this machine's clock says: a reply
    /// never stands before its question.
    pub fn next_after(&self, earlier: MessageId, now: Timestamp) -> MessageId {
        let id: MessageId = self.next(now);
        if id > earlier {
            return id;
        }
        // With a random part of its own: the question's successor may be the next question's id.
        MessageId(Ulid::from_parts(earlier.0.timestamp_ms() + 1, random()))
    }
}

/// 26 digits hold 130 bits, a ULID has 128. The library drops what is too much, so that an id would have
/// further spellings; the specification has them refused.
fn from_text(text: &str) -> Result<Ulid, InvalidId> {
    if text.as_bytes().first().is_some_and(|first| (b'0'..=b'7').contains(first)) {
        Ulid::from_string(text).map_err(|_| InvalidId)
    } else {
        Err(InvalidId)
    }
}

/// The 80 random bits of a ULID.
fn random() -> u128 {
    rand::random::<u128>() >> 48
}

fn millis(at: Timestamp) -> u64 {
    at.as_millisecond().max(0).unsigned_abs()
}

fn created_at(ulid: Ulid) -> Timestamp {
    // 48 bits of milliseconds reach the year 10889; jiff's range ends in 9999.
    i64::try_from(ulid.timestamp_ms())
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_process_strictly_increase_even_when_the_clock_steps_back() {
        let ids = Ids::default();
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let earlier: Timestamp = "2026-11-21T11:00:00Z".parse().unwrap();
        let made: Vec<MessageId> =
            [now, now, earlier, now, now].into_iter().map(|at| ids.next(at)).collect();
        assert!(made.is_sorted_by(|a, b| a < b), "{made:?}");
    }

    #[test]
    fn a_reply_sorts_behind_its_question_even_on_a_machine_whose_clock_is_slow() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let slow: Timestamp = "2026-11-21T11:59:00Z".parse().unwrap();
        let question: MessageId = Ids::default().next(now);
        assert!(Ids::default().next_after(question, slow) > question);
    }

    #[test]
    fn an_id_knows_when_it_was_made_and_survives_text() {
        let now: Timestamp = "2026-11-21T12:00:00.123Z".parse().unwrap();
        let id: UserId = Ids::default().next(now);
        assert_eq!(id.created_at(), now);
        assert_eq!(id.to_string().parse::<UserId>(), Ok(id));
        assert!("nonsense".parse::<UserId>().is_err());
    }

    #[test]
    fn an_id_has_one_spelling() {
        let highest = format!("7{}", "Z".repeat(25));
        assert_eq!(highest.parse::<UserId>().unwrap().to_string(), highest);
        for first in ["8", "9", "A", "Z", "G"] {
            let beyond = format!("{first}{}", "Z".repeat(25));
            assert_eq!(beyond.parse::<UserId>(), Err(InvalidId), "{beyond}");
        }
    }
}
