//! What is in the tables, read past every proxy.

use aws_sdk_dynamodb::Client;
use serde_json::Value;
use shared::aws::Aws;

/// The tables.
pub struct Tables(Client);

impl Tables {
    pub(super) fn new(aws: &Aws) -> Self {
        Self(Client::new(&aws.config("DYNAMODB")))
    }

    /// All items of a table, as JSON.
    pub async fn items(&self, table: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut next = None;
        loop {
            let request = self.0.scan().table_name(table).consistent_read(true);
            let page = request.set_exclusive_start_key(next).send().await.unwrap();
            let read: Vec<Value> =
                serde_dynamo::from_items(page.items.unwrap_or_default()).unwrap();
            items.extend(read);
            next = page.last_evaluated_key;
            if next.is_none() {
                return items;
            }
        }
    }
}
