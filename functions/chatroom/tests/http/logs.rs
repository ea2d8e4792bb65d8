//! What the log tells of a request, and what is counted.

use local::testing::{self, Lines};
use serde_json::{Value, json};
use shared::{config::Env, queue::Envelope};

use crate::host::Host;

#[tokio::test]
async fn a_message_takes_its_request_and_its_trace_along_into_the_queue() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let mut event = testing::event("chatroom");
    let path = format!("/chatroom/{room}/message");
    event["rawPath"] = path.as_str().into();
    event["requestContext"]["http"]["path"] = path.as_str().into();
    event["headers"]["authorization"] = format!("Bearer {}", host.token(&ada)).into();
    event["headers"]["x-amzn-trace-id"] =
        "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1".into();
    let (lines, _guard) = Lines::begin(host.clock.clone());

    let accepted = testing::invoke(host.router.clone(), event.clone()).await;

    assert_eq!(accepted["statusCode"], 202, "{accepted}");
    let body: Value = serde_json::from_str(accepted["body"].as_str().unwrap()).unwrap();
    for message in ["accepted", "answered"] {
        let line = lines.only(message);
        assert_eq!(line["request_id"], event["requestContext"]["requestId"], "{line}");
        assert_eq!(line["trace_id"], "1-5759e988-bd862e3fe1be46a994272793", "{line}");
        assert_eq!(line["user_id"], ada.user_id.to_string(), "{line}");
        assert_eq!(line["chatroom_id"], room.to_string(), "{line}");
        assert_eq!(line["message_id"], body["id"], "{line}");
        assert_eq!(line["http.method"], "POST", "{line}");
        assert_eq!(line["http.route"], "/chatroom/{chatroom_id}/message", "{line}");
    }
    assert_eq!(lines.only("answered")["http.status"], 202);
    assert!(lines.only("answered")["duration_ms"].is_u64());

    let queued = host.queued().await;
    let envelope: Envelope = serde_json::from_str(queued[0].body().unwrap()).unwrap();
    assert_eq!(envelope.job.message_id.to_string(), body["id"]);
    assert_eq!(json!(envelope.request_id), event["requestContext"]["requestId"]);
    let attributes = queued[0].attributes.as_ref().unwrap();
    let trace = attributes.iter().find(|(name, _)| name.as_str() == "AWSTraceHeader").unwrap().1;
    assert_eq!(json!(trace), event["headers"]["x-amzn-trace-id"]);
}

#[tokio::test]
async fn a_trace_that_is_none_goes_nowhere() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let path = format!("/chatroom/{room}/message");
    let request = host.request(&ada, axum::http::Method::POST, &path, None);
    let request = request.header("x-amzn-trace-id", "Root=1;a=+14155550123");
    let body = json!({"content": "Hello"}).to_string();
    let (lines, _guard) = Lines::begin(host.clock.clone());
    crate::client::ask(&host.router, request.body(body.into()).unwrap()).await.is(202);
    assert_eq!(lines.only("accepted").get("trace_id"), None);
    assert!(!lines.text().contains("14155550123"));
    let queued = host.queued().await;
    let attributes = queued[0].attributes.as_ref().unwrap();
    assert!(attributes.keys().all(|name| name.as_str() != "AWSTraceHeader"), "{attributes:?}");
}

#[tokio::test]
async fn a_message_is_accepted_once_however_often_it_is_sent() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let (lines, _guard) = Lines::begin(host.clock.clone());
    for _ in 0..3 {
        host.send_once(&ada, room, "a key", "Hello").await.is(202);
    }
    lines.assert_counted(&[("MessagesAccepted", 1)]);
    assert_eq!(lines.saying("answered").len(), 3);
    host.send_once(&ada, room, "a key", "Something else")
        .await
        .is_problem(422, "idempotency_key_reused");
    lines.assert_counted(&[("MessagesAccepted", 1)]);
}

#[tokio::test]
async fn a_message_that_is_left_to_the_sweeper_is_accepted_too() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let instance = host.instance_with("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:1").await;
    let (lines, _guard) = Lines::begin(host.clock.clone());
    let answer = host.send_by(&instance, &ada, room, "Anybody there?").await;
    let line = lines.only("accepted, left to the sweeper to queue");
    assert_eq!((&line["message_id"], &line["level"]), (&json!(answer.id()), &json!("WARN")));
    lines.assert_counted(&[("MessagesAccepted", 1)]);
}

#[tokio::test]
async fn what_the_quota_denies_is_counted_and_not_accepted() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let (lines, _guard) = Lines::begin(host.clock.clone());
    for _ in 0..5 {
        host.send(&ada, room, "One more").await.is(202);
    }
    for _ in 0..2 {
        host.send(&ada, room, "One too many").await.is_problem(429, "quota_exceeded");
    }
    lines.assert_counted(&[("MessagesAccepted", 5), ("QuotaDenials", 2)]);
    let refused = &lines.saying("refused")[0];
    assert_eq!(refused["user_id"], ada.user_id.to_string());
    assert_eq!(refused["problem.code"], "quota_exceeded");
    assert!(refused["duration_ms"].is_u64());
}

#[tokio::test]
async fn without_a_cache_nothing_is_counted_of_it() {
    let host = Host::start().await;
    let ada = host.user().await;
    let (lines, _guard) = Lines::begin(host.clock.clone());
    host.get(&ada, "/chatroom").await.is(200);
    lines.assert_counted(&[]);
    assert_eq!(lines.only("answered")["http.route"], "/chatroom");
}

#[tokio::test]
async fn what_the_cache_does_is_counted() {
    let Some((_valkey, url)) = testing::valkey().await else { return };
    let env = Env::default().with("VALKEY_URL", url).with("BASIC_REQUESTS_PER_MINUTE", "2");
    let host = Host::start_with(env).await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let (lines, _guard) = Lines::begin(host.clock.clone());
    for _ in 0..3 {
        host.get(&ada, "/chatroom").await.is(200);
    }
    lines.assert_counted(&[("CacheHits", 2), ("CacheMisses", 1)]);

    let (lines, _guard) = Lines::begin(host.clock.clone());
    for _ in 0..2 {
        host.send(&ada, room, "Quick").await.is(202);
    }
    host.send(&ada, room, "Too quick").await.is_problem(429, "rate_limited");
    lines.assert_counted(&[("MessagesAccepted", 2), ("RateDenials", 1)]);
}

#[tokio::test]
async fn a_path_that_nobody_serves_is_not_repeated() {
    let host = Host::start().await;
    let ada = host.user().await;
    let (lines, _guard) = Lines::begin(host.clock.clone());
    host.get(&ada, "/call/+14155550123?or=ada@example.org").await.is_problem(404, "not_found");
    assert_eq!(lines.only("refused")["http.route"], "none");
    assert!(!lines.text().contains("14155550123") && !lines.text().contains("example.org"));
}
