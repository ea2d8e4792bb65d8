//! What the log tells of a message on its way, and what is counted.

use jiff::SignedDuration;
use local::{
    gemini::{Behaviour, Respond},
    testing::Lines,
};
use serde_json::{Value, json};
use shared::{domain::Status, trace::Origin};

use crate::host::{Asked, Host};

fn assert_is_about(line: &Value, question: Asked) {
    assert_eq!(line["user_id"], question.user_id.to_string(), "{line}");
    assert_eq!(line["chatroom_id"], question.chatroom_id.to_string(), "{line}");
    assert_eq!(line["message_id"], question.message_id.to_string(), "{line}");
}

#[tokio::test]
async fn the_reply_is_told_under_the_ids_of_the_request_and_counted_with_what_it_took() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let question = host.accept(&ada, room, &"x".repeat(400)).await;
    let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    let origin = Origin {
        request_id: Some("JKJaXmPLvHcESHA=".to_owned()),
        trace: Some(header.parse().unwrap()),
    };
    host.enqueue_from(question, &origin).await;
    // One millisecond has passed since it was accepted.
    host.clock.advance(SignedDuration::from_millis(1_833));
    let (lines, _guard) = Lines::begin(host.clock.clone());

    host.deliver().await;

    host.reply(question, Status::Answered).await;
    let line = lines.only("replied");
    assert_is_about(&line, question);
    assert_eq!(line["request_id"], "JKJaXmPLvHcESHA=");
    assert_eq!(line["trace_id"], "1-5759e988-bd862e3fe1be46a994272793");
    let usage = host.usage(&ada, host.now()).await.unwrap();
    assert_eq!(usage.input_tokens, 100);
    let [input, output] =
        [usage.input_tokens, usage.output_tokens].map(|n| i64::try_from(n).unwrap());
    lines.assert_counted(&[
        ("RepliesAnswered", 1),
        ("ReplyLatency", 1_834),
        ("InputTokens", input),
        ("OutputTokens", output),
    ]);
}

#[tokio::test]
async fn a_reply_is_counted_once_however_often_its_message_is_delivered() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let question = host.ask(&ada, room, "Once?").await;
    let records = host.queue.receive().await;
    let (lines, _guard) = Lines::begin(host.clock.clone());
    tokio::join!(host.handle_records(&records), host.handle_records(&records));
    host.handle_records(&records).await;
    host.reply(question, Status::Answered).await;
    assert_eq!(lines.counted()["RepliesAnswered"], 1, "{}", lines.text());
    assert_is_about(&lines.only("settled before: delivered once more"), question);
    // Nobody knows of a request: the sweeper queued it, or an older version.
    assert_eq!(lines.only("replied").get("request_id"), None);
}

#[tokio::test]
async fn a_failure_is_counted_with_what_it_cost_and_once() {
    let host = Host::start().await;
    host.model.on(Behaviour::new(Respond::Block));
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let question = host.ask(&ada, room, &"x".repeat(400)).await;
    let records = host.queue.receive().await;
    let (lines, _guard) = Lines::begin(host.clock.clone());
    tokio::join!(host.handle_records(&records), host.handle_records(&records));
    let line = lines.only("failed");
    assert_is_about(&line, question);
    assert_eq!(line["level"], "WARN");
    lines.assert_counted(&[("RepliesFailed", 1), ("InputTokens", 100), ("OutputTokens", 0)]);
}

#[tokio::test]
async fn a_model_that_is_gone_is_an_alarm() {
    let host = Host::start().await;
    host.model.on(Behaviour::new(Respond::status(404)));
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let question = host.ask(&ada, room, "Anybody?").await;
    let (lines, _guard) = Lines::begin(host.clock.clone());
    host.deliver().await;
    let line = lines.only("failed: an operator has to look at this");
    assert_is_about(&line, question);
    assert_eq!(line["level"], "ERROR");
    let counted = lines.counted();
    assert_eq!((counted["ModelRefusals"], counted["RepliesFailed"]), (1, 1));
}

#[tokio::test]
async fn what_is_put_off_is_counted_and_told_with_its_wait_as_a_number() {
    let host = Host::start().await;
    host.model.on(Behaviour::new(Respond::status(503)));
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let question = host.ask(&ada, room, "Busy?").await;
    let (lines, _guard) = Lines::begin(host.clock.clone());
    host.deliver().await;
    lines.assert_counted(&[("ReplyRetries", 1)]);
    let line = lines.only("put off");
    assert_is_about(&line, question);
    assert!(line["wait_ms"].is_u64(), "{line}");
    let line = lines.only("no answer from Gemini");
    assert_is_about(&line, question);
    assert!(line["duration_ms"].is_u64(), "{line}");
}

#[tokio::test]
async fn a_store_that_fails_puts_off_and_counts_that() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let question = host.ask(&ada, room, "Anybody?").await;
    let env = host.env.clone().with("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1");
    let broken = gemini_worker::Worker::from_env(&env, host.clock.clone()).await.unwrap();
    let records = host.queue.receive().await;
    let (lines, _guard) = Lines::begin(host.clock.clone());
    let event = crate::queue::event(records);
    host.handle(&broken, event, std::time::Duration::from_mins(2)).await;
    assert_is_about(&lines.only("put off: the store failed"), question);
    lines.assert_counted(&[("ReplyRetries", 1)]);
}

#[tokio::test]
async fn a_job_that_can_not_be_read_is_told_by_the_id_that_the_queue_gave_it() {
    let host = Host::start().await;
    host.queue.send("room", "poison", r#"{"user_id":"nobody"}"#).await;
    let records = host.queue.receive().await;
    let (lines, _guard) = Lines::begin(host.clock.clone());
    host.handle_records(&records).await;
    let line = lines.only("a job that can't be read");
    assert_eq!(line["sqs.message_id"], json!(records[0].message_id));
    assert!(!lines.text().contains("nobody"), "what it holds is nobody's business");
}
