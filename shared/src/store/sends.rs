//! Accepting a message: one transaction that holds every promise made to its sender.

use jiff::civil::Date;

use super::{
    Claim, FirstAnswer, Store, StoreError,
    billing::PRO,
    chatrooms::OPEN,
    keys::{self, Item, ms, n, s, secs},
    live::{LIVE, as_caller, is_live},
    write::{Refusal, Transacted, Write},
};
use crate::domain::{
    Caller, ChatroomId, DailyLimit, Limits, MessageId, Status, Tier, clock, text::Content,
};

/// A message to be accepted.
#[derive(Debug)]
pub struct NewMessage<'a> {
    /// Its id. The time in it is the time of sending, and its day the one whose quota is used.
    pub id: MessageId,
    /// The room.
    pub chatroom_id: ChatroomId,
    /// What it says.
    pub content: &'a Content,
    /// The client's idempotency key, if one came.
    pub claim: Option<Claim>,
}

/// What became of a message.
#[derive(Debug)]
pub enum Sent {
    /// It is durable, counted and pending.
    Accepted,
    /// The same request was accepted before.
    Replayed(FirstAnswer),
    /// Its day is over: another message has begun this one. Nothing was written. It is to be sent
    /// under an id of that day, so that the unit that it uses is one of its own day: only that day's
    /// is given back if it fails.
    DayOver(Date),
    /// It was not accepted; nothing was written.
    Denied(Denied),
}

/// Why a message was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// There is no such room of the caller's.
    NoRoom,
    /// The day's quota is used up.
    OverQuota,
    /// Another request has used the idempotency key.
    KeyReused,
    /// The caller's session has ended.
    SessionEnded,
}

/// Whether the sender's profile is expected to show the tally of the day, or of an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    SameDay,
    EarlierDay,
}

const PROFILE: usize = 0;
const ROOM: usize = 1;
const CLAIM: usize = 3;

impl Store {
    /// Accepts a message: the session lives, the day's quota has room, the room is the caller's,
    /// the idempotency key is free; then all of it is written at once. One round trip, and a second
    /// for the first message of a day.
    pub async fn accept(
        &self,
        caller: &Caller,
        message: &NewMessage<'_>,
        limits: &Limits,
    ) -> Result<Sent, StoreError> {
        let daily = limits.daily(Tier::Basic);
        let day = clock::day(message.id.created_at());
        let mut expected = Expected::SameDay;
        // Mostly one; two for the first message of a day; and one more if another message has begun
        // the day between the two.
        for _ in 0..4 {
            let writes = self.writes(caller, message, daily, day, expected)?;
            let Transacted::Refused(mut refused) = self.transact(writes).await? else {
                return Ok(Sent::Accepted);
            };
            let mut refusal = |index: usize| refused.get_mut(index).and_then(Option::take);
            if let Some((claim, taken)) = message.claim.as_ref().zip(refusal(CLAIM)) {
                return Ok(claim
                    .first_answer(taken.item)?
                    .map_or(Sent::Denied(Denied::KeyReused), Sent::Replayed));
            }
            let profile = refusal(PROFILE);
            if profile.as_ref().is_some_and(|profile| !is_live(&profile.item, caller)) {
                return Ok(Sent::Denied(Denied::SessionEnded));
            }
            if refusal(ROOM).is_some() {
                return Ok(Sent::Denied(Denied::NoRoom));
            }
            match profile.and_then(|Refusal { item }| tally_day(&item)) {
                Some(shown) if shown == day && expected == Expected::SameDay => {
                    return Ok(Sent::Denied(Denied::OverQuota));
                }
                // Counted on its own, it would begin it anew, and the next message the other again.
                Some(shown) if shown > day => return Ok(Sent::DayOver(shown)),
                Some(shown) if shown == day => expected = Expected::SameDay,
                _ => expected = Expected::EarlierDay,
            }
        }
        Err(StoreError::Unavailable("the day changed under the message".to_owned()))
    }

    fn writes(
        &self,
        caller: &Caller,
        message: &NewMessage<'_>,
        daily: DailyLimit,
        day: Date,
        expected: Expected,
    ) -> Result<Vec<Write>, StoreError> {
        let mut writes = vec![
            self.count_message(caller, message.id, daily, day, expected),
            self.touch_room(caller, message),
            self.put_question(caller, message),
        ];
        if let Some(claim) = &message.claim {
            let now = message.id.created_at();
            writes.push(claim.write(&self.tables.users, caller.user_id, now)?);
        }
        Ok(writes)
    }

    /// Uses one unit of the day's quota, if there is one left.
    fn count_message(
        &self,
        caller: &Caller,
        id: MessageId,
        daily: DailyLimit,
        day: Date,
        expected: Expected,
    ) -> Write {
        let (expression, shows) = match expected {
            Expected::SameDay => ("SET used = used + :one, last_counted = :id", "usage_day = :day"),
            Expected::EarlierDay => (
                "SET usage_day = :day, used = :one, last_counted = :id",
                "(attribute_not_exists(usage_day) OR usage_day < :day)",
            ),
        };
        let key = keys::profile(caller.user_id);
        let write = Write::update(&self.tables.users, key, expression)
            .value(":one", n(1))
            .value(":id", s(id))
            .value(":day", s(day));
        // A new day has room for one: a limit is never below that.
        let write = match daily {
            Some(limit) if expected == Expected::SameDay => write
                .only_if(format!("{LIVE} AND {shows} AND ({PRO} OR used < :limit)"))
                .value(":pro", s(Tier::Pro.as_str()))
                .value(":at", secs(id.created_at()))
                .value(":limit", n(limit)),
            _ => write.only_if(format!("{LIVE} AND {shows}")),
        };
        as_caller(write, caller)
    }

    fn touch_room(&self, caller: &Caller, message: &NewMessage<'_>) -> Write {
        let at = message.id.created_at();
        Write::update(
            &self.tables.chatrooms,
            keys::chatroom(caller.user_id, message.chatroom_id),
            "SET last_message_at = :now, updated_at = :now, activity = :activity",
        )
        .only_if(OPEN)
        .value(":now", ms(at))
        .value(":activity", s(keys::activity(at, message.chatroom_id)))
    }

    fn put_question(&self, caller: &Caller, message: &NewMessage<'_>) -> Write {
        let mut item = keys::message(message.chatroom_id, message.id);
        item.extend([
            ("user_id".to_owned(), s(caller.user_id)),
            ("content".to_owned(), s(message.content.as_str())),
            ("status".to_owned(), s(Status::Pending.as_str())),
            ("pending_shard".to_owned(), n(keys::shard(message.chatroom_id.to_bytes()))),
        ]);
        Write::put(&self.tables.messages, item)
    }
}

/// The day that a profile's tally belongs to.
fn tally_day(profile: &Item) -> Option<Date> {
    profile.get("usage_day")?.as_s().ok()?.parse().ok()
}
