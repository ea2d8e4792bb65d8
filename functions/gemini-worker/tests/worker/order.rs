//! A room is answered in the order in which it was asked, though a question was never queued.

use std::time::Duration;

use jiff::SignedDuration;
use local::{
    gemini::{Behaviour, Respond},
    testing::Lines,
};
use shared::{
    domain::{Caller, ChatroomId, Status},
    trace::Origin,
};

use crate::host::{Asked, Host};

/// More than the worker reads of a room at once.
const MANY: usize = 70;

/// A room with a question that was accepted and not queued, and one behind it that was.
async fn a_lost_one_and_a_later(host: &Host) -> (Caller, ChatroomId, [Asked; 2]) {
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let lost = host.accept(&ada, room, "lost").await;
    let later = host.ask(&ada, room, "later").await;
    (ada, room, [lost, later])
}

fn asked_of_the_model(host: &Host) -> Vec<String> {
    let last = |turns: Vec<&str>| (*turns.last().unwrap()).to_owned();
    host.model.requests().iter().map(|request| last(request.turns())).collect()
}

#[tokio::test]
async fn a_question_that_was_never_queued_is_answered_before_a_later_one_and_is_its_context() {
    let host = Host::start().await;
    host.model.on(Behaviour::new(Respond::text("found")).when("lost"));
    let (ada, room, [lost, later]) = a_lost_one_and_a_later(&host).await;
    let other_room = host.room(&ada).await;
    let elsewhere = host.accept(&ada, other_room, "elsewhere").await;

    let delivered = host.deliver().await;

    assert!(delivered.reported.is_empty(), "{delivered:?}");
    let first = host.reply(lost, Status::Answered).await;
    let second = host.reply(later, Status::Answered).await;
    assert!(first.id < second.id);
    let requests = host.model.requests();
    let turns: Vec<_> = requests.iter().map(|request| request.turns()).collect();
    assert_eq!(turns, [vec!["lost"], vec!["lost", "found", "later"]]);
    assert_eq!(host.messages(room).await.len(), 4);
    assert!(host.is_pending(elsewhere).await, "another room is none of its business");

    // The sweeper had listed it before.
    host.enqueue(lost).await;
    assert!(host.deliver().await.reported.is_empty());
    assert_eq!(host.model.requests().len(), 2);
    assert_eq!(host.usage(&ada, host.now()).await.unwrap().messages, 2);
}

#[tokio::test]
async fn a_later_question_waits_for_an_earlier_one_that_is_put_off() {
    let host = Host::start().await;
    host.model.on(Behaviour::new(Respond::status_after(503, "7s")).when("lost").times(1));
    let (_, _, [lost, later]) = a_lost_one_and_a_later(&host).await;

    let delivered = host.deliver().await;

    assert_eq!(delivered.reported, delivered.ids(&[later]));
    assert!(host.is_pending(lost).await && host.is_pending(later).await);
    host.clock.advance(SignedDuration::from_millis(6_999));
    assert!(host.queue.receive().await.is_empty(), "the wait of the one is that of the other");
    host.clock.advance(SignedDuration::from_millis(1));
    assert!(host.deliver().await.reported.is_empty());
    assert_eq!(asked_of_the_model(&host), ["lost", "lost", "later"]);
    host.reply(lost, Status::Answered).await;
    host.reply(later, Status::Answered).await;
}

#[tokio::test]
async fn vain_attempts_are_those_of_the_question_that_was_put_to_the_model() {
    let host = Host::start().await;
    host.model.on(Behaviour::new(Respond::status(503)));
    let (ada, _, [lost, later]) = a_lost_one_and_a_later(&host).await;
    for _ in 0..4 {
        assert_eq!(host.deliver().await.reported.len(), 1);
        host.clock.advance(SignedDuration::from_secs(8));
    }
    assert_eq!(host.deliver().await.reported.len(), 1, "the later one has four attempts left");
    host.reply(lost, Status::Failed).await;
    assert!(host.is_pending(later).await);
    assert_eq!(asked_of_the_model(&host).last().unwrap(), "later");
    assert_eq!(host.tally(&ada).await.used, 1);
    host.model.clear_behaviours();
    host.clock.advance(SignedDuration::from_secs(8));
    assert!(host.deliver().await.reported.is_empty());
    host.reply(later, Status::Answered).await;
}

#[tokio::test]
async fn what_the_invocation_has_no_time_for_waits_behind_an_earlier_one() {
    let host = Host::start().await;
    let (_, _, [lost, later]) = a_lost_one_and_a_later(&host).await;

    // A call of the model may take 100 s, and its reply has to be written afterwards.
    let delivered = host.deliver_within(Duration::from_secs(105)).await;

    assert_eq!(delivered.reported, delivered.ids(&[later]));
    host.reply(lost, Status::Answered).await;
    assert!(host.is_pending(later).await);
    assert!(host.deliver_within(Duration::from_secs(105)).await.reported.is_empty());
    host.reply(later, Status::Answered).await;
}

/// The worst case that docs/adr/0004 reckons with.
#[tokio::test]
async fn what_is_settled_before_a_job_does_not_make_a_dead_letter_of_it() {
    let host = Host::start().await;
    host.model.on(Behaviour::new(Respond::status(503)));
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let mut questions = Vec::new();
    for nth in 0..30 {
        questions.push(host.accept(&ada, room, &format!("lost {nth}")).await);
    }
    for nth in 0..10 {
        questions.push(host.ask(&ada, room, &format!("queued {nth}")).await);
    }

    while host.queue.len() > 0 {
        // Where a question is given up, the time of the invocation is up too.
        host.deliver_within(Duration::from_secs(105)).await;
        host.clock.advance(SignedDuration::from_secs(8));
    }

    assert!(host.queue.dead_letters().await.is_empty());
    assert_eq!(host.model.requests().len(), questions.len() * 5);
    for question in questions {
        host.reply(question, Status::Failed).await;
    }
}

#[tokio::test]
async fn all_that_were_never_queued_are_answered_from_the_first_however_many() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let mut expected: Vec<_> = (0..MANY).map(|nth| format!("lost {nth}")).collect();
    for text in &expected {
        host.accept(&ada, room, text).await;
    }
    expected.push("later".to_owned());
    host.ask(&ada, room, "later").await;

    assert!(host.deliver().await.reported.is_empty());

    assert_eq!(asked_of_the_model(&host), expected);
    assert!(host.pending().await.is_empty());
}

#[tokio::test]
async fn the_log_tells_whose_reply_it_was_and_nothing_of_a_request_that_was_not_its() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let lost = host.accept(&ada, room, "lost").await;
    let later = host.accept(&ada, room, "later").await;
    let origin = Origin { request_id: Some("JKJaXmPLvHcESHA=".to_owned()), trace: None };
    host.enqueue_from(later, &origin).await;
    let (lines, _guard) = Lines::begin(host.clock.clone());

    host.deliver().await;

    let told = lines.saying("replied");
    let ids: Vec<_> = told.iter().map(|line| line["message_id"].as_str().unwrap()).collect();
    assert_eq!(ids, [lost, later].map(|question| question.message_id.to_string()));
    assert_eq!(told[0]["user_id"], ada.user_id.to_string());
    assert_eq!(told[0].get("request_id"), None);
    assert_eq!(told[1]["request_id"], "JKJaXmPLvHcESHA=");
    let line = lines.only("an earlier question of the room waits: it comes first");
    assert_eq!(line["message_id"], later.message_id.to_string());
    assert_eq!(lines.counted()["RepliesAnswered"], 2);
}
