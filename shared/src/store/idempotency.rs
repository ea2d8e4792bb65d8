//! Idempotency keys: the record is written in the very transaction that has the effect, so there is
//! never a record without an effect, nor an effect without its record.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    StoreError, corrupt,
    keys::{self, Item, secs},
    write::Write,
};
use crate::domain::UserId;

/// How long a key is remembered.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// A request with an idempotency key, and the answer it will have if it is the first.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The client's key.
    pub key: String,
    /// A digest of the request: method, path and body.
    pub fingerprint: String,
    /// What the first request is answered.
    pub answer: FirstAnswer,
}

/// An answer to be given again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstAnswer {
    /// The `Location` header.
    pub location: String,
    /// The body, JSON.
    pub body: String,
}

#[derive(Serialize, Deserialize)]
struct Record {
    fingerprint: String,
    answer: FirstAnswer,
    expires_at: i64,
}

impl Claim {
    /// Writes the record unless the key is taken.
    pub(super) fn write(
        &self,
        table: &str,
        user: UserId,
        now: Timestamp,
    ) -> Result<Write, StoreError> {
        let expires_at = now.saturating_add(REMEMBERED).map_err(corrupt)?.as_second();
        let (fingerprint, answer) = (self.fingerprint.clone(), self.answer.clone());
        let record = Record { fingerprint, answer, expires_at };
        let mut item: Item = serde_dynamo::to_item(record).map_err(corrupt)?;
        item.extend(keys::idempotency(user, &self.key));
        Ok(Write::put(table, item)
            .only_if("attribute_not_exists(pk) OR expires_at <= :now")
            .value(":now", secs(now)))
    }

    /// What was answered to the request that took the key; none if that was another request.
    pub(super) fn first_answer(&self, record: Item) -> Result<Option<FirstAnswer>, StoreError> {
        let record: Record = serde_dynamo::from_item(record).map_err(corrupt)?;
        Ok((record.fingerprint == self.fingerprint).then_some(record.answer))
    }
}
