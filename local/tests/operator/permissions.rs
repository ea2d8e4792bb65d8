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

/// The actions of the policy in the document.
fn allowed() -> BTreeSet<String> {
    let document = fs::read_to_string(root().join("docs/operating.md")).unwrap();
    let policies =
        document.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let policy = policies.map(|text| serde_json::from_str::<Value>(text).unwrap());
    let policy = policy.into_iter().find(|policy| policy["Version"] == "2012-10-17").unwrap();
    let statements = policy["Statement"].as_array().unwrap().iter();
    statements.flat_map(|statement| actions(&statement["Action"])).collect()
}

fn actions(action: &Value) -> Vec<String> {
    let of_one = |action: &Value| action.as_str().unwrap().to_owned();
    action.as_array().map_or_else(|| vec![of_one(action)], |all| all.iter().map(of_one).collect())
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
    let mut shell = ssm.variables();
    for name in ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_SQS"] {
        shell.push((name, watched(env.get(name).unwrap()).await));
    }
    shell.retain(|(name, _)| *name != "AWS_ENDPOINT_URL_SSM");
    shell.push(("AWS_ENDPOINT_URL_SSM", watched(ssm.url()).await));
    ssm.hold_map_of(&world);

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
        for action in actions(&statement["Action"]) {
            assert!(action.starts_with("logs:") || allowed.contains(&action), "{action}");
        }
    }
}
