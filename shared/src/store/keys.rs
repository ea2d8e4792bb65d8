//! The keys of every item, in one place.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{Timestamp, civil::Date};

use super::{StoreError, corrupt};
use crate::domain::{ChatroomId, CustomerId, EventId, MessageId, MobileNumber, SessionId, UserId};

/// An item, or the key of one.
pub(super) type Item = HashMap<String, AttributeValue>;

/// Sparse indexes spread over this many partitions, so that a busy day's pending messages don't
/// all meet in one. The sweeper asks each of them.
pub(super) const SHARDS: u8 = 4;

/// The index of `messages` that holds the questions without a reply.
pub(super) const PENDING_INDEX: &str = "pending";
/// The index of `chatrooms` that orders a user's rooms by their last activity.
pub(super) const ACTIVITY_INDEX: &str = "activity";
/// The index of `users` and `chatrooms` that holds what waits to be purged.
pub(super) const PURGE_INDEX: &str = "purge";
/// The index of `users` that holds those whose subscription is to be asked about, by when.
pub(super) const BILLING_INDEX: &str = "billing";

pub(super) fn s(value: impl ToString) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

pub(super) fn n(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Unix milliseconds: how times are kept that are compared.
pub(super) fn ms(at: Timestamp) -> AttributeValue {
    n(at.as_millisecond())
}

/// Unix seconds: the format of the TTL attribute `expires_at`.
pub(super) fn secs(at: Timestamp) -> AttributeValue {
    n(at.as_second())
}

fn pair(hash: (&str, String), range: (&str, String)) -> Item {
    [hash, range].map(|(name, value)| (name.to_owned(), s(value))).into()
}

pub(super) fn user_pk(id: UserId) -> String {
    format!("user#{id}")
}

/// The user that an item of `users` belongs to.
pub(super) fn user_of(item: &Item) -> Result<UserId, StoreError> {
    let pk = item.get("pk").and_then(|pk| pk.as_s().ok());
    let id = pk.and_then(|pk| pk.strip_prefix("user#")).ok_or_else(|| corrupt("no user"))?;
    id.parse().map_err(corrupt)
}

pub(super) fn profile(id: UserId) -> Item {
    pair(("pk", user_pk(id)), ("sk", "profile".to_owned()))
}

pub(super) fn session(user: UserId, id: SessionId) -> Item {
    pair(("pk", user_pk(user)), ("sk", format!("session#{id}")))
}

pub(super) fn usage_sk(day: Date) -> String {
    format!("usage#{day}")
}

pub(super) fn usage(user: UserId, day: Date) -> Item {
    pair(("pk", user_pk(user)), ("sk", usage_sk(day)))
}

pub(super) fn idempotency(user: UserId, key: &str) -> Item {
    pair(("pk", user_pk(user)), ("sk", format!("idem#{key}")))
}

fn mobile_pk(number: &MobileNumber) -> String {
    format!("mobile#{}", number.as_str())
}

pub(super) fn owner(number: &MobileNumber) -> Item {
    pair(("pk", mobile_pk(number)), ("sk", "owner".to_owned()))
}

pub(super) fn challenge(number: &MobileNumber, purpose: &str) -> Item {
    pair(("pk", mobile_pk(number)), ("sk", format!("otp#{purpose}")))
}

pub(super) fn login_failures(number: &MobileNumber) -> Item {
    pair(("pk", mobile_pk(number)), ("sk", "login#failures".to_owned()))
}

pub(super) fn customer(id: &CustomerId) -> Item {
    pair(("pk", format!("customer#{id}")), ("sk", "owner".to_owned()))
}

pub(super) fn event(id: &EventId) -> Item {
    pair(("pk", format!("stripe-event#{id}")), ("sk", "seen".to_owned()))
}

pub(super) fn chatroom(user: UserId, id: ChatroomId) -> Item {
    pair(("user_id", user.to_string()), ("chatroom_id", id.to_string()))
}

pub(super) fn message(room: ChatroomId, id: MessageId) -> Item {
    pair(("chatroom_id", room.to_string()), ("message_id", id.to_string()))
}

/// Orders a user's rooms by their last activity; the id makes it unique and breaks ties.
pub(super) fn activity(at: Timestamp, id: ChatroomId) -> String {
    format!("{:013}#{id}", at.as_millisecond().max(0))
}

/// Orders what is to be asked about by when, Unix seconds.
pub(super) fn due(at: i64) -> String {
    format!("{:011}", at.max(0))
}

/// The partition of a sparse index that an id falls into.
pub(super) fn shard(id: [u8; 16]) -> u8 {
    id[15] % SHARDS
}
