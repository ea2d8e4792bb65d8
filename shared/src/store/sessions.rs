//! Sessions: families of refresh tokens.

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Account, Store, StoreError,
    accounts::Profile,
    attempts::Challenge,
    corrupt,
    keys::{self, Item, ms, n, s, secs},
    write::{Outcome, Transacted, Write},
};
use crate::domain::{MobileNumber, SessionId, UserId};

/// How many ended sessions a profile remembers, so that their access tokens are refused until they
/// expire. More are not ended within the hour of a token's life, unless somebody tries to.
const ENDED: u16 = 50;

/// The condition on a profile that no sessions were ended since it was read.
const UNMOVED: &str = "session_generation = :generation AND attribute_not_exists(deleted_at)";

/// What became of a code that was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redeemed {
    /// It is used up, and what it was for is done.
    Done,
    /// It was used at the same time, or replaced: it is good for nothing any more.
    UsedUp,
    /// The account is not as it was read: look again.
    Changed,
}

/// One sign-in, kept under `user#<id>` / `session#<id>`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    /// Which one.
    pub session_id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// Hash of the part that all refresh tokens of this family share.
    pub family_hash: String,
    /// Hash of the part that only the latest one has.
    pub token_hash: String,
    /// The user's session generation when it was opened.
    pub generation: u64,
    /// When it ends if it isn't refreshed, Unix seconds.
    pub expires_at: i64,
}

/// The exchange of a session's latest refresh token for the next one.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// Whose session.
    pub user_id: UserId,
    /// Which one.
    pub session_id: SessionId,
    /// Hash of the part that both tokens share.
    pub family_hash: String,
    /// Hash of the other part of the token that is given.
    pub given: String,
    /// The same of the token that takes its place.
    pub next: String,
    /// When the session ends if that one isn't used, Unix seconds.
    pub expires_at: i64,
}

impl Rotation {
    /// The exchange that undoes this one.
    #[must_use]
    pub fn back(self) -> Self {
        Self { given: self.next, next: self.given, ..self }
    }
}

impl Session {
    /// Whether it still stands at `now` for `account`.
    #[must_use]
    pub fn is_live(&self, account: &Account, now: Timestamp) -> bool {
        self.expires_at > now.as_second()
            && (self.generation == account.generation
                || account.kept_session == Some(self.session_id))
    }
}

impl Store {
    /// Opens a session. One round trip.
    pub async fn open_session(&self, session: &Session) -> Result<(), StoreError> {
        self.client
            .put_item()
            .table_name(&self.tables.users)
            .set_item(Some(session_item(session)?))
            .send()
            .await?;
        Ok(())
    }

    /// Uses up a code, marks the account as verified and opens a session, all or nothing. Of an
    /// account that was not verified before, the password goes unless `keep_password`. One round
    /// trip.
    pub async fn sign_in_with_code(
        &self,
        account: &Account,
        challenge: &Challenge,
        session: &Session,
        keep_password: bool,
        now: Timestamp,
    ) -> Result<Redeemed, StoreError> {
        let users = &self.tables.users;
        let profile = keys::profile(account.user.id);
        let sign_in = if account.user.verified {
            Write::update(users, profile, "SET last_sign_in_at = :now").only_if(UNMOVED)
        } else {
            let verify = if keep_password {
                "SET verified_at = :now, last_sign_in_at = :now \
                 REMOVE expires_at, signup_password_at, contested, signups"
            } else {
                "SET verified_at = :now, last_sign_in_at = :now \
                 REMOVE expires_at, signup_password_at, contested, signups, password_hash"
            };
            Write::update(users, profile, verify)
                .only_if(format!("{UNMOVED} AND signups = :signups"))
                .value(":signups", n(account.signups))
        }
        .value(":now", ms(now))
        .value(":generation", n(account.generation));
        let opened = Write::put(users, session_item(session)?);
        self.redeem(account, challenge, vec![sign_in, opened]).await
    }

    /// Uses up a reset code and sets a new password, which ends all sessions; the account counts as
    /// verified. One round trip.
    pub async fn reset_password(
        &self,
        account: &Account,
        challenge: &Challenge,
        hash: &str,
        now: Timestamp,
    ) -> Result<Redeemed, StoreError> {
        let reset = Write::update(
            &self.tables.users,
            keys::profile(account.user.id),
            "SET password_hash = :hash, verified_at = if_not_exists(verified_at, :now), \
             session_generation = session_generation + :one \
             REMOVE kept_session, expires_at, signup_password_at, contested, signups",
        )
        .only_if(UNMOVED)
        .value(":hash", s(hash))
        .value(":now", ms(now))
        .value(":one", n(1))
        .value(":generation", n(account.generation));
        self.redeem(account, challenge, vec![reset]).await
    }

    /// Uses up a code together with `writes`. An account that was not verified is from now on: its
    /// number stays its own.
    async fn redeem(
        &self,
        account: &Account,
        challenge: &Challenge,
        writes: Vec<Write>,
    ) -> Result<Redeemed, StoreError> {
        let number = &account.user.mobile_number;
        let mut all = vec![self.use_up(number, challenge)];
        all.extend(writes);
        if !account.user.verified {
            all.push(self.claim_number(number, account.user.id));
        }
        Ok(match self.transact(all).await? {
            Transacted::Done => Redeemed::Done,
            Transacted::Refused(refused) if refused.first().is_some_and(Option::is_some) => {
                Redeemed::UsedUp
            }
            Transacted::Refused(_) => Redeemed::Changed,
        })
    }

    /// The account of a session together with the session. One round trip.
    pub async fn session(
        &self,
        user: UserId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<Option<(Account, Session)>, StoreError> {
        let keys = KeysAndAttributes::builder()
            .keys(keys::profile(user))
            .keys(keys::session(user, session))
            .consistent_read(true)
            .build()
            .map_err(corrupt)?;
        let answer =
            self.client.batch_get_item().request_items(&self.tables.users, keys).send().await?;
        if answer.unprocessed_keys.is_some_and(|keys| !keys.is_empty()) {
            return Err(StoreError::Unavailable("throttled".to_owned()));
        }
        let (mut account, mut found) = (None, None);
        for item in answer.responses.unwrap_or_default().into_values().flatten() {
            if item.contains_key("token_hash") {
                found = Some(serde_dynamo::from_item(item).map_err(corrupt)?);
            } else {
                account = Profile::account(item, now)?;
            }
        }
        Ok(account.zip(found))
    }

    /// Exchanges a session's refresh token, if the one given is its latest and the session has not
    /// expired. The session as it stands then, exchanged or not; none if it is gone. Whether its
    /// account still stands is not asked: who calls this looks at that as well. One round trip.
    pub async fn rotate(
        &self,
        rotation: &Rotation,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let write = Write::update(
            &self.tables.users,
            keys::session(rotation.user_id, rotation.session_id),
            "SET token_hash = :next, expires_at = :expires_at",
        )
        .only_if("token_hash = :given AND family_hash = :family AND expires_at > :now")
        .value(":given", s(&rotation.given))
        .value(":family", s(&rotation.family_hash))
        .value(":now", secs(now))
        .value(":next", s(&rotation.next))
        .value(":expires_at", n(rotation.expires_at));
        let (Outcome::Done(item) | Outcome::Refused(Some(item))) = self.update(write).await? else {
            return Ok(None);
        };
        serde_dynamo::from_item(item).map(Some).map_err(corrupt)
    }

    /// Ends a session: none of its refresh tokens is good any more, and its access tokens are only
    /// good for what does not read the profile. One round trip.
    pub async fn end_session(&self, user: UserId, session: SessionId) -> Result<(), StoreError> {
        let remember = |expression| {
            Write::update(&self.tables.users, keys::profile(user), expression)
                .value(":session", AttributeValue::Ss(vec![session.to_string()]))
        };
        let end = || Write::delete(&self.tables.users, keys::session(user, session));
        let added = remember("ADD ended_sessions :session")
            .only_if(
                "attribute_exists(pk) \
                 AND (attribute_not_exists(ended_sessions) OR size(ended_sessions) < :most)",
            )
            .value(":most", n(ENDED));
        if let Transacted::Done = self.transact(vec![end(), added]).await? {
            return Ok(());
        }
        // The earlier ones make room; where there is no profile, there is nothing to remember.
        let replaced = remember("SET ended_sessions = :session").only_if("attribute_exists(pk)");
        if let Transacted::Refused(_) = self.transact(vec![end(), replaced]).await? {
            self.transact(vec![end()]).await?;
        }
        Ok(())
    }

    /// The number is `user`'s for good from now on.
    fn claim_number(&self, number: &MobileNumber, user: UserId) -> Write {
        Write::update(
            &self.tables.users,
            keys::owner(number),
            "SET user_id = :user REMOVE expires_at",
        )
        .only_if("user_id = :user")
        .value(":user", s(user))
    }
}

fn session_item(session: &Session) -> Result<Item, StoreError> {
    let mut item: Item = serde_dynamo::to_item(session).map_err(corrupt)?;
    item.extend(keys::session(session.user_id, session.session_id));
    Ok(item)
}
