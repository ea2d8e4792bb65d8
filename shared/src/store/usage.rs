//! Usage per day, kept under `user#<id>` / `usage#<yyyy-mm-dd>` by the worker.

use jiff::civil::Date;
use serde::Deserialize;

use super::{
    Store, StoreError, corrupt,
    keys::{self, n, s},
    write::Write,
};
use crate::domain::{Usage, UserId};

/// What one user used on one day (UTC).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DayUsage {
    /// The day.
    pub day: Date,
    /// Messages answered.
    #[serde(default)]
    pub messages: u64,
    /// Messages that failed.
    #[serde(default)]
    pub failures: u64,
    /// Tokens of the prompts.
    #[serde(default)]
    pub input_tokens: u64,
    /// Tokens of the answers.
    #[serde(default)]
    pub output_tokens: u64,
}

impl Store {
    /// A user's usage from `first` to `last`, both included; days without any are left out. One
    /// round trip.
    pub async fn usage(
        &self,
        user: UserId,
        first: Date,
        last: Date,
    ) -> Result<Vec<DayUsage>, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.tables.users)
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", s(keys::user_pk(user)))
            .expression_attribute_values(":first", s(keys::usage_sk(first)))
            .expression_attribute_values(":last", s(keys::usage_sk(last)))
            .send()
            .await?;
        serde_dynamo::from_items(answer.items.unwrap_or_default()).map_err(corrupt)
    }

    /// Adds one reply to a day.
    pub(super) fn count_usage(&self, user: UserId, day: Date, failed: bool, usage: Usage) -> Write {
        Write::update(
            &self.tables.users,
            keys::usage(user, day),
            "SET #day = :day \
             ADD messages :messages, failures :failures, input_tokens :input, output_tokens :output",
        )
            .value(":day", s(day))
            .value(":messages", n(u8::from(!failed)))
            .value(":failures", n(u8::from(failed)))
            .value(":input", n(usage.input_tokens))
            .value(":output", n(usage.output_tokens))
    }
}
