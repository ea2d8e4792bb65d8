//! What `local` does as AWS does: tables, queue, mapping, schedules.

use std::{collections::BTreeSet, time::Duration};

use local::{
    deployed::{BATCH, EVERY, FUNCTION_TIMEOUT, MAX_RECEIVE_COUNT, VISIBILITY_TIMEOUT_SECONDS},
    dynamodb::{Data, Embedded, TABLES},
};
use serde_json::{Value, json};

use crate::{
    agree,
    support::{Template, ask},
};

/// What is compared of a table. CloudFormation spells it as DynamoDB does.
const FACTS: [&str; 4] =
    ["AttributeDefinitions", "GlobalSecondaryIndexes", "KeySchema", "LocalSecondaryIndexes"];

#[tokio::test]
async fn the_tables_are_those_of_the_embedded_dynamodb() {
    let dynamodb = Embedded::start(Data::Memory).await.unwrap();
    let template = Template::read();
    let deployed = template.resources("AWS::DynamoDB::Table");
    let mut names: Vec<_> = deployed.iter().map(|(id, _)| table_name(id)).collect();
    let mut known = TABLES.map(|table| table.name.to_owned());
    names.sort();
    known.sort();
    assert_eq!(names, known, "template.yaml and local::dynamodb::TABLES name other tables");

    for (id, properties) in deployed {
        let about = json!({ "TableName": table_name(id) });
        let table = ask(dynamodb.url(), "DescribeTable", &about).await["Table"].take();
        agree(id, &facts(properties), "local::dynamodb::TABLES", &facts(&table));
        let ttl = ask(dynamodb.url(), "DescribeTimeToLive", &about).await;
        assert_eq!(
            ttl["TimeToLiveDescription"].get("AttributeName"),
            properties["TimeToLiveSpecification"].get("AttributeName"),
            "{id} expires by another attribute in local::dynamodb::TABLES (left)"
        );
    }
}

#[test]
fn the_queue_is_that_of_the_local_cloud() {
    let template = Template::read();
    let queue = template.properties("MessageQueue");
    assert_eq!(queue["VisibilityTimeout"], VISIBILITY_TIMEOUT_SECONDS, "see local/src/cloud.rs");
    let redrive = &queue["RedrivePolicy"];
    assert_eq!(redrive["maxReceiveCount"], MAX_RECEIVE_COUNT, "see local/src/queues.rs");
    assert_eq!(queue["FifoQueue"], true, "see local/src/cloud.rs");
}

#[test]
fn the_worker_is_fed_as_by_the_local_mapping() {
    let template = Template::read();
    let worker = template.properties("GeminiWorkerFunction");
    assert_eq!(worker["Timeout"], FUNCTION_TIMEOUT.as_secs(), "see local/src/mapping.rs");
    let mapping = &worker["Events"]["Messages"]["Properties"];
    assert_eq!(mapping["BatchSize"], BATCH, "see local/src/mapping.rs");
    let reported = json!(["ReportBatchItemFailures"]);
    assert_eq!(mapping["FunctionResponseTypes"], reported, "local/src/mapping.rs relies on it");
    // https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    assert!(
        Duration::from_secs(VISIBILITY_TIMEOUT_SECONDS.into()) >= FUNCTION_TIMEOUT,
        "AWS refuses a mapping whose queue has a visibility timeout below the function's time-out"
    );
}

#[test]
fn the_sweeper_and_the_reconciler_run_as_by_the_local_schedule() {
    let template = Template::read();
    assert_eq!(EVERY, Duration::from_mins(1), "write the new rate here and in template.yaml");
    for function in ["SweeperFunction", "ReconcilerFunction"] {
        let events = &template.properties(function)["Events"];
        let rate = &events["EveryMinute"]["Properties"]["Schedule"];
        assert_eq!(rate, "rate(1 minute)", "{function}: see local/src/schedule.rs");
    }
}

/// `UsersTable` is called `users` in this process.
fn table_name(id: &str) -> String {
    id.strip_suffix("Table").unwrap().to_lowercase()
}

/// The [`FACTS`] of a table, without what DynamoDB adds when it describes one.
fn facts(table: &Value) -> BTreeSet<String> {
    let of = |name: &'static str| {
        let facts = table[name].as_array().into_iter().flatten();
        facts.map(move |fact| format!("{name} {}", known(fact)))
    };
    FACTS.into_iter().flat_map(of).collect()
}

/// What a template can say of a fact.
fn known(fact: &Value) -> Value {
    const KNOWN: [&str; 7] = [
        "AttributeName",
        "AttributeType",
        "IndexName",
        "KeySchema",
        "KeyType",
        "NonKeyAttributes",
        "Projection",
    ];
    let known = fact.as_object().unwrap().iter();
    known
        .filter(|(name, _)| KNOWN.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
