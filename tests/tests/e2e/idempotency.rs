//! `Idempotency-Key`: a request that is sent again does its work once.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::json;
use tests::{Parley, clear_of_midnight, model::asked_about, random_digits};

fn key() -> String {
    format!("key-{}", random_digits(16))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_sent_again_gets_the_first_answer_and_is_asked_once() {
    let Some(parley) = Parley::builder().start().await else { return };
    let user = parley.user().await;
    let room = user.create_room("Once").await;
    let path = format!("/chatroom/{room}/message");
    let (key, body) = (key(), json!({"content": "Only once, please"}));
    let first = user.post(&path).key(&key).json(&body).await.expect(202);
    let second = user.post(&path).key(&key).json(&body).await.expect(202);
    assert_eq!(first.json(), second.json());
    assert_eq!(first.header("location"), second.header("location"));

    user.wait_for_reply(&room, &first.string("id")).await;
    // Once it is answered, too.
    let third = user.post(&path).key(&key).json(&body).await.expect(202);
    assert_eq!(first.string("id"), third.string("id"));

    parley.assert_drained(&[&user]).await;
    assert_eq!(user.messages(&room).await.len(), 2);
    assert_eq!(asked_about(parley.model(), "Only once").len(), 1);
    assert_eq!(user.daily_message_count().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_with_another_body_is_a_mistake() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let room = user.create_room("Once").await;
    let path = format!("/chatroom/{room}/message");
    let key = key();
    user.post(&path).key(&key).json(&json!({"content": "One thing"})).await.is(202);
    user.post(&path).key(&key).json(&json!({"content": "Another"})).await.is(422);
    assert_eq!(user.daily_message_count().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_one_room_never_answers_for_another() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let (key, body) = (key(), json!({"content": "The same thing"}));
    let (one, other) = (user.create_room("One").await, user.create_room("Other").await);
    user.post(&format!("/chatroom/{one}/message")).key(&key).json(&body).await.is(202);
    let answer = user.post(&format!("/chatroom/{other}/message")).key(&key).json(&body).await;
    if answer.status() == 202 {
        assert_eq!(answer.json()["chatroom_id"], other, "{answer}");
    } else {
        answer.is(422);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_parallel_sends_with_one_key_one_is_a_message() {
    let Some(parley) = Parley::builder().start().await else { return };
    let user = parley.user().await;
    let room = user.create_room("Once").await;
    let path = format!("/chatroom/{room}/message");
    let (key, body) = (key(), json!({"content": "Twenty times the same"}));
    let sends = (0..20).map(|_| user.post(&path).key(&key).json(&body).into_future());
    let answers = join_all(sends).await;
    for answer in &answers {
        // A request still under way is a 409.
        assert!([202, 409].contains(&answer.status()), "{answer}");
    }
    let accepted = answers.iter().filter(|answer| answer.status() == 202);
    let accepted: BTreeSet<_> = accepted.map(|answer| answer.string("id")).collect();
    assert_eq!(accepted.len(), 1, "{answers:?}");

    let id = accepted.into_iter().next().unwrap();
    user.wait_for_reply(&room, &id).await;
    parley.assert_drained(&[&user]).await;
    assert_eq!(user.messages(&room).await.len(), 2);
    assert_eq!(asked_about(parley.model(), "Twenty times").len(), 1);
    assert_eq!(user.daily_message_count().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_message_of_the_day_can_be_sent_again() {
    clear_of_midnight().await;
    let parley = Parley::start().await;
    let user = parley.user().await;
    let room = user.create_room("Five").await;
    let path = format!("/chatroom/{room}/message");
    let send = async |nth: usize| {
        let body = json!({"content": format!("Message number {nth}")});
        user.post(&path).key(&format!("message-{nth}")).json(&body).await
    };
    let mut last = None;
    for nth in 1..=5 {
        last = Some(send(nth).await.expect(202).string("id"));
    }
    assert_eq!(Some(send(5).await.expect(202).string("id")), last);
    send(6).await.is(429);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_can_be_sent_again_with_its_key() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let room = user.create_room("Second try").await;
    let path = format!("/chatroom/{room}/message");
    let key = key();
    user.post(&path).key(&key).json(&json!({"content": " "})).await.is(422);
    user.post(&path).key(&key).json(&json!({"content": "In earnest"})).await.is(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_belongs_to_one_user() {
    let parley = Parley::start().await;
    let (one, other) = (parley.user().await, parley.user().await);
    let (key, body) = (key(), json!({"name": "The same name"}));
    let ones = one.post("/chatroom").key(&key).json(&body).await.expect(201);
    let others = other.post("/chatroom").key(&key).json(&body).await.expect(201);
    assert_ne!(ones.string("id"), others.string("id"));
    assert_eq!(other.rooms().await, [others.string("id")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chatroom_is_opened_once_too() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let (key, body) = (key(), json!({"name": "Only one"}));
    let opens = (0..20).map(|_| user.post("/chatroom").key(&key).json(&body).into_future());
    let answers = join_all(opens).await;
    for answer in &answers {
        assert!([201, 409].contains(&answer.status()), "{answer}");
    }
    let again = user.post("/chatroom").key(&key).json(&body).await.expect(201);
    assert_eq!(user.rooms().await, [again.string("id")]);
    assert_eq!(again.header("location"), format!("/chatroom/{}", again.string("id")));
    user.post("/chatroom").key(&key).json(&json!({"name": "Another"})).await.is(422);
    assert_eq!(user.rooms().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_at_most_255_characters() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let body = json!({"name": "Keyed"});
    user.post("/chatroom").key(&"k".repeat(255)).json(&body).await.is(201);
    for bad in ["k".repeat(256), String::new()] {
        let answer = user.post("/chatroom").key(&bad).json(&body).await;
        assert!([400, 422].contains(&answer.status()), "{answer}");
    }
    assert_eq!(user.rooms().await.len(), 1);
}
