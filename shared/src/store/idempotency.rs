//! Idempotency keys. Where the effect is ours, the record is written in the very transaction that has
//! it ([`Claim`]), so there is never a record without an effect, nor an effect without its record.
//! Where it is another server's, the record says first that the request is under way ([`Underway`]).

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Store, StoreError, corrupt,
    keys::{self, Item, s, secs},
    write::{Transacted, Write},
};
use crate::domain::{AttemptId, UserId};

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

impl FirstAnswer {
    /// The id of what was made, with which its location ends.
    #[must_use]
    pub fn id<T: FromStr>(&self) -> Option<T> {
        self.location.rsplit('/').next()?.parse().ok()
    }
}

/// A request with an idempotency key whose effect is not in our tables alone.
#[derive(Debug, Clone)]
pub struct Underway {
    /// Whose.
    pub user: UserId,
    /// The client's key.
    pub key: String,
    /// A digest of the request: method, path and body.
    pub fingerprint: String,
    /// This very request, which the SDK may send twice.
    pub attempt: AttemptId,
}

/// What became of announcing a request.
#[derive(Debug)]
pub enum Begun {
    /// It is the first: do it, then complete or abandon it.
    First,
    /// The same request was answered before.
    Replayed(FirstAnswer),
    /// Another request has used the key.
    KeyReused,
    /// The same request is being answered.
    Underway,
}

#[derive(Serialize, Deserialize)]
struct Record {
    fingerprint: String,
    answer: FirstAnswer,
    expires_at: i64,
}

/// The same record, before there is an answer.
#[derive(Serialize, Deserialize)]
struct UnderwayRecord {
    fingerprint: String,
    attempt: AttemptId,
    /// Unix seconds: a request that has not been answered by then never will be.
    underway_until: i64,
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
        let (fingerprint, answer) = (self.fingerprint.clone(), self.answer.clone());
        let record = Record { fingerprint, answer, expires_at: remembered_until(now)? };
        let mut item: Item = serde_dynamo::to_item(record).map_err(corrupt)?;
        item.extend(keys::idempotency(user, &self.key));
        Ok(Write::put(table, item)
            .only_if("attribute_not_exists(pk) OR expires_at <= :now")
            .value(":now", secs(now)))
    }

    /// What was answered to the request that took the key; none if that was another request.
    pub(super) fn first_answer(&self, record: Item) -> Result<Option<FirstAnswer>, StoreError> {
        if record.get("fingerprint") != Some(&s(&self.fingerprint)) {
            return Ok(None);
        }
        let record: Record = serde_dynamo::from_item(record).map_err(corrupt)?;
        Ok(Some(record.answer))
    }
}

impl Store {
    /// Announces a request that will be answered before `until`, or never. One round trip.
    pub async fn begin_request(
        &self,
        request: &Underway,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Begun, StoreError> {
        let record = UnderwayRecord {
            fingerprint: request.fingerprint.clone(),
            attempt: request.attempt,
            underway_until: until.as_second(),
            expires_at: remembered_until(now)?,
        };
        let mut item: Item = serde_dynamo::to_item(record).map_err(corrupt)?;
        item.extend(keys::idempotency(request.user, &request.key));
        let write = Write::put(&self.tables.users, item)
            .only_if(
                "attribute_not_exists(pk) OR expires_at <= :now OR underway_until <= :now \
                 OR attempt = :attempt",
            )
            .value(":now", secs(now))
            .value(":attempt", s(request.attempt));
        match self.transact(vec![write]).await? {
            Transacted::Done => Ok(Begun::First),
            Transacted::Refused(refused) => {
                let taken = refused.into_iter().flatten().next();
                request.standing(taken.map(|refusal| refusal.item).unwrap_or_default())
            }
        }
    }

    /// Keeps the answer to an announced request, for 24 hours. One round trip.
    pub async fn complete_request(
        &self,
        request: &Underway,
        answer: &FirstAnswer,
    ) -> Result<(), StoreError> {
        let answer = serde_dynamo::to_attribute_value(answer).map_err(corrupt)?;
        let write = Write::update(
            &self.tables.users,
            keys::idempotency(request.user, &request.key),
            "SET answer = :answer REMOVE underway_until",
        )
        .only_if("attempt = :attempt")
        .value(":answer", answer)
        .value(":attempt", s(request.attempt));
        self.update(write).await.map(drop)
    }

    /// Forgets an announced request that had no effect: it may be tried again. One round trip.
    pub async fn abandon_request(&self, request: &Underway) -> Result<(), StoreError> {
        let key = keys::idempotency(request.user, &request.key);
        let write = Write::delete(&self.tables.users, key)
            .only_if("attempt = :attempt AND attribute_exists(underway_until)")
            .value(":attempt", s(request.attempt));
        self.transact(vec![write]).await.map(drop)
    }
}

impl Underway {
    /// What `record`, which has the key, means for this request.
    fn standing(&self, record: Item) -> Result<Begun, StoreError> {
        if record.get("fingerprint") != Some(&s(&self.fingerprint)) {
            return Ok(Begun::KeyReused);
        }
        if record.contains_key("underway_until") {
            return Ok(Begun::Underway);
        }
        let record: Record = serde_dynamo::from_item(record).map_err(corrupt)?;
        Ok(Begun::Replayed(record.answer))
    }
}

fn remembered_until(now: Timestamp) -> Result<i64, StoreError> {
    Ok(now.saturating_add(REMEMBERED).map_err(corrupt)?.as_second())
}
