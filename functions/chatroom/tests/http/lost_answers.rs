//! The table does what it was asked for, its answer is lost, and the SDK asks again.

use axum::{
    Router,
    body::Body,
    http::{Method, Request},
};
use jiff::SignedDuration;
use serde_json::json;
use shared::domain::{Caller, ChatroomId};

use crate::{client::ask, faults::Faults, host::Host};

/// Another instance of the function, to whom the answer to one update is lost.
async fn instance(host: &Host) -> Router {
    let faults = Faults::start(host.dynamodb_url()).await;
    faults.lose_answer("UpdateItem");
    host.instance_with("AWS_ENDPOINT_URL_DYNAMODB", &faults.url).await
}

impl Host {
    fn to_room(&self, caller: &Caller, method: Method, room: ChatroomId) -> Request<Body> {
        let request = self.request(caller, method, &format!("/chatroom/{room}"), None);
        request.body(json!({ "name": "Biology" }).to_string().into()).unwrap()
    }
}

#[tokio::test]
async fn a_deletion_is_told_as_done_by_whoever_did_it() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let delete = || host.to_room(&ada, Method::DELETE, room);
    ask(&instance(&host).await, delete()).await.is(204);
    host.after(SignedDuration::from_millis(1));
    ask(&host.router, delete()).await.is_problem(404, "not_found");
}

#[tokio::test]
async fn a_change_is_told_as_done() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let answer = ask(&instance(&host).await, host.to_room(&ada, Method::PATCH, room)).await;
    assert_eq!(answer.is(200).json()["name"], "Biology");
}
