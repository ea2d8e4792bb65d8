//! Identifiers: ULIDs, one type per thing, so that a chatroom's id is never taken for a user's.
//!
//! A ULID starts with its creation time in milliseconds, so ids sort by age and an item needs no
//! `created_at` of its own (<https://github.com/ulid/spec>).

use std::{fmt, str::FromStr, sync::Mutex};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ulid::Ulid;

/// The text was not a ULID as it is written here.
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
                parse(text).map(Self)
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
        let next = if fresh.timestamp_ms() > last.timestamp_ms() {
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

/// The 80 random bits of a ULID.
fn random() -> u128 {
    rand::random::<u128>() >> 48
}

/// An id has one spelling, so that whatever compares texts (a cache, a fingerprint, a log) sees one
/// thing. The library takes lower case too, and drops the two bits that 26 characters hold beyond 128.
fn parse(text: &str) -> Result<Ulid, InvalidId> {
    let ulid = Ulid::from_string(text).map_err(|_| InvalidId)?;
    if ulid.to_string() == text { Ok(ulid) } else { Err(InvalidId) }
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
        let times = [now, earlier].into_iter().flat_map(|at| [at; 50]);
        let made: Vec<MessageId> = times.chain([now]).map(|at| ids.next(at)).collect();
        assert!(made.is_sorted_by(|a, b| a < b), "{made:?}");
    }

    #[test]
    fn a_reply_is_made_now_if_that_is_behind_its_question() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let later: Timestamp = "2026-11-21T12:01:00Z".parse().unwrap();
        let question: MessageId = Ids::default().next(now);
        assert_eq!(Ids::default().next_after(question, later).created_at(), later);
    }

    #[test]
    fn a_reply_sorts_behind_its_question_even_on_a_machine_whose_clock_is_slow() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let slow: Timestamp = "2026-11-21T11:59:00Z".parse().unwrap();
        let question: MessageId = Ids::default().next(now);
        let reply = Ids::default().next_after(question, slow);
        assert_eq!(reply.created_at(), "2026-11-21T12:00:00.001Z".parse().unwrap());
    }

    #[test]
    fn a_reply_never_takes_the_id_of_its_question() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let ids = Ids::default();
        let before: MessageId = ids.next(now);
        let next_in_line = MessageId(before.0.increment().unwrap());
        assert!(ids.next_after(next_in_line, now) > next_in_line);
    }

    #[test]
    fn all_of_the_80_random_bits_are_drawn() {
        let drawn = (0..200).fold(0, |bits, _| bits | random());
        assert_eq!(drawn, (1 << 80) - 1);
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
        assert!("01ARZ3NDEKTSV4RRFFQ69G5FAV".parse::<UserId>().is_ok());
        assert!("7ZZZZZZZZZZZZZZZZZZZZZZZZZ".parse::<UserId>().is_ok());
        for other in [
            "01arz3ndektsv4rrffq69g5fav",
            "01ARZ3NDEKTSV4RRFFQ69G5FAv",
            "81ARZ3NDEKTSV4RRFFQ69G5FAV",
            "G1ARZ3NDEKTSV4RRFFQ69G5FAV",
            "R1ARZ3NDEKTSV4RRFFQ69G5FAV",
            "01ARZ3NDEKTSV4RRFFQ69G5FA",
            "01ARZ3NDEKTSV4RRFFQ69G5FA\u{ff16}",
            " 01ARZ3NDEKTSV4RRFFQ69G5FAV",
        ] {
            assert_eq!(other.parse::<UserId>(), Err(InvalidId), "{other}");
        }
    }
}
