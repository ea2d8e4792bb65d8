//! `Idempotency-Key`: a request that is sent again does its work once.

use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::json;

use crate::{answer::Answer, host::Host};

#[track_caller]
fn assert_same(one: &Answer, other: &Answer) {
    assert_eq!(one.status, other.status);
    assert_eq!(one.body, other.body);
    assert_eq!(one.header("location"), other.header("location"));
    assert_eq!(one.header("content-type"), other.header("content-type"));
}

#[tokio::test]
async fn the_same_key_and_body_give_the_first_answer_and_cost_one_unit() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let first = host.send_once(&ada, room, "a key", "Only once").await;
    assert_eq!(first.is(202).daily().unwrap().0, 4);
    let path = format!("/chatroom/{room}/messages/{}", first.id());
    assert_eq!(first.header("location"), path);
    for _ in 0..3 {
        host.after(SignedDuration::from_secs(1));
        let again = host.send_once(&ada, room, "a key", "Only once").await;
        assert_same(&first, &again);
        assert_eq!(again.daily().unwrap().0, 4, "nothing was used");
    }
    assert_eq!(host.messages(room).await.len(), 1);
    assert_eq!(host.used(&ada).await, 1);
    assert_eq!(host.queued().await.len(), 1);
    // Another key is another message.
    let other = host.send_once(&ada, room, "another key", "Only once").await;
    assert_eq!(other.is(202).daily().unwrap().0, 3);
    assert_ne!(other.id(), first.id());
}

#[tokio::test]
async fn a_key_stands_for_one_request() {
    let host = Host::start().await;
    let [ada, bob] = [host.user().await, host.user().await];
    let [room, other_room] = [host.room(&ada).await, host.room(&ada).await];
    host.send_once(&ada, room, "a key", "One thing").await.is(202);
    let reused = "idempotency_key_reused";
    host.send_once(&ada, room, "a key", "Another").await.is_problem(422, reused);
    host.send_once(&ada, other_room, "a key", "One thing").await.is_problem(422, reused);
    let body = json!({ "content": "One thing" }).to_string();
    host.post_with(&ada, "/chatroom", Some("a key"), body).await.is_problem(422, reused);
    assert_eq!(host.messages(room).await.len(), 1);
    assert!(host.messages(other_room).await.is_empty());
    assert_eq!(host.used(&ada).await, 1);
    // Keys are a user's own.
    let bobs = host.room(&bob).await;
    host.send_once(&bob, bobs, "a key", "One thing").await.is(202);
}

#[tokio::test]
async fn a_key_is_remembered_for_24_hours() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let first = host.send_once(&ada, room, "a key", "Good morning").await;
    host.after(SignedDuration::from_hours(24) - SignedDuration::from_secs(1));
    assert_same(&first, &host.send_once(&ada, room, "a key", "Good morning").await);
    host.after(SignedDuration::from_secs(1));
    // The record is still there: time decides, not DynamoDB's housekeeping.
    let second = host.send_once(&ada, room, "a key", "Something else").await;
    second.is(202);
    assert_ne!(second.id(), first.id());
    assert_same(&second, &host.send_once(&ada, room, "a key", "Something else").await);
    assert_eq!(host.messages(room).await.len(), 2);
}

#[tokio::test]
async fn the_first_answer_is_given_again_though_the_quota_is_used_up() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let first = host.send_once(&ada, room, "a key", "One of five").await;
    for _ in 0..4 {
        host.send(&ada, room, "Another").await.is(202);
    }
    let again = host.send_once(&ada, room, "a key", "One of five").await;
    assert_same(&first, &again);
    assert_eq!(again.daily().unwrap().0, 0);
}

#[tokio::test]
async fn a_request_that_was_refused_leaves_its_key_free() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    for _ in 0..5 {
        host.send(&ada, room, "One of five").await.is(202);
    }
    host.send_once(&ada, room, "a key", "Too early").await.is(429);
    host.after(SignedDuration::from_hours(14));
    host.send_once(&ada, room, "a key", "In time").await.is(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_requests_with_one_key_are_one_message() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let answers = join_all((0..20).map(|_| host.send_once(&ada, room, "a key", "Only once"))).await;
    for answer in &answers {
        assert_same(answers[0].is(202), answer);
    }
    assert_eq!(host.messages(room).await.len(), 1);
    assert_eq!(host.used(&ada).await, 1);
}

#[tokio::test]
async fn a_chatroom_is_opened_once() {
    let host = Host::start().await;
    let ada = host.user().await;
    let open = async |name: &str| {
        let body = json!({ "name": name }).to_string();
        host.post_with(&ada, "/chatroom", Some("a key"), body).await
    };
    let first = open("Physics").await;
    assert_eq!(first.is(201).header("location"), format!("/chatroom/{}", first.id()));
    host.after(SignedDuration::from_secs(1));
    assert_same(&first, &open("Physics").await);
    open("Chemistry").await.is_problem(422, "idempotency_key_reused");
    assert_eq!(host.get(&ada, "/chatroom").await.ids(), [first.id()]);
}

#[tokio::test]
async fn a_key_has_1_to_255_characters() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    for (length, status) in [(0, 422), (1, 202), (255, 202), (256, 422)] {
        let key = "k".repeat(length);
        host.send_once(&ada, room, &key, "How long?").await.is(status);
    }
}
