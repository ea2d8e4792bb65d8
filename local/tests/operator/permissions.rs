//! The policy in `docs/operating.md` allows what the commands do.

use std::{
    collections::BTreeSet,
    fs,
    sync::{Arc, Mutex},
};

use local::testing::relay;
use serde_json::Value;

use crate::{
    command::parley,
    ssm::Ssm,
    support::{Template, root},
    world::World,
};

const MAP: &str = "/parley-test/operator";

/// The statements of the policy in the document.
fn statements() -> Vec<Value> {
    let document = fs::read_to_string(root().join("docs/operating.md")).unwrap();
    let policies =
        document.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let policy = policies.map(|text| serde_json::from_str::<Value>(text).unwrap());
    let policy = policy.into_iter().find(|policy| policy["Version"] == "2012-10-17").unwrap();
    policy["Statement"].as_array().unwrap().clone()
}

/// The actions that they allow.
fn allowed() -> BTreeSet<String> {
    statements().iter().flat_map(|statement| texts(&statement["Action"])).collect()
}

/// One text or several: a statement's actions, or its resources.
fn texts(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    value.as_array().map_or_else(|| vec![text(value)], |all| all.iter().map(text).collect())
}

/// The action that allows an operation: that of a batch of messages is that of one.
fn action(target: &str) -> String {
    let (service, operation) = target.split_once('.').unwrap();
    match service {
        "AmazonSSM" => format!("ssm:{operation}"),
        "AmazonSQS" => format!("sqs:{}", operation.trim_end_matches("Batch")),
        _ => format!("dynamodb:{operation}"),
    }
}

#[tokio::test]
async fn the_policy_allows_what_the_commands_ask_for() {
    let (world, ssm) = (World::start().await, Ssm::start().await);
    let (env, person) = (world.env().await, world.person().await);
    let event = world.buy_pro(&person).await.remove(0);
    world.pending(&person).await;

    let asked = Arc::new(Mutex::new(BTreeSet::new()));
    let watched = async |url: &str| {
        let asked = Arc::clone(&asked);
        let note = move |request: http::request::Parts| {
            let target = request.headers["x-amz-target"].to_str().unwrap();
            asked.lock().unwrap().insert(action(target));
            async {}
        };
        relay(url, note).await
    };
    ssm.hold_map_of(&world);
    let mut map: Value = serde_json::from_str(&ssm.value(MAP)).unwrap();
    for name in ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_SQS"] {
        map[name] = watched(env.get(name).unwrap()).await.into();
    }
    ssm.set(MAP, &map.to_string());
    let mut shell = ssm.variables();
    shell.retain(|(name, _)| *name != "AWS_ENDPOINT_URL_SSM");
    shell.push(("AWS_ENDPOINT_URL_SSM", watched(ssm.url()).await));

    let id = person.id.to_string();
    for command in [
        &["keys", "--put"][..],
        &["keys", "--put", "--rotate"],
        &["status"],
        &["redrive", "--dry-run"],
        &["redrive"],
        &["grant", person.number.as_str()],
        &["revoke", &id],
        &["replay", &event.id],
        &["sweep", "--recover"],
    ] {
        let run = parley(&shell, &[command, &["--stack", "parley-test"]].concat()).await;
        run.assert(0);
    }
    let allowed = allowed();
    let asked = asked.lock().unwrap();
    let missing: Vec<_> = asked.difference(&allowed).collect();
    assert!(missing.is_empty(), "docs/operating.md does not allow {missing:?}");
    assert!(asked.len() > 10, "{asked:?}");
}

#[test]
fn the_policy_allows_a_sweep_whatever_there_is_to_be_swept() {
    let template = Template::read();
    let policy = &template.properties("SweeperRole")["Policies"][0]["PolicyDocument"];
    let allowed = allowed();
    for statement in policy["Statement"].as_array().unwrap() {
        for action in texts(&statement["Action"]) {
            assert!(action.starts_with("logs:") || allowed.contains(&action), "{action}");
        }
    }
}

#[test]
fn only_a_sweep_may_query_a_table_itself() {
    for statement in statements() {
        let queries = texts(&statement["Action"]).contains(&"dynamodb:Query".to_owned());
        let tables = texts(&statement["Resource"]);
        if queries && tables.iter().any(|table| !table.contains("/index/")) {
            assert_eq!(statement["Sid"], "Sweep", "what people wrote can be read: {tables:?}");
        }
    }
}

#[test]
fn no_statement_reaches_the_tables_of_a_stack_whose_name_begins_alike() {
    let resources = statements().into_iter().flat_map(|statement| texts(&statement["Resource"]));
    for resource in resources.filter(|resource| resource.contains(":dynamodb:")) {
        let (_, name) = resource.split_once(":table/parley-staging-").unwrap();
        let own = ["UsersTable-*", "ChatroomsTable-*", "MessagesTable-*"];
        assert!(own.iter().any(|table| name.starts_with(table)), "{resource}");
    }
}
