//! Other people's things: they might as well not exist.

use serde_json::json;
use tests::{Parley, Response};

/// All that a 404 says, but for the request's id.
fn without_id(answer: &Response) -> serde_json::Value {
    answer.is(404);
    let mut body = answer.json();
    body.as_object_mut().unwrap().remove("request_id");
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_chatroom_is_a_404_on_every_verb_just_like_one_that_never_was() {
    let parley = Parley::start().await;
    let (owner, stranger) = (parley.user().await, parley.user().await);
    let room = owner.create_room("The owner's").await;
    let message = owner.ask(&room, "A private question").await;
    let reply = owner.wait_for_reply(&room, &message).await["id"].as_str().unwrap().to_owned();
    let own_room = stranger.create_room("The stranger's").await;
    let never = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

    let body = json!({"content": "Let me in", "name": "Mine now", "system_instruction": null});
    for (method, path, never_was) in [
        ("GET", format!("/chatroom/{room}"), format!("/chatroom/{never}")),
        ("PATCH", format!("/chatroom/{room}"), format!("/chatroom/{never}")),
        ("DELETE", format!("/chatroom/{room}"), format!("/chatroom/{never}")),
        ("POST", format!("/chatroom/{room}/message"), format!("/chatroom/{never}/message")),
        ("GET", format!("/chatroom/{room}/messages"), format!("/chatroom/{never}/messages")),
        (
            "GET",
            format!("/chatroom/{room}/messages/{message}"),
            format!("/chatroom/{never}/messages/{message}"),
        ),
        (
            "GET",
            format!("/chatroom/{room}/messages/{reply}"),
            format!("/chatroom/{room}/messages/{never}"),
        ),
        // Another's message, asked for in a room of one's own.
        (
            "GET",
            format!("/chatroom/{own_room}/messages/{message}"),
            format!("/chatroom/{own_room}/messages/{never}"),
        ),
    ] {
        let ask = async |path: &str| {
            let request = stranger.request(method.parse().unwrap(), path);
            let answer = if method == "GET" { request.await } else { request.json(&body).await };
            assert_eq!(answer.status(), 404, "{answer}");
            without_id(&answer)
        };
        assert_eq!(ask(&path).await, ask(&never_was).await, "{method} {path}");
    }

    assert_eq!(stranger.rooms().await, [own_room]);
    // And nothing happened to it.
    assert_eq!(owner.rooms().await, [&*room]);
    let kept = owner.get(&format!("/chatroom/{room}")).await.expect(200);
    assert_eq!(kept.json()["name"], "The owner's", "{kept}");
    assert_eq!(owner.messages(&room).await.len(), 2);
    // What was refused was not charged.
    assert_eq!(stranger.daily_message_count().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_chatroom_is_a_404_on_every_verb() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let room = user.create_room("Soon gone").await;
    let message = user.ask(&room, "A question").await;
    user.wait_for_reply(&room, &message).await;
    user.delete(&format!("/chatroom/{room}")).await.is(204);

    user.get(&format!("/chatroom/{room}")).await.is(404);
    user.patch(&format!("/chatroom/{room}")).json(&json!({"name": "Back"})).await.is(404);
    user.delete(&format!("/chatroom/{room}")).await.is(404);
    user.send(&room, "Hello?").await.is(404);
    user.get(&format!("/chatroom/{room}/messages")).await.is(404);
    user.get(&format!("/chatroom/{room}/messages/{message}")).await.is(404);
    assert_eq!(user.rooms().await, [""; 0]);
    assert_eq!(user.daily_message_count().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_that_can_not_be_ids_are_404_too() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let room = user.create_room("Mine").await;
    for id in [
        "1",
        "nonsense",
        "..%2F..",
        "%00",
        "01ARZ3NDEKTSV4RRFFQ69G5FA%F0%9F%8C%89",
        "%27%20OR%201%3D1",
    ] {
        user.get(&format!("/chatroom/{id}")).await.is(404);
        user.get(&format!("/chatroom/{id}/messages")).await.is(404);
        user.send(id, "Hello?").await.is(404);
        user.get(&format!("/chatroom/{room}/messages/{id}")).await.is(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_user_lists_their_own_rooms_from_the_cache_too() {
    let parley = Parley::start().await;
    let (one, other) = (parley.user().await, parley.user().await);
    let ones = one.create_room("One's").await;
    let others = other.create_room("The other's").await;
    for _ in 0..3 {
        assert_eq!(one.rooms().await, [&*ones]);
        assert_eq!(other.rooms().await, [&*others]);
    }
}
