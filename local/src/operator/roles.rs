//! `parley grant` and `parley revoke`: who is an operator.

use std::{fmt, str::FromStr};

use clap::{Args, ValueEnum};
use serde::Serialize;
use shared::{
    aws::Aws,
    config::Env,
    domain::{Clock, MobileNumber, Role, User, UserId},
    store::Store,
};

use super::Report;
use crate::Error;

/// Whose role it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// That of the account with this id.
    Id(UserId),
    /// That of the account which this number signs in to.
    Number(MobileNumber),
}

impl FromStr for Who {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Id(id));
        }
        let number = MobileNumber::parse(text).map_err(|_| "neither a user's id nor a number")?;
        Ok(Self::Number(number))
    }
}

/// What is granted.
#[derive(Debug, Clone, Args)]
pub struct Grant {
    /// A mobile number, or a user's id (which leaves no number in the shell's history)
    #[arg(value_name = "NUMBER|USER_ID")]
    pub who: Who,
    /// The role
    #[arg(default_value = "operator")]
    pub role: Grantable,
}

/// What is revoked: the role, whichever it is.
#[derive(Debug, Clone, Args)]
pub struct Revoke {
    /// A mobile number, or a user's id (which leaves no number in the shell's history)
    #[arg(value_name = "NUMBER|USER_ID")]
    pub who: Who,
}

/// A role, as it is typed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Grantable {
    /// Sees how the parts of a deployment are (GET /admin/status)
    Operator,
}

impl From<Grantable> for Role {
    fn from(typed: Grantable) -> Self {
        match typed {
            Grantable::Operator => Self::Operator,
        }
    }
}

/// The role that an account has now.
#[derive(Debug, Serialize)]
pub struct Granted {
    /// The account.
    pub user_id: UserId,
    /// Its role, if it has one.
    pub role: Option<Role>,
    /// Whether it had another before.
    pub changed: bool,
}

/// Gives an account of the deployment `env` a role.
///
/// # Errors
/// There is no such account, its number was never verified, or DynamoDB was not reached.
pub async fn grant(env: &Env, grant: &Grant, clock: &dyn Clock) -> Result<Granted, Error> {
    set(env, &grant.who, Some(grant.role.into()), clock).await
}

/// Takes the role of an account of the deployment `env` away.
///
/// # Errors
/// As for [`grant`].
pub async fn revoke(env: &Env, revoke: &Revoke, clock: &dyn Clock) -> Result<Granted, Error> {
    set(env, &revoke.who, None, clock).await
}

async fn set(
    env: &Env,
    who: &Who,
    role: Option<Role>,
    clock: &dyn Clock,
) -> Result<Granted, Error> {
    let store = Store::from_env(env, &Aws::from_env(env)?)?;
    let user = find(&store, who, clock).await?;
    if !user.verified {
        return Err(format!(
            "nobody has shown that the number of {} is theirs: sign in once with a code first",
            user.id
        )
        .into());
    }
    if user.role == role {
        return Ok(Granted { user_id: user.id, role, changed: false });
    }
    if !store.set_role(user.id, role).await? {
        return Err(format!("{} was deleted just now", user.id).into());
    }
    Ok(Granted { user_id: user.id, role, changed: true })
}

async fn find(store: &Store, who: &Who, clock: &dyn Clock) -> Result<User, Error> {
    let account = match who {
        Who::Id(id) => store.account(*id, clock.now()).await?,
        Who::Number(number) => store.account_of(number, clock.now()).await?,
    };
    Ok(account.ok_or("there is no such account in this deployment")?.user)
}

impl Report for Granted {}

impl fmt::Display for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user_id, role, changed } = self;
        match (role, changed) {
            (Some(role), false) => write!(f, "{user_id} is {} already", role.as_str()),
            (None, false) => write!(f, "{user_id} has no role"),
            (Some(role), true) => write!(
                f,
                "{user_id} is {} from their next access token on: within the hour, or at once \
                 with POST /auth/refresh or by signing in again",
                role.as_str()
            ),
            (None, true) => write!(
                f,
                "{user_id} has no role any more: GET /admin/status refuses them at once, and their \
                 next access token, within the hour, no longer says it"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_told_from_a_number() {
        let id = "01M8044ZF3SQ51V241KHPYNBGR";
        assert_eq!(id.parse(), Ok(Who::Id(id.parse().unwrap())));
        let number = MobileNumber::parse("+14155550123").unwrap();
        assert_eq!("+1 (415) 555-0123".parse(), Ok(Who::Number(number)));
        assert!("operator".parse::<Who>().is_err());
    }
}
