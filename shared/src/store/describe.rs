//! What DynamoDB says of the tables themselves.

use aws_sdk_dynamodb::{operation::describe_table::DescribeTableError, types::TableStatus};

use super::{Store, StoreError};

/// One of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Accounts, sessions, codes, and what is known of subscriptions.
    Users,
    /// Chatrooms.
    Chatrooms,
    /// Messages.
    Messages,
}

/// How a table is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableState {
    /// It serves. DynamoDB counts about every six hours
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html>).
    Serving {
        /// Items at the last count.
        items: u64,
        /// Their bytes, without those of the indexes.
        bytes: u64,
    },
    /// It is there, and in this state: `creating`, say.
    NotServing(String),
    /// There is none.
    Missing,
}

impl Store {
    /// How a table is. One round trip, which consumes no capacity.
    pub async fn describe_table(&self, table: Table) -> Result<TableState, StoreError> {
        let name = match table {
            Table::Users => &self.tables.users,
            Table::Chatrooms => &self.tables.chatrooms,
            Table::Messages => &self.tables.messages,
        };
        let described = match self.client.describe_table().table_name(name).send().await {
            Ok(answer) => answer.table,
            Err(error) => match error.as_service_error() {
                Some(DescribeTableError::ResourceNotFoundException(_)) => None,
                _ => return Err(error.into()),
            },
        };
        let Some(table) = described else { return Ok(TableState::Missing) };
        let count = |number: Option<i64>| number.and_then(|n| n.try_into().ok()).unwrap_or(0);
        Ok(match table.table_status {
            // What is changed serves meanwhile.
            Some(TableStatus::Active | TableStatus::Updating) => TableState::Serving {
                items: count(table.item_count),
                bytes: count(table.table_size_bytes),
            },
            state => {
                let state = state.as_ref().map_or("unknown", TableStatus::as_str);
                TableState::NotServing(state.to_lowercase())
            }
        })
    }
}
