//! DynamoDB: the only module that knows tables, keys and expressions. SDK errors end here.
//!
//! Every method names its access pattern in `docs/access-patterns.md`, with the capacity units it
//! was measured to consume. There is no scan. Reads check `expires_at` themselves: TTL is
//! housekeeping, and an expired item can linger for days.

mod accounts;
mod attempts;
mod billing;
mod chatrooms;
mod checkouts;
mod describe;
mod idempotency;
mod keys;
mod live;
mod messages;
mod purge;
mod replies;
mod roles;
mod sends;
mod sessions;
mod signups;
mod usage;
mod write;

use std::fmt::Display;

use aws_sdk_dynamodb::{Client, error::SdkError};

use crate::{
    aws::Aws,
    config::{ConfigError, Env},
};

pub use accounts::{Account, ProfileChange};
pub use attempts::{Attempt, Challenge, Purpose};
pub use billing::{Billing, BillingFacts, Owner, Recorded};
pub use chatrooms::{ChatroomChange, Created, NewChatroom, RoomPage};
pub use checkouts::{Lease, Leased};
pub use describe::{Table, TableState};
pub use idempotency::{Begun, Claim, FirstAnswer, Underway};
pub use messages::{Direction, FailedAttempts, MessagePage, Pending};
pub use purge::Purged;
pub use replies::{Answer, Apology, Settled};
pub use roles::Standing;
pub use sends::{Denied, NewMessage, Sent};
pub use sessions::{Redeemed, Rotation, Session};
pub use signups::{Signup, SignupOutcome};
pub use usage::DayUsage;

/// The access to the three tables.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    tables: Tables,
}

/// The tables' names.
#[derive(Debug, Clone)]
struct Tables {
    users: String,
    chatrooms: String,
    messages: String,
}

impl Store {
    /// From `USERS_TABLE`, `CHATROOMS_TABLE` and `MESSAGES_TABLE`. A function is only given the
    /// tables that it uses; the name of another is empty, and a call to it fails.
    pub fn from_env(env: &Env, aws: &Aws) -> Result<Self, ConfigError> {
        let table = |name| env.get(name).unwrap_or_default().to_owned();
        let tables = Tables {
            users: env.require("USERS_TABLE")?.to_owned(),
            chatrooms: table("CHATROOMS_TABLE"),
            messages: table("MESSAGES_TABLE"),
        };
        Ok(Self { client: Client::new(&aws.config("DYNAMODB")), tables })
    }
}

/// A call to the store failed. Conditions that did not hold are not errors: they are outcomes.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// DynamoDB was not reached, throttled the call, or failed, after the bounded retries.
    #[error("DynamoDB: {0}")]
    Unavailable(String),
    /// An item is not what this code wrote.
    #[error("unreadable item: {0}")]
    Corrupt(String),
}

impl<E, R> From<SdkError<E, R>> for StoreError
where
    E: aws_sdk_dynamodb::error::ProvideErrorMetadata,
{
    /// Keeps the error's code only: messages and responses may hold keys, which hold numbers.
    fn from(error: SdkError<E, R>) -> Self {
        let kind = match &error {
            SdkError::ConstructionFailure(_) => "request not built",
            SdkError::TimeoutError(_) => "timed out",
            SdkError::DispatchFailure(_) => "not reached",
            SdkError::ResponseError(_) => "unreadable response",
            _ => error.as_service_error().and_then(|e| e.meta().code()).unwrap_or("failed"),
        };
        Self::Unavailable(kind.to_owned())
    }
}

/// For items that can't be read.
fn corrupt(reason: impl Display) -> StoreError {
    StoreError::Corrupt(reason.to_string())
}
