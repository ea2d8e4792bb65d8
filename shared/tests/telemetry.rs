//! The lines of the log, as CloudWatch reads them.

#![expect(clippy::unwrap_used, reason = "a helper that can't go on fails its test")]

use std::sync::Arc;

use local::testing::{Lines, ManualClock, NAMESPACE, declared};
use serde_json::{Value, json};
use shared::config::Env;
use tracing::{field::Empty, info_span};

const NOW: &str = "2026-11-21T10:00:00.250Z";

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(NOW.parse().unwrap()))
}

/// What `log` prints in the environment `env`.
fn printed(env: Env, log: impl FnOnce()) -> Vec<Value> {
    let (lines, guard) = Lines::begin_with(env, clock());
    log();
    drop(guard);
    lines.all()
}

fn with_metrics() -> Env {
    Env::default().with("METRICS_NAMESPACE", NAMESPACE)
}

#[test]
fn a_line_is_flat_and_has_the_fields_of_all_spans_around_it() {
    let lines = printed(Env::default(), || {
        let runtime = info_span!("invoke", requestId = "4b17", attempt = 1).entered();
        let request = info_span!("request", request_id = "JKJa", user_id = Empty).entered();
        request.record("user_id", "nobody yet");
        request.record("user_id", "01KAHBJ4M2WQ8V1C0T3X5Y7Z9A");
        tracing::info!(http.status = 202, attempt = 2, slow = false, "answered");
        drop((request, runtime));
    });
    let expected = json!({
        "timestamp": NOW, "level": "INFO", "message": "answered", "target": "telemetry",
        "requestId": "4b17", "request_id": "JKJa", "user_id": "01KAHBJ4M2WQ8V1C0T3X5Y7Z9A",
        // Numbers stay numbers, and the nearest of two fields of one name counts.
        "http.status": 202, "attempt": 2, "slow": false,
    });
    assert_eq!(lines, [expected]);
}

#[test]
fn a_line_that_counts_declares_its_metrics() {
    let lines = printed(with_metrics(), || {
        tracing::info!(RepliesAnswered = 1, ReplyLatency = 1_834_u64, attempts = 2, "replied");
        tracing::info!(attempts = 2, "nothing is counted here");
    });
    let [counts, counts_nothing] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(
        declared(counts),
        [("RepliesAnswered".to_owned(), 1), ("ReplyLatency".to_owned(), 1_834)]
    );
    let metadata = &counts["_aws"];
    // 2026-11-21T10:00:00.250Z
    assert_eq!(metadata["Timestamp"], 1_795_255_200_250_u64);
    let directive = &metadata["CloudWatchMetrics"][0];
    assert_eq!(directive["Namespace"], NAMESPACE);
    assert_eq!(directive["Metrics"][0], json!({"Name": "RepliesAnswered", "Unit": "Count"}));
    assert_eq!(directive["Metrics"][1], json!({"Name": "ReplyLatency", "Unit": "Milliseconds"}));
    assert_eq!(counts_nothing.get("_aws"), None);
}

#[test]
fn without_a_namespace_nothing_is_declared() {
    let lines = printed(Env::default(), || tracing::info!(MessagesAccepted = 1, "accepted"));
    assert_eq!((&lines[0]["MessagesAccepted"], lines[0].get("_aws")), (&json!(1), None));
}

#[test]
fn a_metric_that_is_left_out_is_not_declared() {
    let lines = printed(with_metrics(), || {
        let none: Option<u64> = None;
        tracing::info!(OldestPending = none, "swept");
        tracing::info!(OldestPending = Some(0_u64), "swept");
        // What is counted in a span would be counted by every line within it.
        let span = info_span!("batch", MessagesAccepted = 1).entered();
        tracing::info!("begun");
        drop(span);
    });
    let counted: Vec<_> = lines.iter().map(declared).collect();
    assert_eq!(counted, [vec![], vec![("OldestPending".to_owned(), 0)], vec![]]);
}

#[test]
fn at_a_higher_level_lines_keep_their_ids_and_metrics_are_counted_all_the_same() {
    let log = || {
        let request = info_span!("request", request_id = "JKJa").entered();
        tracing::info!(MessagesAccepted = 1, "accepted");
        tracing::info!("answered");
        tracing::warn!("slow");
        drop(request);
    };
    let messages = |lines: &[Value]| {
        let messages = lines.iter().map(|line| line["message"].as_str().unwrap().to_owned());
        messages.collect::<Vec<_>>()
    };
    let lines = printed(with_metrics().with("LOG_LEVEL", "warn"), log);
    assert_eq!(messages(&lines), ["accepted", "slow"]);
    assert_eq!(lines[1]["request_id"], "JKJa");
    let lines = printed(Env::default().with("LOG_LEVEL", "warn"), log);
    assert_eq!(messages(&lines), ["slow"]);
}

#[test]
fn what_holds_bodies_is_printed_at_no_level() {
    for level in ["debug", "trace", "nonsense"] {
        let lines = printed(with_metrics().with("LOG_LEVEL", level), || {
            tracing::debug!(MessagesAccepted = 1, body = "secret", "sent");
            tracing::info!("fine");
        });
        assert_eq!(lines.len(), 1, "{level}: {lines:?}");
    }
}
