//! The built binary: arguments, exit codes, and what is printed where.

use std::process::Stdio;

use serde_json::{Value, json};
use shared::aws::Aws;
use tokio::process::Command;

use crate::{
    ssm::{AWS_SECRET, Ssm},
    world::{STRIPE_KEY, WEBHOOK_SECRET, World},
};

/// What a run of the binary came to.
pub(crate) struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Run {
    #[track_caller]
    pub(crate) fn assert(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.err);
        for secret in [STRIPE_KEY, WEBHOOK_SECRET, AWS_SECRET, "PRIVATE KEY", "panicked"] {
            assert!(!self.out.contains(secret) && !self.err.contains(secret), "{secret}");
        }
        self
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap()
    }
}

pub(crate) async fn parley(env: &[(&str, String)], arguments: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_parley"))
        .args(arguments)
        .env_clear()
        .envs(env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// The environment of somebody who works on this `local`.
fn beside(world: &World) -> Vec<(&'static str, String)> {
    vec![("PARLEY_DATA", world.folder.path().display().to_string())]
}

#[tokio::test]
async fn a_wrong_use_ends_with_2_and_says_what_is_right() {
    for (arguments, expected) in [
        (&["keys"][..], "--out <FOLDER>|--put|--print"),
        (&["keys", "--put"], "--put needs --stack"),
        (&["keys", "--rotate"], "--put"),
        (&["keys", "--activate", "--print"], "cannot be used with"),
        (&["keys", "--put", "--rotate", "--activate"], "cannot be used with"),
        (&["keys", "--put", "--print"], "cannot be used with"),
        (&["redrive", "--max", "0"], "0 is not in"),
        (&["grant", "somebody"], "neither a user's id nor a number"),
        (&["grant", "+14155550123", "king"], "operator"),
        (&["replay", "evt/../1"], "not an id"),
        (&["--stack", "a/b", "sweep"], "not the name of a stack"),
        (&["dance"], "unrecognized subcommand"),
    ] {
        let run = parley(&[], arguments).await;
        run.assert(2);
        assert!(run.err.contains(expected) && run.out.is_empty(), "{arguments:?}: {}", run.err);
    }
}

#[tokio::test]
async fn a_failure_ends_with_1_and_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let env = [("PARLEY_DATA", folder.path().display().to_string())];
    for command in [
        &["status"][..],
        &["sweep"],
        &["redrive"],
        &["replay", "evt_1"],
        &["revoke", "+14155550123"],
    ] {
        let run = parley(&env, &[command, &["--json"]].concat()).await;
        run.assert(1);
        assert!(run.out.is_empty());
        assert!(run.err.starts_with("parley: no `local` runs on "), "{}", run.err);
        assert_eq!(run.err.lines().count(), 1, "{}", run.err);
    }
}

#[tokio::test]
async fn private_keys_are_printed_only_if_they_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys").display().to_string();
    let run = parley(&[], &["keys", "--out", &keys]).await;
    run.assert(0);
    assert!(run.out.contains("jwt-private-key.pem"), "{}", run.out);
    parley(&[], &["keys", "--out", &keys]).await.assert(1);

    let printed = parley(&[], &["keys", "--print", "--json"]).await;
    assert_eq!(printed.code, Some(0));
    let private = printed.json()["jwt_private_key"].take();
    let public = auth::public_keys_of(private.as_str().unwrap()).unwrap();
    assert_eq!(printed.json()["jwt_public_keys"], public);
}

#[tokio::test]
async fn dead_letters_are_listed_moved_and_answered() {
    let world = World::start().await;
    let (env, person) = (world.env().await, world.person().await);
    let (room, message) = world.pending(&person).await;
    let job = json!({ "user_id": person.id, "chatroom_id": room, "message_id": message });
    let sqs = aws_sdk_sqs::Client::new(&Aws::from_env(&env).unwrap().config("SQS"));
    let send = sqs.send_message().queue_url(env.get("DEAD_LETTER_QUEUE_URL").unwrap());
    let send = send.message_group_id(room.to_string()).message_deduplication_id("1");
    send.message_body(job.to_string()).send().await.unwrap();

    let listed = parley(&beside(&world), &["redrive", "--dry-run", "--json"]).await;
    listed.assert(0);
    assert_eq!(listed.json()["letters"][0]["message_id"], message.to_string());
    assert_eq!(listed.json()["left"], 1);

    let degraded = parley(&beside(&world), &["status"]).await;
    assert!(degraded.assert(1).out.starts_with("degraded\n"), "{}", degraded.out);

    let moved = parley(&beside(&world), &["redrive"]).await;
    moved.assert(0);
    assert_eq!(moved.out, "1 moved, about 0 left\n");
    assert_eq!(moved.err, "about 1 in the dead-letter queue\n1 moved\n");
    world.until_answered(&person, room, message).await;
}

#[tokio::test]
async fn every_command_on_a_running_local_prints_one_document() {
    let world = World::start().await;
    let person = world.person().await;
    let events = world.buy_pro(&person).await;
    let env = beside(&world);

    let number = person.number.as_str();
    let granted = parley(&env, &["grant", number, "operator", "--json"]).await;
    let expected = json!({ "user_id": person.id, "role": "operator", "changed": true });
    assert_eq!(granted.assert(0).json(), expected);
    assert!(!granted.err.contains(number), "{}", granted.err);
    let revoked = parley(&env, &["--json", "revoke", &person.id.to_string()]).await;
    assert_eq!(revoked.assert(0).json()["role"], Value::Null);

    let status = parley(&env, &["status", "--json"]).await;
    assert_eq!(status.assert(0).json()["status"], "ok");
    let replayed = parley(&env, &["replay", &events[0].id, "--json"]).await;
    assert_eq!(replayed.assert(0).json()["status"], 200);
    let swept = parley(&env, &["sweep", "--json"]).await;
    assert_eq!(swept.assert(0).json()["failed_steps"], 0);
    assert_eq!(swept.err, "sweeping, for 45 seconds at most\n");
}

#[tokio::test]
async fn a_stack_is_reached_by_its_name() {
    let world = World::start().await;
    let ssm = Ssm::start().await;
    ssm.hold_map_of(&world);

    let env = ssm.variables();
    let swept = parley(&env, &["--stack", "parley-test", "sweep"]).await;
    swept.assert(0);
    let event = world.stripe.emit("price.created", json!({ "id": "price_1", "object": "price" }));
    let replayed = parley(&env, &["replay", "--stack", "parley-test", &event.id]).await;
    replayed.assert(0);
    assert!(replayed.out.contains("its type leads to nothing (HTTP 200"), "{}", replayed.out);

    let stored = parley(&env, &["keys", "--put", "--stack", "parley-test"]).await;
    stored.assert(0);
    assert!(stored.out.starts_with("written  /parley-test/jwt-private-key\n"), "{}", stored.out);
}
