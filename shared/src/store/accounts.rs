//! Accounts: the profile of a user, and the guard that makes a mobile number theirs alone.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{
    Billing, Store, StoreError, corrupt,
    keys::{self, Item, ms, n, s},
    live::{LIVE, as_caller},
    write::{Outcome, Transacted, Write},
};
use crate::{
    aws::warm_up,
    domain::{
        Caller, MessageId, MobileNumber, Role, SessionId, Tally, Tier, User, UserId,
        text::{Email, FullName},
    },
};

/// A user with what only sign-in needs to know.
#[derive(Debug, Clone)]
pub struct Account {
    /// The user.
    pub user: User,
    /// The Argon2id hash (PHC string) of the password, if one is set.
    pub password_hash: Option<String>,
    /// When that password was first given at signup, as long as nobody has shown that the number is
    /// theirs.
    pub signup_password_at: Option<Timestamp>,
    /// The signups of this unverified number differed in their passwords: none of them counts.
    pub contested: bool,
    /// How many signups this unverified account is made of.
    pub signups: u32,
    /// Moves on when all sessions end.
    pub generation: u64,
    /// The one session that outlived the last move.
    pub kept_session: Option<SessionId>,
    /// Sessions that were ended on their own.
    pub ended_sessions: HashSet<SessionId>,
    /// What is known of their subscription.
    pub billing: Billing,
}

impl Account {
    /// Whether the session of `caller` still stands.
    #[must_use]
    pub fn serves(&self, caller: &Caller) -> bool {
        (self.generation == caller.generation || self.kept_session == Some(caller.session_id))
            && !self.ended_sessions.contains(&caller.session_id)
    }
}

/// What a user changes of their profile: `None` leaves it, `Some(None)` clears it.
#[derive(Debug, Default)]
pub struct ProfileChange {
    /// The name.
    pub full_name: Option<Option<FullName>>,
    /// The address.
    pub email: Option<Option<Email>>,
}

/// A profile as kept in `users` under `user#<id>` / `profile`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Profile {
    pub(super) user_id: UserId,
    pub(super) mobile_number: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) full_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<String>,
    /// As it was bought: `pro_until` says whether it still holds.
    pub(super) tier: Tier,
    #[serde(default, deserialize_with = "Role::known", skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<Role>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) verified_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) password_hash: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) signup_password_at: Option<i64>,
    #[serde(default)]
    pub(super) contested: bool,
    #[serde(default)]
    pub(super) signups: u32,
    pub(super) session_generation: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kept_session: Option<SessionId>,
    #[serde(default, skip_serializing_if = "HashSet::is_empty")]
    pub(super) ended_sessions: HashSet<SessionId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) usage_day: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) used: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_counted: Option<MessageId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expires_at: Option<i64>,
}

impl Profile {
    /// The account in `item`; none if it was deleted, or expired unverified.
    pub(super) fn account(item: Item, now: Timestamp) -> Result<Option<Account>, StoreError> {
        if item.is_empty() || item.contains_key("deleted_at") {
            return Ok(None);
        }
        let billing = Billing::of(&item)?;
        let profile: Self = serde_dynamo::from_item(item).map_err(corrupt)?;
        if profile.expires_at.is_some_and(|at| at <= now.as_second()) {
            return Ok(None);
        }
        profile.into_account(billing, now).map(Some)
    }

    fn into_account(self, billing: Billing, now: Timestamp) -> Result<Account, StoreError> {
        let mobile_number = MobileNumber::parse(&self.mobile_number).map_err(corrupt)?;
        let tally = self.usage_day.zip(self.used).map(|(day, used)| Tally { day, used });
        let signup_password_at = self
            .signup_password_at
            .map(Timestamp::from_millisecond)
            .transpose()
            .map_err(corrupt)?;
        Ok(Account {
            user: User {
                id: self.user_id,
                mobile_number,
                full_name: self.full_name,
                email: self.email,
                tier: billing.entitlement.tier_at(now),
                role: self.role,
                tally,
                last_counted: self.last_counted,
                verified: self.verified_at.is_some(),
            },
            password_hash: self.password_hash,
            signup_password_at,
            contested: self.contested,
            signups: self.signups,
            generation: self.session_generation,
            kept_session: self.kept_session,
            ended_sessions: self.ended_sessions,
            billing,
        })
    }
}

/// No id that is made is this one.
fn nobody() -> UserId {
    UserId::from_bytes([0; 16])
}

impl Store {
    /// Connects, so that the first request doesn't have to: asks for an account that nobody has. See
    /// [`warm_up`]. One round trip.
    pub async fn warm_up(&self) {
        warm_up(self.account(nobody(), Timestamp::UNIX_EPOCH)).await;
    }

    /// The account that `number` belongs to. Two round trips, whether there is one or not: who
    /// measures the time can't tell.
    pub async fn account_of(
        &self,
        number: &MobileNumber,
        now: Timestamp,
    ) -> Result<Option<Account>, StoreError> {
        let owner = self.owner_of(number, now).await?;
        let account = self.account(owner.unwrap_or_else(nobody), now).await?;
        Ok(account.filter(|_| owner.is_some()))
    }

    /// The user whom `number` belongs to. One round trip.
    async fn owner_of(
        &self,
        number: &MobileNumber,
        now: Timestamp,
    ) -> Result<Option<UserId>, StoreError> {
        owner(self.get_user_item(keys::owner(number)).await?.unwrap_or_default(), now)
    }

    /// The account of `id`; none if it never was, was deleted, or expired unverified. One round
    /// trip.
    pub async fn account(&self, id: UserId, now: Timestamp) -> Result<Option<Account>, StoreError> {
        match self.get_user_item(keys::profile(id)).await? {
            Some(item) => Profile::account(item, now),
            None => Ok(None),
        }
    }

    /// Changes a profile; none if the caller's session has ended. One round trip.
    pub async fn change_profile(
        &self,
        caller: &Caller,
        change: &ProfileChange,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        let mut write = Write::update(
            &self.tables.users,
            keys::profile(caller.user_id),
            match (&change.full_name, &change.email) {
                (Some(_), Some(_)) => "SET full_name = :full_name, email = :email",
                (Some(_), None) => "SET full_name = :full_name",
                (None, Some(_)) => "SET email = :email",
                (None, None) => "SET user_id = user_id",
            },
        )
        .only_if(LIVE);
        let null = || AttributeValue::Null(true);
        if let Some(name) = &change.full_name {
            write = write.value(":full_name", name.as_ref().map_or_else(null, |n| s(n.as_str())));
        }
        if let Some(email) = &change.email {
            write = write.value(":email", email.as_ref().map_or_else(null, |e| s(e.as_str())));
        }
        match self.update(as_caller(write, caller)).await? {
            Outcome::Done(item) => Ok(Profile::account(item, now)?.map(|account| account.user)),
            Outcome::Refused(_) => Ok(None),
        }
    }

    /// Sets a new password and ends all sessions but `keep`. `false` if the account is not as it
    /// was read (another change was faster, or it was deleted). One round trip.
    pub async fn set_password(
        &self,
        account: &Account,
        hash: &str,
        keep: SessionId,
    ) -> Result<bool, StoreError> {
        let write = Write::update(
            &self.tables.users,
            keys::profile(account.user.id),
            "SET password_hash = :hash, session_generation = session_generation + :one, \
             kept_session = :keep, contested = :no REMOVE signup_password_at",
        )
        .only_if("session_generation = :generation AND attribute_not_exists(deleted_at)")
        .value(":hash", s(hash))
        .value(":keep", s(keep))
        .value(":no", AttributeValue::Bool(false))
        .value(":one", n(1))
        .value(":generation", n(account.generation));
        Ok(match self.update(write).await? {
            Outcome::Done(_) => true,
            // Every hash has a salt of its own: this one is there already because the answer to the
            // first try was lost, and the SDK tried again.
            Outcome::Refused(item) => {
                item.is_some_and(|item| item.get("password_hash") == Some(&s(hash)))
            }
        })
    }

    /// Deletes an account from view: personal facts go, the number is free again, and the profile
    /// stays as a tombstone until its subscription is cancelled and all that hangs on it is purged.
    /// `false` if the caller's session has ended. One round trip.
    pub async fn delete_account(
        &self,
        caller: &Caller,
        user: &User,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let tombstone = Write::update(
            &self.tables.users,
            keys::profile(user.id),
            "SET deleted_at = :now, purge_shard = :shard, billing_shard = :shard, billing_due = :due \
             REMOVE full_name, email, password_hash, mobile_number, #role, billing_put_off",
        )
        .only_if(LIVE)
        .value(":now", ms(now))
        .value(":shard", n(keys::shard(user.id.to_bytes())))
        .value(":due", s(keys::due(now.as_second())));
        let number = Write::delete(&self.tables.users, keys::owner(&user.mobile_number))
            .only_if("user_id = :user")
            .value(":user", s(user.id));
        let writes = vec![as_caller(tombstone, caller), number];
        Ok(matches!(self.transact(writes).await?, Transacted::Done))
    }

    pub(super) async fn get_user_item(&self, key: Item) -> Result<Option<Item>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.tables.users)
            .set_key(Some(key))
            .consistent_read(true)
            .send()
            .await?;
        Ok(answer.item)
    }
}

/// The user whom a number belongs to by its `guard`, which is empty if there is none.
pub(super) fn owner(guard: Item, now: Timestamp) -> Result<Option<UserId>, StoreError> {
    if guard.is_empty() {
        return Ok(None);
    }
    let guard: Guard = serde_dynamo::from_item(guard).map_err(corrupt)?;
    let expired = guard.expires_at.is_some_and(|at| at <= now.as_second());
    Ok((!expired).then_some(guard.user_id))
}

#[derive(Deserialize)]
struct Guard {
    user_id: UserId,
    #[serde(default)]
    expires_at: Option<i64>,
}
