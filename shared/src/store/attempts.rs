//! What bounds guessing: one-time codes with their tries, and failed logins.

use aws_sdk_dynamodb::{
    operation::put_item::PutItemError, types::ReturnValuesOnConditionCheckFailure as OnFailure,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Store, StoreError, corrupt,
    keys::{self, Item, n, s, secs},
    write::{Outcome, Write},
};
use crate::domain::MobileNumber;

/// How often the count of wrong passwords is tried while others begin and forget its window.
const LOGIN_ROUNDS: u32 = 4;

/// What a one-time code is good for. A code of one purpose is none of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// To sign in.
    Login,
    /// To set a new password.
    Reset,
}

impl Purpose {
    /// As stored: `login` or `reset`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Reset => "reset",
        }
    }
}

/// The codes sent to a number for one purpose, kept under `mobile#<e164>` / `otp#<purpose>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// For what.
    pub purpose: Purpose,
    /// The keyed hash of the latest code; none once it was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_hash: Option<String>,
    /// How often a code was tried against it.
    pub attempts: u32,
    /// When the latest code dies, Unix milliseconds.
    pub code_expires_at: i64,
    /// When codes were sent, as far as the limits on them look back, oldest first, Unix
    /// milliseconds.
    pub sent_at: Vec<i64>,
    /// When all of this can be forgotten, Unix seconds.
    pub expires_at: i64,
}

/// What became of a try.
#[derive(Debug)]
pub enum Attempt {
    /// It is counted; compare with this.
    Counted(Challenge),
    /// Too many tries: this code is dead, and would have expired at this time.
    Dead(Timestamp),
    /// There is no code to try.
    NoCode,
}

impl Store {
    /// Keeps a new code in place of those `seen`; none are seen where all have been forgotten. `Err`
    /// with the codes that stand instead, if there are any. One round trip.
    pub async fn put_challenge(
        &self,
        number: &MobileNumber,
        challenge: &Challenge,
        seen: Option<&Challenge>,
        now: Timestamp,
    ) -> Result<Result<(), Option<Challenge>>, StoreError> {
        let mut item: Item = serde_dynamo::to_item(challenge).map_err(corrupt)?;
        item.extend(keys::challenge(number, challenge.purpose.as_str()));
        let put = self
            .client
            .put_item()
            .table_name(&self.tables.users)
            .set_item(Some(item.clone()))
            .return_values_on_condition_check_failure(OnFailure::AllOld);
        let put = match seen {
            None => put
                .condition_expression("attribute_not_exists(pk) OR expires_at <= :now")
                .expression_attribute_values(":now", secs(now)),
            // Codes are sent at different times, so they expire at different ones.
            Some(seen) => put
                .condition_expression("code_expires_at = :seen")
                .expression_attribute_values(":seen", n(seen.code_expires_at)),
        };
        let Err(error) = put.send().await else { return Ok(Ok(())) };
        let Some(PutItemError::ConditionalCheckFailedException(failed)) = error.as_service_error()
        else {
            return Err(error.into());
        };
        // This very code is there if the answer to the first try was lost, and the SDK tried again.
        if failed.item() == Some(&item) {
            return Ok(Ok(()));
        }
        let standing = failed.item().cloned().map(serde_dynamo::from_item);
        Ok(Err(standing.transpose().map_err(corrupt)?))
    }

    /// Counts one try of a number's code **before** it is looked at, so that parallel guesses can't
    /// outrun the bound of `most` tries. One round trip.
    pub async fn count_attempt(
        &self,
        number: &MobileNumber,
        purpose: Purpose,
        most: u32,
        now: Timestamp,
    ) -> Result<Attempt, StoreError> {
        let write = Write::update(
            &self.tables.users,
            keys::challenge(number, purpose.as_str()),
            "SET attempts = attempts + :one",
        )
        .only_if("attribute_exists(code_hash) AND code_expires_at > :now AND attempts < :most")
        .value(":one", n(1))
        .value(":now", keys::ms(now))
        .value(":most", n(most));
        match self.update(write).await? {
            Outcome::Done(item) => {
                Ok(Attempt::Counted(serde_dynamo::from_item(item).map_err(corrupt)?))
            }
            Outcome::Refused(None) => Ok(Attempt::NoCode),
            Outcome::Refused(Some(item)) => {
                let challenge: Challenge = serde_dynamo::from_item(item).map_err(corrupt)?;
                let expires = Timestamp::from_millisecond(challenge.code_expires_at);
                let expires = expires.map_err(corrupt)?;
                let alive = challenge.code_hash.is_some() && expires > now;
                Ok(if alive { Attempt::Dead(expires) } else { Attempt::NoCode })
            }
        }
    }

    /// The code is used up, if it is still the one that was looked at.
    pub(super) fn use_up(&self, number: &MobileNumber, challenge: &Challenge) -> Write {
        let key = keys::challenge(number, challenge.purpose.as_str());
        Write::update(&self.tables.users, key, "REMOVE code_hash")
            .only_if("code_hash = :hash")
            .value(":hash", s(challenge.code_hash.as_deref().unwrap_or_default()))
    }

    /// Counts one password **before** it is looked at: `Err(until)` if `most` were wrong since the
    /// window began. One round trip, two for the first after a window that is over and not yet
    /// housekept.
    pub async fn count_login(
        &self,
        number: &MobileNumber,
        most: u32,
        window: SignedDuration,
        now: Timestamp,
    ) -> Result<Result<(), Timestamp>, StoreError> {
        let key = keys::login_failures(number);
        let end = secs(now.saturating_add(window).map_err(corrupt)?);
        // A right password leaves no window behind: it begins the next one as well.
        let count = Write::update(
            &self.tables.users,
            key.clone(),
            "SET attempts = if_not_exists(attempts, :none) + :one, \
             expires_at = if_not_exists(expires_at, :end)",
        )
        .only_if("attribute_not_exists(pk) OR (expires_at > :now AND attempts < :most)")
        .value(":none", n(0))
        .value(":one", n(1))
        .value(":now", secs(now))
        .value(":end", end.clone())
        .value(":most", n(most));
        let begin_anew =
            Write::update(&self.tables.users, key, "SET attempts = :one, expires_at = :end")
                .only_if("expires_at <= :now")
                .value(":one", n(1))
                .value(":now", secs(now))
                .value(":end", end);
        // Who loses the race for the first of a window is counted in it, and who finds that window
        // forgotten again begins the next: nobody goes uncounted.
        for _ in 0..LOGIN_ROUNDS {
            let Outcome::Refused(item) = self.update(count.clone()).await? else {
                return Ok(Ok(()));
            };
            if let Some(until) = item.and_then(|item| window_end(&item)).filter(|end| *end > now) {
                return Ok(Err(until));
            }
            if let Outcome::Done(_) = self.update(begin_anew.clone()).await? {
                return Ok(Ok(()));
            }
        }
        Err(StoreError::Unavailable("contended".to_owned()))
    }

    /// Forgets wrong passwords after a right one. One round trip.
    pub async fn forget_login_failures(&self, number: &MobileNumber) -> Result<(), StoreError> {
        self.client
            .delete_item()
            .table_name(&self.tables.users)
            .set_key(Some(keys::login_failures(number)))
            .send()
            .await?;
        Ok(())
    }
}

fn window_end(item: &Item) -> Option<Timestamp> {
    let seconds = item.get("expires_at")?.as_n().ok()?.parse().ok()?;
    Timestamp::from_second(seconds).ok()
}
