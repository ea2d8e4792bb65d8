//! Signups: accounts that nobody has verified yet. They expire, and can be signed up for again.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::{
    Account, Store, StoreError,
    accounts::{self, Profile},
    corrupt,
    keys::{self, Item, ms, n, s, secs},
    write::{Refusal, Transacted, Write},
};
use crate::domain::{
    MobileNumber, Tier, UserId,
    text::{Email, FullName},
};

/// What a signup sets.
pub struct Signup<'a> {
    /// The number.
    pub mobile_number: &'a MobileNumber,
    /// The person's name.
    pub full_name: Option<&'a FullName>,
    /// The person's address.
    pub email: Option<&'a Email>,
    /// The hash of the password, and when it was first given.
    pub password: Option<(&'a str, Timestamp)>,
    /// The signups of this number differed in their passwords.
    pub contested: bool,
    /// When.
    pub now: Timestamp,
    /// When an account that nobody verifies is gone.
    pub expires_at: Timestamp,
}

/// What became of a signup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignupOutcome {
    /// The account stands, unverified.
    Done,
    /// The number is this user's, whose account is not as it was thought to be: look at it.
    Taken(UserId),
    /// The number is nobody's any more.
    Free,
}

impl Store {
    /// Opens an unverified account, if the number is nobody's. One round trip.
    pub async fn open_account(
        &self,
        id: UserId,
        signup: &Signup<'_>,
    ) -> Result<SignupOutcome, StoreError> {
        let profile = unverified(id, signup);
        let mut item: Item = serde_dynamo::to_item(profile).map_err(corrupt)?;
        item.extend(keys::profile(id));
        let mut guard = keys::owner(signup.mobile_number);
        guard.insert("user_id".to_owned(), s(id));
        guard.insert("expires_at".to_owned(), secs(signup.expires_at));
        let guard = Write::put(&self.tables.users, guard)
            .only_if("attribute_not_exists(pk) OR expires_at <= :now")
            .value(":now", secs(signup.now));
        match self.transact(vec![guard, Write::put(&self.tables.users, item)]).await? {
            Transacted::Done => Ok(SignupOutcome::Done),
            Transacted::Refused(refused) => refused_by(refused, None, signup.now),
        }
    }

    /// Signs up once more for a number that nobody has verified yet: the later facts stand, under
    /// the same id, for as long as a new account's would. Refused if `account` is not as
    /// it was read. One round trip.
    pub async fn sign_up_again(
        &self,
        account: &Account,
        signup: &Signup<'_>,
    ) -> Result<SignupOutcome, StoreError> {
        let or_null = |value: Option<AttributeValue>| value.unwrap_or(AttributeValue::Null(true));
        let guard = Write::update(
            &self.tables.users,
            keys::owner(signup.mobile_number),
            "SET expires_at = :expires_at",
        )
        .only_if("user_id = :user AND expires_at > :now")
        .value(":user", s(account.user.id))
        .value(":now", secs(signup.now))
        .value(":expires_at", secs(signup.expires_at));
        let profile = Write::update(
            &self.tables.users,
            keys::profile(account.user.id),
            "SET full_name = :full_name, email = :email, password_hash = :hash, \
             signup_password_at = :password_at, contested = :contested, \
             signups = signups + :one, expires_at = :expires_at",
        )
        .only_if(
            "signups = :seen AND expires_at > :now AND attribute_not_exists(verified_at) \
             AND attribute_not_exists(deleted_at)",
        )
        .value(":full_name", or_null(signup.full_name.map(|name| s(name.as_str()))))
        .value(":email", or_null(signup.email.map(|email| s(email.as_str()))))
        .value(":hash", or_null(signup.password.map(|(hash, _)| s(hash))))
        .value(":password_at", or_null(signup.password.map(|(_, at)| ms(at))))
        .value(":contested", AttributeValue::Bool(signup.contested))
        .value(":one", n(1))
        .value(":seen", n(account.signups))
        .value(":now", secs(signup.now))
        .value(":expires_at", secs(signup.expires_at));
        match self.transact(vec![guard, profile]).await? {
            Transacted::Done => Ok(SignupOutcome::Done),
            Transacted::Refused(refused) => refused_by(refused, Some(account.user.id), signup.now),
        }
    }
}

/// Whose the number is, by the guard that refused a signup: it is the first of the writes. If that one
/// did not, it was as `thought`.
fn refused_by(
    refused: Vec<Option<Refusal>>,
    thought: Option<UserId>,
    now: Timestamp,
) -> Result<SignupOutcome, StoreError> {
    let owner = match refused.into_iter().next().flatten() {
        Some(Refusal { item: guard }) => accounts::owner(guard, now)?,
        None => thought,
    };
    Ok(owner.map_or(SignupOutcome::Free, SignupOutcome::Taken))
}

/// The profile of an account that a signup opens.
fn unverified(id: UserId, signup: &Signup<'_>) -> Profile {
    Profile {
        user_id: id,
        mobile_number: signup.mobile_number.as_str().to_owned(),
        full_name: signup.full_name.map(|name| name.as_str().to_owned()),
        email: signup.email.map(|email| email.as_str().to_owned()),
        tier: Tier::Basic,
        role: None,
        verified_at: None,
        password_hash: signup.password.map(|(hash, _)| hash.to_owned()),
        signup_password_at: signup.password.map(|(_, at)| at.as_millisecond()),
        contested: signup.contested,
        signups: 1,
        session_generation: 0,
        kept_session: None,
        ended_sessions: HashSet::new(),
        usage_day: None,
        used: None,
        last_counted: None,
        expires_at: Some(signup.expires_at.as_second()),
    }
}
