//! Forged log lines: a request is one line, whatever it says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tests::{PATIENCE, Parley, eventually, random_number};

const FORGED: &str = "forged-by-a-client";

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_one_line_in_the_log_whatever_it_says() {
    let builder = Parley::builder().env("LOG_FORMAT", "json");
    let Some(parley) = builder.start().await else { return };
    let user = parley.user().await;
    let room = user.create_room("Mine").await;
    let line = format!("\n{{\"level\":\"ERROR\",\"message\":\"{FORGED}\"}}\n");
    let shown = format!("{FORGED}\u{2028}\u{2029}\u{202e}{{\"message\":\"answered\"}}\\n");
    let escaped = line.replace('\n', "%0A").replace('"', "%22").replace(['{', '}'], "%7B");
    let hostile = |request: tests::Request| {
        request
            .header("user-agent", FORGED)
            .header("referer", FORGED)
            .header("x-request-id", FORGED)
            .header("x-amzn-trace-id", format!("Root={FORGED}"))
            .header("x-forwarded-for", FORGED)
            .key(FORGED)
    };
    let requests = [
        user.patch("/user/me").json(&json!({"full_name": shown})),
        user.patch("/user/me").json(&json!({"full_name": line, "email": line})),
        user.post("/chatroom").json(&json!({"name": shown})),
        user.post("/chatroom").json(&json!({"name": line})),
        user.patch(&format!("/chatroom/{room}")).json(&json!({"system_instruction": line})),
        user.sending(&room, &line),
        user.get(&format!("/chatroom/{escaped}")),
        user.get(&format!("/chatroom/{room}/messages?before={escaped}")),
        user.get(&format!("/chatroom?{escaped}={escaped}")),
        user.post("/chatroom").body("application/json", line.clone()),
        user.post("/chatroom").body(FORGED, "{}"),
        user.request(FORGED.to_uppercase().parse().unwrap(), "/chatroom"),
        parley.get("/user/me").token(FORGED),
        parley.post("/auth/refresh").json(&json!({"refresh_token": line})),
        parley
            .post("/auth/signup")
            .json(&json!({"mobile_number": random_number(), "full_name": shown})),
        parley.post("/auth/send-otp").json(&json!({"mobile_number": line})),
        parley.post("/webhook/stripe").header("stripe-signature", FORGED).body("x", line.clone()),
    ];
    // A gateway knows no such method, and answers to it by itself.
    let logged = requests.len() - usize::from(parley.is_behind_a_gateway().await);
    let mut ids = BTreeSet::new();
    for request in requests {
        let answer = hostile(request).await;
        assert!(answer.status() < 500, "{answer}");
        ids.extend(answer.try_header("x-request-id"));
    }
    assert_eq!(ids.len(), logged, "each has an id of its own: {ids:?}");
    assert!(!ids.contains(FORGED), "an id of the client's");

    let lines = eventually("every request is in the log", PATIENCE, async || {
        let logs = parley.logs();
        ids.iter().all(|id| logs.contains(id.as_str())).then_some(logs)
    })
    .await;
    let mut ended: BTreeMap<String, usize> = BTreeMap::new();
    for line in lines.lines().filter(|line| line.trim_start().starts_with('{')) {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("cut off: {line}"));
        if ["answered", "refused", "failed"].map(Value::from).contains(&line["message"]) {
            *ended.entry(line["request_id"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    for id in &ids {
        assert_eq!(ended.get(id), Some(&1), "{id} in\n{lines}");
    }
    // The method is a token of HTTP (RFC 9110, section 9.1), so it may be shown; nothing else is.
    let forged = lines.lines().find(|line| line.contains(FORGED));
    assert_eq!(forged, None);
}
