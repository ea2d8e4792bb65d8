//! Which deployment a command finds, and what it is told if there is none.

use std::{fs, os::unix::fs::PermissionsExt as _};

use local::operator::{deployment::find, map};
use shared::config::Env;

use crate::{keys::stack, ssm::Ssm, world::World};

#[tokio::test]
async fn a_running_local_is_found_by_its_folder_until_it_stops() {
    let world = World::start().await;
    let file = world.folder.path().join("operator.json");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let env = world.env().await;
    assert_eq!(env.get("API_URL"), Some(&*format!("http://{}", world.host.address())));
    for name in map::NAMES.iter().filter(|name| !is_optional(name)) {
        assert!(env.get(name).is_some(), "{name} is missing");
    }

    let process = world.process();
    world.host.stop().await;
    assert!(!file.exists());
    let nobody = find(None, process).await.err().unwrap().to_string();
    assert!(nobody.contains("no `local` runs on") && nobody.contains("make run"), "{nobody}");
}

/// What a `local` with defaults does not set: the secrets themselves stand for their parameters.
fn is_optional(name: &str) -> bool {
    let set = ["GEMINI_MODEL", "SUBSCRIPTION_GRACE_SECONDS"];
    name.ends_with("_PARAMETER") || name.starts_with("VALKEY_") || set.contains(&name)
}

#[tokio::test]
async fn a_local_that_was_killed_is_not_taken_for_one_that_runs() {
    let folder = tempfile::tempdir().unwrap();
    let map = r#"{"API_URL":"http://127.0.0.1:1"}"#;
    fs::write(folder.path().join("operator.json"), map).unwrap();
    let process = Env::default().with("PARLEY_DATA", folder.path().to_str().unwrap());
    let nobody = find(None, process).await.err().unwrap().to_string();
    assert!(nobody.contains("no `local` runs on"), "{nobody}");
}

#[tokio::test]
async fn a_local_without_a_folder_leaves_no_trace_and_is_not_looked_for() {
    let process = Env::default().with("PARLEY_DATA", ":memory:");
    let error = find(None, process).await.err().unwrap().to_string();
    assert!(error.contains(":memory:") && error.contains("--stack"), "{error}");
}

#[tokio::test]
async fn a_stack_is_found_by_its_parameter_and_nothing_of_another_one_mixes_in() {
    let ssm = Ssm::start().await;
    ssm.set("/parley-test/operator", r#"{"USERS_TABLE":"users-of-it","VALKEY_URL":""}"#);
    // Left over from another stack, and from a cache of this machine's.
    let left_over = ["METRICS_NAMESPACE", "VALKEY_CLUSTER"].into_iter().chain(map::NAMES);
    let process = left_over.fold(ssm.process(), |env, name| env.with(name, "another one's"));
    let env = find(Some(&stack()), process).await.unwrap();
    assert_eq!(env.get("USERS_TABLE"), Some("users-of-it"));
    for name in map::NAMES.iter().filter(|name| **name != "USERS_TABLE") {
        assert_eq!(env.get(name), None, "{name}");
    }
    assert_eq!((env.get("METRICS_NAMESPACE"), env.get("VALKEY_CLUSTER")), (None, None));
}

#[tokio::test]
async fn a_secret_and_the_way_to_aws_come_from_the_process() {
    let ssm = Ssm::start().await;
    ssm.set("/parley-test/operator", "{}");
    let process = ssm.process().with("STRIPE_SECRET_KEY", "rk_1");
    let env = find(Some(&stack()), process).await.unwrap();
    assert_eq!(env.get("STRIPE_SECRET_KEY"), Some("rk_1"));
    assert_eq!(env.get("AWS_REGION"), Some("eu-central-1"));
    assert_eq!(env.get("AWS_ENDPOINT_URL_SSM"), Some(ssm.url()));
}

#[tokio::test]
async fn what_is_set_by_hand_wins_over_the_map_of_a_local() {
    let world = World::start().await;
    let env = find(None, world.process().with("GEMINI_MODEL", "mine")).await.unwrap();
    assert_eq!(env.get("GEMINI_MODEL"), Some("mine"));
}

#[tokio::test]
async fn a_stack_that_is_not_there_is_named() {
    let ssm = Ssm::start().await;
    let error = find(Some(&stack()), ssm.process()).await.err().unwrap().to_string();
    assert!(error.contains("/parley-test/operator") && error.contains("deployed"), "{error}");
    ssm.set("/parley-test/operator", "whsec_not_a_map");
    let error = find(Some(&stack()), ssm.process()).await.err().unwrap().to_string();
    assert_eq!(error, "/parley-test/operator is no operator's map");
}

#[tokio::test]
async fn who_is_not_signed_in_to_aws_is_told_how() {
    let process = Env::default().with("AWS_DEFAULT_REGION", "eu-central-1");
    let error = find(Some(&stack()), process).await.err().unwrap().to_string();
    assert!(error.contains("AWS_ACCESS_KEY_ID is missing"), "{error}");
    assert!(error.contains("aws configure export-credentials"), "{error}");
}
