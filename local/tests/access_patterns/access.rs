//! What a request touches, which IAM action that takes, and what it cost: read from the wire.

use std::collections::BTreeMap;

use local::dynamodb::TABLES;
use serde_json::{Map, Value};

use crate::proxy::Call;

/// One IAM action on one table or index, and the key or the key condition it is done by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Access {
    /// Without its `dynamodb:`.
    pub(crate) action: String,
    /// `users`, or `users/index/purge`.
    pub(crate) resource: String,
    /// With placeholders for what differs from one user, room or message to another.
    pub(crate) key: String,
}

impl Call {
    /// What it asks for. A transaction is authorised by the actions of its items, a batch by an
    /// action of its own.
    pub(crate) fn accesses(&self) -> Vec<Access> {
        let request = &self.request;
        match self.operation.as_str() {
            "Query" => vec![query(request)],
            "TransactWriteItems" => list(&request["TransactItems"]).map(of_transaction).collect(),
            "BatchGetItem" => batch(request, "BatchGetItem", |request| list(&request["Keys"])),
            "BatchWriteItem" => batch(request, "BatchWriteItem", list),
            "DescribeTable" => vec![table(request)],
            operation => vec![item(operation, request)],
        }
    }

    /// Whether a condition did not hold.
    pub(crate) fn is_refused(&self) -> bool {
        self.answer.get("__type").is_some()
    }

    /// Whether it only reads.
    pub(crate) fn is_read(&self) -> bool {
        ["GetItem", "BatchGetItem", "Query", "DescribeTable"].contains(&self.operation.as_str())
    }

    /// The capacity units that each table and index consumed.
    pub(crate) fn units(&self) -> BTreeMap<String, f64> {
        let consumed = &self.answer["ConsumedCapacity"];
        let all = consumed.as_array().map_or(std::slice::from_ref(consumed), Vec::as_slice);
        let mut units = BTreeMap::new();
        for consumed in all.iter().filter(|consumed| consumed.is_object()) {
            let table = text(&consumed["TableName"]);
            units.insert(table.to_owned(), consumed["Table"]["CapacityUnits"].as_f64().unwrap());
            for kind in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] {
                for (index, consumed) in consumed[kind].as_object().into_iter().flatten() {
                    let name = format!("{table}/index/{index}");
                    units.insert(name, consumed["CapacityUnits"].as_f64().unwrap());
                }
            }
        }
        units.retain(|_, units| *units > 0.0);
        units
    }
}

fn item(action: &str, request: &Value) -> Access {
    let table = text(&request["TableName"]);
    let item = request.get("Key").or(request.get("Item")).unwrap();
    Access { action: action.to_owned(), resource: table.to_owned(), key: key(table, item) }
}

/// The table itself, whatever is in it.
fn table(request: &Value) -> Access {
    let resource = text(&request["TableName"]).to_owned();
    Access { action: "DescribeTable".to_owned(), resource, key: "–".to_owned() }
}

fn of_transaction(request: &Value) -> Access {
    let (kind, request) = only_entry(request);
    let action = match kind {
        "ConditionCheck" => "ConditionCheckItem".to_owned(),
        kind => format!("{kind}Item"),
    };
    item(&action, request)
}

fn query(request: &Value) -> Access {
    let table = text(&request["TableName"]);
    let index = request["IndexName"].as_str().map(|index| format!("{table}/index/{index}"));
    let mut condition = text(&request["KeyConditionExpression"]).to_owned();
    for (name, value) in request["ExpressionAttributeValues"].as_object().unwrap() {
        condition = condition.replace(name, &placeholder(value, name.trim_start_matches(':')));
    }
    let resource = index.unwrap_or_else(|| table.to_owned());
    Access { action: "Query".to_owned(), resource, key: condition }
}

/// All keys of a batch that look the same are one.
fn batch<'a, I: Iterator<Item = &'a Value>>(
    request: &'a Value,
    action: &str,
    items: impl Fn(&'a Value) -> I,
) -> Vec<Access> {
    let mut accesses = Vec::new();
    for (table, requests) in request["RequestItems"].as_object().unwrap() {
        for request in items(requests) {
            let item = request.get("DeleteRequest").map_or(request, |delete| &delete["Key"]);
            let (action, resource) = (action.to_owned(), table.clone());
            let access = Access { action, resource, key: key(table, item) };
            if !accesses.contains(&access) {
                accesses.push(access);
            }
        }
    }
    accesses
}

/// The key of an item: `pk = user#<user>, sk = profile`.
fn key(table: &str, item: &Value) -> String {
    let table = TABLES.iter().find(|known| known.name == table).unwrap();
    table.key.map(|name| format!("{name} = {}", placeholder(&item[name], name))).join(", ")
}

/// What a value stands for. The keys of `users` begin with the kind of item that they lead to; all
/// other values are named by where they stand.
fn placeholder(value: &Value, name: &str) -> String {
    let kinds = [
        ("user#", "<user>"),
        ("session#", "<session>"),
        ("usage#", "<day>"),
        ("idem#", "<key>"),
        ("mobile#", "<number>"),
        ("customer#", "<customer>"),
        ("stripe-event#", "<event>"),
    ];
    let (_, value) = only_entry(value);
    let of_kind = kinds.iter().find(|(kind, _)| text(value).starts_with(kind));
    match of_kind {
        Some((kind, rest)) => format!("{kind}{rest}"),
        None if ["pk", "sk"].contains(&name) => text(value).to_owned(),
        None => format!("<{}>", name.trim_end_matches("_id")),
    }
}

fn only_entry(object: &Value) -> (&str, &Value) {
    let mut entries = object.as_object().map(Map::iter).unwrap();
    let (name, value) = entries.next().unwrap();
    (name, value)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
