//! Whose token is good for what.

use axum::{
    body::Body,
    http::{Method, Request},
};
use serde_json::json;
use shared::domain::{Caller, ChatroomId};

use crate::{client::ask, host::Host};

#[tokio::test]
async fn a_session_that_a_new_password_has_ended_can_write_nothing_more() {
    let host = Host::start().await;
    let ada = host.user().await;
    let elsewhere = host.another_session(&ada);
    let room = host.room(&ada).await;
    host.send(&elsewhere, room, "Still here").await.is(202);

    host.end_sessions(&ada, ada.session_id).await;

    assert_it_can_write_nothing(&host, &elsewhere, room).await;
    host.send(&ada, room, "Still here").await.is(202);
}

#[tokio::test]
async fn a_session_that_was_signed_out_can_write_nothing_more() {
    let host = Host::start().await;
    let ada = host.user().await;
    let elsewhere = host.another_session(&ada);
    let room = host.room(&ada).await;
    host.send(&elsewhere, room, "Still here").await.is(202);

    host.store.end_session(ada.user_id, elsewhere.session_id).await.unwrap();

    assert_it_can_write_nothing(&host, &elsewhere, room).await;
    host.send(&ada, room, "Still here").await.is(202);
}

/// Every write of `ended` is refused, and leaves everything as it is: one message in one room.
async fn assert_it_can_write_nothing(host: &Host, ended: &Caller, room: ChatroomId) {
    let path = format!("/chatroom/{room}");
    let key = Some("a key");
    let message = json!({ "content": "Anybody?" }).to_string();
    for refused in [
        host.post(ended, "/chatroom", &json!({})).await,
        host.post_with(ended, "/chatroom", key, "{}").await,
        host.send(ended, room, "Anybody?").await,
        host.post_with(ended, &format!("{path}/message"), key, message).await,
        host.patch(ended, &path, &json!({ "name": "Hijacked" })).await,
        host.delete(ended, &path).await,
    ] {
        refused.is_problem(401, "session_ended");
        assert!(refused.header("www-authenticate").starts_with("Bearer "));
    }
    assert_eq!(host.messages(room).await.len(), 1);
    assert_eq!(host.used(ended).await, 1);
    let rooms = host.store.chatrooms(ended.user_id, 10, None).await.unwrap().rooms;
    assert_eq!(rooms.iter().map(|room| room.name.as_str()).collect::<Vec<_>>(), ["New chat"]);
}

#[tokio::test]
async fn the_session_that_was_kept_and_a_new_one_can_do_everything() {
    let host = Host::start().await;
    let ada = host.user().await;
    host.end_sessions(&ada, ada.session_id).await;
    let fresh = Caller { generation: 1, ..host.another_session(&ada) };
    for caller in [&ada, &fresh] {
        let room = host.room(caller).await;
        let path = format!("/chatroom/{room}");
        host.send(caller, room, "Here I am").await.is(202);
        host.patch(caller, &path, &json!({ "name": "Mine" })).await.is(200);
        host.delete(caller, &path).await.is(204);
    }
}

#[tokio::test]
async fn a_deleted_account_can_write_nothing() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let account = host.store.account(ada.user_id, host.now()).await.unwrap().unwrap();
    assert!(host.store.delete_account(&ada, &account.user, host.now()).await.unwrap());
    host.post(&ada, "/chatroom", &json!({})).await.is_problem(401, "session_ended");
    host.send(&ada, room, "Anybody?").await.is_problem(401, "session_ended");
}

#[tokio::test]
async fn nothing_goes_without_a_token() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = format!("/chatroom/{}", host.room(&ada).await);
    for (method, path) in [
        (Method::GET, "/chatroom".to_owned()),
        (Method::POST, "/chatroom".to_owned()),
        (Method::GET, room.clone()),
        (Method::PATCH, room.clone()),
        (Method::DELETE, room.clone()),
        (Method::POST, format!("{room}/message")),
        (Method::GET, format!("{room}/messages")),
        (Method::GET, format!("{room}/messages/01M7YRRTMWJMRNV7E9Z0C1HT0H")),
    ] {
        let request = Request::builder().method(method).uri(&path).body(Body::empty()).unwrap();
        ask(&host.router, request).await.is_problem(401, "missing_token");
    }
    host.get(&ada, &room).await.is(200);
}

#[tokio::test]
async fn a_room_is_nobody_elses() {
    let host = Host::start().await;
    let [ada, eve] = [host.user().await, host.user().await];
    let room = host.room(&ada).await;
    let message = host.send(&ada, room, "A secret").await.id();
    let path = format!("/chatroom/{room}");
    for answer in [
        host.get(&eve, &path).await,
        host.get(&eve, &format!("{path}/messages")).await,
        host.patch(&eve, &path, &json!({ "name": "Mine" })).await,
        host.delete(&eve, &path).await,
        host.send(&eve, room, "Hello").await,
        host.get(&eve, &format!("{path}/messages/{message}")).await,
    ] {
        answer.is_problem(404, "not_found");
    }
    assert!(host.get(&eve, "/chatroom").await.ids().is_empty());
    assert_eq!(host.get(&ada, &path).await.json()["messages"][0]["content"], "A secret");
}
