//! One message, followed through the log by its id; and what is counted on its way.

use std::collections::BTreeMap;

use local::testing::declared;
use serde_json::Value;
use tests::{PATIENCE, Parley, cache_is_expected, eventually, rehearsal};

const TRACE: &str = "1-5759e988-bd862e3fe1be46a994272793";

/// A Parley that logs as the functions do in AWS.
async fn parley() -> Option<Parley> {
    let builder = Parley::builder().env("LOG_FORMAT", "json");
    builder.env("METRICS_NAMESPACE", "Parley/test").start().await
}

/// The log so far. The greeting is for people.
fn lines(parley: &Parley) -> Vec<Value> {
    let logs = parley.logs();
    let lines = logs.lines().filter(|line| line.starts_with('{'));
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The lines about a message, once one of them says `last`.
async fn about(parley: &Parley, message: &str, last: &str) -> Vec<Value> {
    eventually("the message is in the log", PATIENCE, async || {
        let mut lines = lines(parley);
        lines.retain(|line| line["message_id"] == message);
        lines.iter().any(|line| line["message"] == last).then_some(lines)
    })
    .await
}

/// What all these lines count.
fn counted(lines: &[Value]) -> BTreeMap<String, i64> {
    let mut counted = BTreeMap::new();
    for (name, value) in lines.iter().flat_map(declared) {
        *counted.entry(name).or_default() += value;
    }
    counted
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_followed_from_its_request_to_its_reply_by_its_id() {
    let Some(parley) = parley().await else { return };
    let user = parley.user().await;
    let room = user.create_room("Physics").await;
    let header = format!("Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1");
    let sent = user.sending(&room, "Why is the sky blue?").header("x-amzn-trace-id", header).await;
    let sent = sent.expect(202);
    let request_id = sent.header("x-request-id");
    let id = sent.json()["id"].as_str().unwrap().to_owned();
    let user_id = user.get("/user/me").await.expect(200).json()["id"].clone();
    user.wait_for_reply(&room, &id).await;

    let lines: Vec<_> = about(&parley, &id, "replied")
        .await
        .into_iter()
        .filter(|line| line["http.method"] != "GET")
        .collect();

    let said: Vec<_> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
    for message in ["accepted", "answered", "replied"] {
        assert_eq!(said.iter().filter(|said| **said == message).count(), 1, "{said:?}");
    }
    // Where Lambda traces, the trace is Lambda's.
    let trace = lines[0]["trace_id"].clone();
    assert!(if rehearsal::is_on() { trace.is_string() } else { trace == TRACE }, "{trace}");
    for line in &lines {
        assert_eq!(line["request_id"], request_id, "{line}");
        assert_eq!(line["trace_id"], trace, "{line}");
        assert_eq!(line["user_id"], user_id, "{line}");
        assert_eq!(line["chatroom_id"], room, "{line}");
    }
    let counted = counted(&lines);
    assert_eq!(counted["MessagesAccepted"], 1);
    assert_eq!(counted["RepliesAnswered"], 1);
    assert!(counted["InputTokens"] > 0 && counted["OutputTokens"] > 0, "{counted:?}");
    assert!((0..60_000).contains(&counted["ReplyLatency"]), "{counted:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_counted_once() {
    let Some(parley) = parley().await else { return };
    let user = parley.user().await;
    let room = user.create_room("Physics").await;
    for _ in 0..3 {
        user.sending(&room, "Once?").key("the same").await.is(202);
    }
    for _ in 0..4 {
        user.send(&room, "One more").await.is(202);
    }
    user.send(&room, "One too many").await.is(429);
    parley.assert_drained(&[&user]).await;
    let counted = eventually("all is counted", PATIENCE, async || {
        let counted = counted(&lines(&parley));
        (counted.get("RepliesAnswered") == Some(&5)).then_some(counted)
    })
    .await;
    assert_eq!((counted["MessagesAccepted"], counted["QuotaDenials"]), (5, 1), "{counted:?}");
    assert_eq!(counted["OtpSent"], 1, "{counted:?}");
    // Where the sweeper runs at the start; elsewhere it may take a minute.
    if !rehearsal::is_on() {
        assert_eq!(counted["OldestPending"], 0, "{counted:?}");
    }
    assert_eq!(counted.contains_key("CacheMisses"), cache_is_expected(), "{counted:?}");
}
