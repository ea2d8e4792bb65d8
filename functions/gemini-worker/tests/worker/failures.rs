//! No answer: tried again within bounds, or told clearly, with the unit of the quota given back.

use jiff::{SignedDuration, Timestamp};
use local::gemini::{Behaviour, ERROR_MESSAGE, Respond};
use shared::domain::{Message, Side, Status, clock};

use crate::host::{Asked, Host};

/// The reply that says that there is no answer.
async fn apology(host: &Host, question: Asked) -> Message {
    let reply = host.reply(question, Status::Failed).await;
    assert!(matches!(reply.side, Side::Reply { failed: true, .. }), "{reply:?}");
    assert!(reply.content.split_whitespace().count() > 5, "{}", reply.content);
    assert!(!reply.content.contains(ERROR_MESSAGE));
    reply
}

#[tokio::test]
async fn a_final_failure_is_told_and_costs_nothing() {
    for fault in [Respond::status(400), Respond::Block, Respond::NoCandidates] {
        let host = Host::start().await;
        host.model.on(Behaviour::new(fault).when("impossible"));
        let ada = host.user().await;
        let room = host.room(&ada).await;
        host.ask(&ada, room, "possible").await;
        let question = host.ask(&ada, room, "impossible").await;
        let next = host.ask(&ada, room, "possible again").await;
        assert_eq!(host.tally(&ada).await.used, 3);

        let delivered = host.deliver().await;

        assert!(delivered.reported.is_empty(), "it is settled: {delivered:?}");
        apology(&host, question).await;
        host.reply(next, Status::Answered).await;
        assert!(host.pending().await.is_empty());
        assert_eq!(host.tally(&ada).await.used, 2);
        let day = host.usage(&ada, host.now()).await.unwrap();
        assert_eq!((day.messages, day.failures), (2, 1));
        assert_eq!(host.model.requests().len(), 3, "a final failure is not tried again");
    }
}

#[tokio::test]
async fn what_a_refusal_cost_is_counted() {
    let host = Host::start().await;
    host.model.on(Behaviour::new(Respond::Block));
    let ada = host.user().await;
    let room = host.room(&ada).await;
    host.ask(&ada, room, &"x".repeat(400)).await;
    host.deliver().await;
    let day = host.usage(&ada, host.now()).await.unwrap();
    assert_eq!((day.input_tokens, day.output_tokens), (100, 0));
}

#[tokio::test]
async fn a_failure_that_is_delivered_again_gives_one_unit_back() {
    let host = Host::start().await;
    host.model.on(Behaviour::new(Respond::Block).when("impossible"));
    let ada = host.user().await;
    let room = host.room(&ada).await;
    host.accept(&ada, room, "possible").await;
    let question = host.ask(&ada, room, "impossible").await;
    let records = host.queue.receive().await;
    let (one, other) = tokio::join!(host.handle_records(&records), host.handle_records(&records));
    let third = host.handle_records(&records).await;
    assert!(one.is_empty() && other.is_empty() && third.is_empty());
    apology(&host, question).await;
    assert_eq!(host.tally(&ada).await.used, 1);
    assert_eq!(host.usage(&ada, host.now()).await.unwrap().failures, 1);
}

#[tokio::test]
async fn a_failure_after_midnight_leaves_the_new_days_count_alone() {
    let host = Host::start().await;
    host.model.on(Behaviour::new(Respond::status(400)).when("late"));
    let evening: Timestamp = "2026-11-21T23:59:59.900Z".parse().unwrap();
    let morning: Timestamp = "2026-11-22T00:00:10Z".parse().unwrap();
    host.clock.set(evening);
    let ada = host.user().await;
    let [room, other_room] = [host.room(&ada).await, host.room(&ada).await];
    let late = host.ask(&ada, room, "late").await;
    host.clock.set(morning);
    for text in ["new day", "and again"] {
        host.accept(&ada, other_room, text).await;
    }

    let delivered = host.deliver().await;

    assert!(delivered.reported.is_empty());
    apology(&host, late).await;
    let tally = host.tally(&ada).await;
    assert_eq!((tally.day, tally.used), (clock::day(morning), 2));
    // The failure itself is yesterday's.
    assert_eq!(host.usage(&ada, evening).await.unwrap().failures, 1);
    assert_eq!(host.usage(&ada, morning).await, None);
}

#[tokio::test]
async fn the_fifth_vain_attempt_is_the_last_and_the_waits_before_it_grow() {
    let host = Host::start().await;
    host.model.on(Behaviour::new(Respond::status(503)));
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let question = host.ask(&ada, room, "Still there?").await;

    for longest in [1_000, 2_000, 4_000, 8_000] {
        let delivered = host.deliver().await;
        assert_eq!(delivered.reported, delivered.ids(&[question]));
        assert!(host.is_pending(question).await);
        let half = SignedDuration::from_millis(longest / 2);
        host.clock.advance(half - SignedDuration::from_millis(1));
        assert!(host.queue.receive().await.is_empty(), "before half of {longest} ms");
        host.clock.advance(half + SignedDuration::from_millis(1));
    }
    let last = host.deliver().await;

    assert_eq!(last.records.len(), 1);
    assert!(last.reported.is_empty());
    apology(&host, question).await;
    assert_eq!(host.model.requests().len(), 5);
    assert_eq!(host.tally(&ada).await.used, 0);
    assert_eq!(host.usage(&ada, host.now()).await.unwrap().failures, 1);
    assert_eq!(host.queue.len(), 0);
}

#[tokio::test]
async fn nobody_is_kept_waiting_for_more_than_five_minutes() {
    let host = Host::start().await;
    host.model.on(Behaviour::new(Respond::status(503)));
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let question = host.ask(&ada, room, "Still there?").await;
    assert_eq!(host.deliver().await.reported.len(), 1);
    host.clock.advance(SignedDuration::from_secs(301));
    assert!(host.deliver().await.reported.is_empty());
    apology(&host, question).await;
}

#[tokio::test]
async fn the_wait_that_the_model_asks_for_is_kept() {
    let host = Host::start().await;
    host.model.on(Behaviour::new(Respond::status_after(429, "38.2s")).times(1));
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let question = host.ask(&ada, room, "Now?").await;
    assert_eq!(host.deliver().await.reported.len(), 1);

    host.clock.advance(SignedDuration::from_millis(38_200));
    assert!(host.queue.receive().await.is_empty(), "SQS knows whole seconds: rounded up");
    host.clock.advance(SignedDuration::from_millis(800));
    assert!(host.deliver().await.reported.is_empty());
    host.reply(question, Status::Answered).await;
    assert_eq!(host.model.requests().len(), 2);
}

#[tokio::test]
async fn an_answer_after_failures_is_as_good_as_any() {
    let host = Host::start().await;
    host.model.on(Behaviour::new(Respond::Cut).times(4));
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let question = host.ask(&ada, room, "At last?").await;
    for _ in 0..4 {
        assert_eq!(host.deliver().await.reported.len(), 1);
        host.clock.advance(SignedDuration::from_secs(8));
    }
    assert!(host.deliver().await.reported.is_empty());
    host.reply(question, Status::Answered).await;
    let day = host.usage(&ada, host.now()).await.unwrap();
    assert_eq!((day.messages, day.failures), (1, 0));
    assert_eq!(host.tally(&ada).await.used, 1);
}
