//! Writes: one builder for what DynamoDB spells in five ways, and the bounded retry of transactions
//! that met another one.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::{transact_write_items::TransactWriteItemsError, update_item::UpdateItemError},
    types::{
        AttributeValue, CancellationReason, ConditionCheck, Delete, Put, ReturnValue,
        ReturnValuesOnConditionCheckFailure as OnFailure, TransactWriteItem, Update,
    },
};

use super::{Store, StoreError, corrupt, keys::Item};
use crate::backoff::Backoff;

/// One write of one item, with its condition.
#[derive(Debug, Clone)]
pub(super) struct Write {
    table: String,
    item: Item,
    action: Action,
    condition: Option<String>,
    values: Item,
}

#[derive(Debug, Clone)]
enum Action {
    Put,
    Update(String),
    Delete,
    Check,
}

/// What became of a conditional write.
#[derive(Debug)]
pub(super) enum Outcome<T> {
    Done(T),
    /// The condition did not hold; the item as it stands, if there is one.
    Refused(Option<Item>),
}

/// What became of a transaction: for each of its writes in order, whether that one's condition
/// failed, and on which item.
#[derive(Debug)]
pub(super) enum Transacted {
    Done,
    Refused(Vec<Option<Refusal>>),
}

/// One write of a transaction whose condition did not hold.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    /// The item as it stands; empty if there is none.
    pub item: Item,
}

impl Write {
    fn new(table: &str, item: Item, action: Action) -> Self {
        let (table, values) = (table.to_owned(), Item::new());
        Self { table, item, action, condition: None, values }
    }

    /// Puts a whole item.
    pub(super) fn put(table: &str, item: Item) -> Self {
        Self::new(table, item, Action::Put)
    }

    /// Changes the item at `key` by an update expression.
    pub(super) fn update(table: &str, key: Item, expression: impl Into<String>) -> Self {
        Self::new(table, key, Action::Update(expression.into()))
    }

    /// Gives attributes of the item at `key` these values, and removes those that have none.
    pub(super) fn assign<const N: usize>(
        table: &str,
        key: Item,
        attributes: [(&str, Option<AttributeValue>); N],
    ) -> Self {
        let (set, removed): (Vec<_>, Vec<_>) =
            attributes.into_iter().partition(|(_, value)| value.is_some());
        let clause = |verb: &str, parts: Vec<String>| {
            if parts.is_empty() { String::new() } else { format!("{verb} {} ", parts.join(", ")) }
        };
        let expression =
            clause("SET", set.iter().map(|(name, _)| format!("{name} = :{name}")).collect())
                + &clause("REMOVE", removed.iter().map(|(name, _)| (*name).to_owned()).collect());
        let write = Self::update(table, key, expression);
        set.into_iter().fold(write, |write, (name, value)| match value {
            Some(value) => write.value(&format!(":{name}"), value),
            None => write,
        })
    }

    /// Deletes the item at `key`.
    pub(super) fn delete(table: &str, key: Item) -> Self {
        Self::new(table, key, Action::Delete)
    }

    /// Only checks a condition on the item at `key`.
    pub(super) fn check(table: &str, key: Item) -> Self {
        Self::new(table, key, Action::Check)
    }

    /// The condition.
    pub(super) fn only_if(mut self, condition: impl Into<String>) -> Self {
        self.condition = Some(condition.into());
        self
    }

    /// A value that an expression names (`:x`).
    pub(super) fn value(mut self, name: &str, value: AttributeValue) -> Self {
        self.values.insert(name.to_owned(), value);
        self
    }

    fn names(&self) -> Option<HashMap<String, String>> {
        let update = if let Action::Update(expression) = &self.action { expression } else { "" };
        names(&[update, self.condition.as_deref().unwrap_or_default()])
    }

    fn values(&self) -> Option<Item> {
        (!self.values.is_empty()).then(|| self.values.clone())
    }

    fn into_transaction_item(self) -> Result<TransactWriteItem, StoreError> {
        let (names, values, all_old) = (self.names(), self.values(), OnFailure::AllOld);
        let item = TransactWriteItem::builder();
        Ok(match self.action {
            Action::Put => item.put(
                Put::builder()
                    .table_name(self.table)
                    .set_item(Some(self.item))
                    .set_condition_expression(self.condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(all_old)
                    .build()
                    .map_err(corrupt)?,
            ),
            Action::Update(expression) => item.update(
                Update::builder()
                    .table_name(self.table)
                    .set_key(Some(self.item))
                    .update_expression(expression)
                    .set_condition_expression(self.condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(all_old)
                    .build()
                    .map_err(corrupt)?,
            ),
            Action::Delete => item.delete(
                Delete::builder()
                    .table_name(self.table)
                    .set_key(Some(self.item))
                    .set_condition_expression(self.condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(all_old)
                    .build()
                    .map_err(corrupt)?,
            ),
            Action::Check => item.condition_check(
                ConditionCheck::builder()
                    .table_name(self.table)
                    .set_key(Some(self.item))
                    .set_condition_expression(self.condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(all_old)
                    .build()
                    .map_err(corrupt)?,
            ),
        }
        .build())
    }
}

impl Store {
    /// Does one update and returns the item as it is afterwards. One round trip.
    pub(super) async fn update(&self, write: Write) -> Result<Outcome<Item>, StoreError> {
        let Action::Update(expression) = &write.action else {
            return Err(corrupt("not an update"));
        };
        let mut tried = Backoff::default();
        loop {
            let outcome = self
                .client
                .update_item()
                .table_name(&write.table)
                .set_key(Some(write.item.clone()))
                .update_expression(expression.as_str())
                .set_condition_expression(write.condition.clone())
                .set_expression_attribute_names(write.names())
                .set_expression_attribute_values(write.values())
                .return_values(ReturnValue::AllNew)
                .return_values_on_condition_check_failure(OnFailure::AllOld)
                .send()
                .await;
            let error = match outcome {
                Ok(output) => return Ok(Outcome::Done(output.attributes.unwrap_or_default())),
                Err(error) => error,
            };
            match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    return Ok(Outcome::Refused(failed.item.clone()));
                }
                Some(UpdateItemError::TransactionConflictException(_)) if tried.again().await => {}
                _ => return Err(error.into()),
            }
        }
    }

    /// Does all of `writes` or none of them. One round trip, more only if it meets concurrent
    /// transactions on the same items.
    pub(super) async fn transact(&self, writes: Vec<Write>) -> Result<Transacted, StoreError> {
        let items =
            writes.into_iter().map(Write::into_transaction_item).collect::<Result<Vec<_>, _>>()?;
        let mut tried = Backoff::default();
        loop {
            let sent = transact_once(&self.client, items.clone()).await;
            let Err(error) = sent else { return Ok(Transacted::Done) };
            let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) =
                error.as_service_error()
            else {
                return Err(error.into());
            };
            let reasons = canceled.cancellation_reasons();
            if let Some(refused) = refusals(reasons) {
                return Ok(Transacted::Refused(refused));
            }
            if !(reasons.iter().any(is_passing) && tried.again().await) {
                return Err(error.into());
            }
        }
    }
}

/// The names that expressions spell as `#name`, because `name` is one of DynamoDB's reserved words.
pub(super) fn names(expressions: &[&str]) -> Option<HashMap<String, String>> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let names: HashMap<_, _> = expressions
        .iter()
        .flat_map(|expression| expression.split('#').skip(1))
        .filter_map(|rest| rest.split(|c| !is_name(c)).next())
        .map(|name| (format!("#{name}"), name.to_owned()))
        .collect();
    (!names.is_empty()).then_some(names)
}

async fn transact_once(
    client: &Client,
    items: Vec<TransactWriteItem>,
) -> Result<(), SdkError<TransactWriteItemsError>> {
    client.transact_write_items().set_transact_items(Some(items)).send().await.map(drop)
}

fn refusals(reasons: &[CancellationReason]) -> Option<Vec<Option<Refusal>>> {
    let refused: Vec<_> = reasons
        .iter()
        .map(|reason| {
            (reason.code() == Some("ConditionalCheckFailed"))
                .then(|| Refusal { item: reason.item.clone().unwrap_or_default() })
        })
        .collect();
    refused.iter().any(Option::is_some).then_some(refused)
}

/// Another transaction holds the item, or a partition is throttled: worth another try.
fn is_passing(reason: &CancellationReason) -> bool {
    matches!(
        reason.code(),
        Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(code: &str) -> CancellationReason {
        CancellationReason::builder().code(code).build()
    }

    #[test]
    fn a_failed_condition_decides_even_beside_a_conflict() {
        let reasons = [reason("TransactionConflict"), reason("ConditionalCheckFailed")];
        let refused = refusals(&reasons).unwrap();
        assert!(refused[0].is_none() && refused[1].is_some());
    }

    #[test]
    fn reserved_words_are_spelled_with_a_hash() {
        let names = names(&["SET #name = :x, plain = :y", "attribute_exists(#status)"]).unwrap();
        assert_eq!(names["#name"], "name");
        assert_eq!(names["#status"], "status");
        assert_eq!(names.len(), 2);
    }

    #[test]
    fn conflicts_and_throttling_are_tried_again_and_nothing_else() {
        assert!(
            is_passing(&reason("TransactionConflict")) && is_passing(&reason("ThrottlingError"))
        );
        assert!(!is_passing(&reason("ValidationError")) && !is_passing(&reason("None")));
        assert!(refusals(&[reason("None"), reason("TransactionConflict")]).is_none());
    }
}
