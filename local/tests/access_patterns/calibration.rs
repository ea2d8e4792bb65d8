//! Holds the embedded DynamoDB's figures against the rules that AWS documents, for
//! [tables](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html)
//! and for
//! [indexes](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations).

use std::collections::BTreeMap;

use local::dynamodb::{Data, Embedded};
use serde_json::{Value, json};

use crate::{proxy::Proxy, support::ask};

const MESSAGES: &str = "messages";
const PENDING: &str = "messages/index/pending";
const ROOMS: &str = "chatrooms";
const ACTIVITY: &str = "chatrooms/index/activity";

/// A DynamoDB that is asked one thing after the other.
struct Meter {
    dynamodb: Embedded,
    proxy: Proxy,
}

impl Meter {
    async fn start() -> Self {
        let dynamodb = Embedded::start(Data::Memory).await.unwrap();
        let proxy = Proxy::start(dynamodb.url()).await;
        Self { dynamodb, proxy }
    }

    /// Asserts what a request costs.
    async fn costs(&self, rule: &str, operation: &str, request: Value, units: &[(&str, f64)]) {
        let answer = ask(self.proxy.url(), operation, &request).await;
        let calls = self.proxy.take_calls();
        let expected: BTreeMap<_, _> =
            units.iter().map(|(resource, units)| ((*resource).to_owned(), *units)).collect();
        assert_eq!(calls[0].units(), expected, "{rule}: {answer}");
    }

    async fn stop(self) {
        self.dynamodb.stop().await;
    }
}

/// A message of `size` bytes: names and values of all attributes.
fn message(id: &str, size: usize) -> Value {
    let others = "chatroom_id".len() + 1 + "message_id".len() + id.len() + "content".len();
    json!({
        "chatroom_id": { "S": "r" },
        "message_id": { "S": id },
        "content": { "S": "x".repeat(size - others) },
    })
}

fn put(item: &Value) -> Value {
    json!({ "TableName": MESSAGES, "Item": item })
}

fn key(id: &str) -> Value {
    json!({ "chatroom_id": { "S": "r" }, "message_id": { "S": id } })
}

#[tokio::test]
async fn writes_are_counted_as_aws_documents() {
    let meter = Meter::start().await;
    let one = [(MESSAGES, 1.0)];
    let two = [(MESSAGES, 2.0)];
    let small = put(&message("a", 1_024));
    meter.costs("one unit for each KB", "PutItem", small.clone(), &one).await;
    let large = put(&message("a", 1_025));
    meter.costs("begun KBs count", "PutItem", large, &two).await;
    meter.costs("the larger of the old and the new item", "PutItem", small, &two).await;
    let update = json!({
        "TableName": MESSAGES, "Key": key("a"), "UpdateExpression": "SET extra = :x",
        "ExpressionAttributeValues": { ":x": { "S": "" } },
    });
    meter
        .costs("a change of one attribute is a write of the item", "UpdateItem", update, &two)
        .await;
    let delete = json!({ "TableName": MESSAGES, "Key": key("a") });
    meter.costs("what is deleted counts", "DeleteItem", delete.clone(), &two).await;
    meter.costs("at least one unit", "DeleteItem", delete, &one).await;
    let refused = json!({
        "TableName": MESSAGES, "Item": message("a", 100),
        "ConditionExpression": "attribute_exists(message_id)",
    });
    meter.costs("a refusal doesn't say what it cost", "PutItem", refused, &[]).await;
    meter.stop().await;
}

#[tokio::test]
async fn writes_to_indexes_are_counted_as_aws_documents() {
    let meter = Meter::start().await;
    let mut item = message("a", 2_000);
    item["pending_shard"] = json!({ "N": "1" });
    meter
        .costs(
            "one more for the index, of what it holds",
            "PutItem",
            put(&item),
            &[(MESSAGES, 2.0), (PENDING, 1.0)],
        )
        .await;
    let update = |expression: &str| {
        json!({
            "TableName": MESSAGES, "Key": key("a"), "UpdateExpression": expression,
            "ExpressionAttributeValues": { ":x": { "S": "x" } },
        })
    };
    let rule = "none where the index holds nothing of the change";
    meter.costs(rule, "UpdateItem", update("SET extra = :x"), &[(MESSAGES, 2.0)]).await;
    let rule = "one to take the item out of the index";
    let taken = update("SET extra = :x REMOVE pending_shard");
    meter.costs(rule, "UpdateItem", taken, &[(MESSAGES, 2.0), (PENDING, 1.0)]).await;

    let room = |activity: &str| {
        json!({
            "TableName": ROOMS,
            "Item": {
                "user_id": { "S": "u" }, "chatroom_id": { "S": "r" }, "activity": { "S": activity },
            },
        })
    };
    let rule = "one more for the local index";
    meter.costs(rule, "PutItem", room("1"), &[(ROOMS, 1.0), (ACTIVITY, 1.0)]).await;
    let rule = "two to move an item within an index";
    meter.costs(rule, "PutItem", room("2"), &[(ROOMS, 1.0), (ACTIVITY, 2.0)]).await;
    meter.stop().await;
}

#[tokio::test]
async fn transactions_are_counted_twice() {
    let meter = Meter::start().await;
    let mut item = message("a", 1_025);
    item["pending_shard"] = json!({ "N": "1" });
    let puts = json!({ "TransactItems": [
        { "Put": put(&item) }, { "Put": put(&message("b", 100)) },
    ] });
    // The rule speaks of items; see the document for what it leaves open about indexes.
    let rule = "two for each KB of each item, one for the index";
    meter.costs(rule, "TransactWriteItems", puts, &[(MESSAGES, 6.0), (PENDING, 1.0)]).await;
    let check = json!({ "TransactItems": [{ "ConditionCheck": {
        "TableName": MESSAGES, "Key": key("b"),
        "ConditionExpression": "attribute_exists(message_id)",
    } }] });
    let rule = "a check is counted as a write";
    meter.costs(rule, "TransactWriteItems", check, &[(MESSAGES, 2.0)]).await;
    meter.stop().await;
}

#[tokio::test]
async fn reads_are_counted_as_aws_documents() {
    let meter = Meter::start().await;
    for (id, size) in [("a", 4_096), ("b", 4_097), ("c1", 1_500), ("c2", 1_500), ("c3", 1_500)] {
        ask(meter.proxy.url(), "PutItem", &put(&message(id, size))).await;
    }
    drop(meter.proxy.take_calls());
    let get = |id: &str, consistent: bool| {
        json!({
            "TableName": MESSAGES, "Key": key(id), "ConsistentRead": consistent,
        })
    };
    meter.costs("one unit for 4 KB", "GetItem", get("a", true), &[(MESSAGES, 1.0)]).await;
    meter.costs("begun 4 KB count", "GetItem", get("b", true), &[(MESSAGES, 2.0)]).await;
    meter
        .costs("half, eventually consistent", "GetItem", get("b", false), &[(MESSAGES, 1.0)])
        .await;
    meter.costs("nothing found is one", "GetItem", get("z", true), &[(MESSAGES, 1.0)]).await;
    let query = |consistent: bool| {
        json!({
            "TableName": MESSAGES, "ConsistentRead": consistent,
            "KeyConditionExpression": "chatroom_id = :r AND begins_with(message_id, :c)",
            "ExpressionAttributeValues": { ":r": { "S": "r" }, ":c": { "S": "c" } },
            "ProjectionExpression": "message_id",
        })
    };
    let rule = "a query is counted by the sum of whole items";
    meter.costs(rule, "Query", query(true), &[(MESSAGES, 2.0)]).await;
    meter.costs(rule, "Query", query(false), &[(MESSAGES, 1.0)]).await;
    let batch = json!({ "RequestItems": {
        MESSAGES: { "Keys": [key("c1"), key("c2")], "ConsistentRead": true },
    } });
    let rule = "a batch is counted item by item";
    meter.costs(rule, "BatchGetItem", batch, &[(MESSAGES, 2.0)]).await;
    meter.stop().await;
}
