//! The process is killed: what was accepted is kept, and answered exactly once.

use std::{collections::BTreeMap, time::Duration};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{PATIENCE, Parley, User, eventually, model::asked_about, replies_to};

/// What was accepted is answered within this time after a restart.
const RECOVERY: Duration = Duration::from_mins(1);

/// Each question has exactly one reply, and each room's replies are in the order of its questions.
async fn all_are_answered_once_and_in_order(user: &User, accepted: &[(String, String)]) {
    let mut rooms: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (room, question) in accepted {
        user.wait_for_reply_within(RECOVERY, room, question).await;
        rooms.entry(room).or_default().push(question);
    }
    for (room, mut questions) in rooms {
        questions.sort_unstable();
        let messages = user.messages(room).await;
        assert_eq!(messages.len(), 2 * questions.len(), "{messages:#?}");
        for question in &questions {
            assert_eq!(replies_to(&messages, question).len(), 1, "{messages:#?}");
            let asked = messages.iter().find(|message| message["id"] == **question).unwrap();
            assert_eq!(asked["status"], "answered", "{messages:#?}");
        }
        let answered: Vec<_> = messages
            .iter()
            .filter_map(|message| message.get("reply_to").and_then(Value::as_str))
            .collect();
        assert_eq!(answered, questions, "another order: {messages:#?}");
    }
}

/// Ten messages: four, three, two and one in four rooms.
async fn ten_messages(user: &User) -> Vec<(String, String)> {
    let mut accepted = Vec::new();
    for count in [4, 3, 2, 1] {
        let room = user.create_room("Kept").await;
        for nth in 1..=count {
            let question = user.ask(&room, &format!("Question {nth} of {count}")).await;
            accepted.push((room.clone(), question));
        }
    }
    accepted
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_accepted_messages_outlive_a_kill_and_are_answered_once_each_in_order() {
    let Some(mut parley) = Parley::builder().without_quota().to_be_killed().start().await else {
        return;
    };
    parley.model().set_delay(Duration::from_secs(30));
    let user = parley.user().await;
    let accepted = ten_messages(&user).await;
    eventually("the model is asked", PATIENCE, async || {
        (!asked_about(parley.model(), "Question").is_empty()).then_some(())
    })
    .await;
    parley.kill();
    parley.model().set_delay(Duration::ZERO);
    parley.restart();
    all_are_answered_once_and_in_order(&user, &accepted).await;
    parley.assert_drained(&[&user]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_outlive_kill_after_kill_while_replies_come_in() {
    let Some(mut parley) = Parley::builder().without_quota().to_be_killed().start().await else {
        return;
    };
    parley.model().set_delay(Duration::from_millis(150));
    let user = parley.user().await;
    let accepted = ten_messages(&user).await;
    for kills in 1..=3 {
        // Killed in the middle of its work each time: some are answered, others not.
        eventually("the model is asked", RECOVERY, async || {
            (asked_about(parley.model(), "Question").len() >= 2 * kills).then_some(())
        })
        .await;
        parley.kill();
        parley.restart();
    }
    all_are_answered_once_and_in_order(&user, &accepted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_accepted_in_the_very_moment_of_a_kill_is_kept() {
    let Some(mut parley) = Parley::builder().without_quota().to_be_killed().start().await else {
        return;
    };
    parley.model().set_delay(Duration::from_secs(30));
    let user = parley.user().await;
    let mut rooms = Vec::new();
    for _ in 0..8 {
        rooms.push(user.create_room("In the moment").await);
    }
    let sends = rooms.iter().map(|room| {
        let (user, room) = (user.clone(), room.clone());
        tokio::spawn(async move {
            let mut accepted = Vec::new();
            // Until the server is gone.
            while let Ok(answer) = user.sending(&room, "Is it kept?").try_send().await {
                accepted.push((room.clone(), answer.expect(202).string("id")));
            }
            accepted
        })
    });
    let sends: Vec<_> = sends.collect();
    eventually("some are accepted", PATIENCE, async || {
        (user.messages(&rooms[0]).await.len() >= 3).then_some(())
    })
    .await;
    parley.kill();
    let accepted: Vec<_> =
        join_all(sends).await.into_iter().flat_map(|accepted| accepted.unwrap()).collect();
    assert!(accepted.len() >= 10, "only {} were accepted", accepted.len());
    parley.model().set_delay(Duration::ZERO);
    parley.restart();
    for (room, question) in &accepted {
        let reply = user.wait_for_reply_within(RECOVERY, room, question).await;
        assert_eq!(reply["reply_to"], **question);
    }
    parley.assert_drained(&[&user]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_stop_loses_nothing_either() {
    let builder = Parley::builder().only_local("a deployment has no clean stop").without_quota();
    let Some(mut parley) = builder.start().await else { return };
    parley.model().set_delay(Duration::from_secs(30));
    let user = parley.user().await;
    let accepted = ten_messages(&user).await;
    parley.stop();
    parley.model().set_delay(Duration::ZERO);
    parley.restart();
    all_are_answered_once_and_in_order(&user, &accepted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_else_outlives_a_kill_too() {
    let Some(mut parley) = Parley::builder().start().await else { return };
    let user = parley.user().await;
    let password = json!({"new_password": "correct horse battery"});
    user.post("/auth/change-password").json(&password).await.is(200);
    let room = user.create_room("Kept").await;
    let path = format!("/chatroom/{room}/message");
    let body = json!({"content": "Once and for all"});
    let sent = user.post(&path).key("kept").json(&body).await.expect(202);
    user.wait_for_reply(&room, &sent.string("id")).await;
    let before = user.messages(&room).await;
    let me = user.get("/user/me").await.expect(200);

    parley.restart();

    // The same token, account, rooms, messages and count.
    assert_eq!(user.get("/user/me").await.expect(200).json(), me.json());
    assert_eq!(user.rooms().await, [&*room]);
    assert_eq!(user.messages(&room).await, before);
    let again = user.post(&path).key("kept").json(&body).await.expect(202);
    assert_eq!(again.string("id"), sent.string("id"));
    assert_eq!(user.messages(&room).await, before);
    parley.login(&user.mobile_number, "correct horse battery").await.is(200);
    parley.refresh(&user.refresh_token).await.is(200);
}
