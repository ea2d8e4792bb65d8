//! Requests as clients make them.

use axum::{
    Router,
    body::Body,
    http::{Method, Request, header},
};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use shared::domain::{Caller, ChatroomId};
use tower::ServiceExt as _;

use crate::{answer::Answer, host::Host};

/// How often a client asks that is told to try again.
const TRIES: usize = 20;

impl Host {
    pub(crate) async fn get(&self, caller: &Caller, path: &str) -> Answer {
        let request = self.request(caller, Method::GET, path, None);
        ask(&self.router, request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn delete(&self, caller: &Caller, path: &str) -> Answer {
        let request = self.request(caller, Method::DELETE, path, None);
        ask(&self.router, request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn patch(&self, caller: &Caller, path: &str, body: &Value) -> Answer {
        let request = self.request(caller, Method::PATCH, path, None);
        ask(&self.router, request.body(body.to_string().into()).unwrap()).await
    }

    pub(crate) async fn post(&self, caller: &Caller, path: &str, body: &Value) -> Answer {
        self.post_with(caller, path, None, body.to_string()).await
    }

    pub(crate) async fn post_with(
        &self,
        caller: &Caller,
        path: &str,
        key: Option<&str>,
        body: impl Into<Body>,
    ) -> Answer {
        let request = self.request(caller, Method::POST, path, key);
        ask(&self.router, request.body(body.into()).unwrap()).await
    }

    /// A request as a client makes it.
    pub(crate) fn request(
        &self,
        caller: &Caller,
        method: Method,
        path: &str,
        key: Option<&str>,
    ) -> axum::http::request::Builder {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token(caller)))
            .header(header::CONTENT_TYPE, "application/json");
        match key {
            Some(key) => request.header("idempotency-key", key),
            None => request,
        }
    }

    pub(crate) async fn room(&self, caller: &Caller) -> ChatroomId {
        let answer = self.post(caller, "/chatroom", &json!({})).await;
        answer.is(201).id().parse().unwrap()
    }

    /// Sends a message.
    pub(crate) async fn send(&self, caller: &Caller, room: ChatroomId, content: &str) -> Answer {
        let body = json!({ "content": content });
        self.post(caller, &format!("/chatroom/{room}/message"), &body).await
    }

    /// Sends a message with an idempotency key.
    pub(crate) async fn send_once(
        &self,
        caller: &Caller,
        room: ChatroomId,
        key: &str,
        content: &str,
    ) -> Answer {
        let path = format!("/chatroom/{room}/message");
        let body = json!({ "content": content }).to_string();
        self.post_with(caller, &path, Some(key), body).await
    }

    /// Sends a message with an idempotency key, and again for as long as the answer is "try again": the
    /// tables of a busy machine may not answer in time.
    pub(crate) async fn send_until_told(
        &self,
        caller: &Caller,
        room: ChatroomId,
        key: &str,
        content: &str,
    ) -> Answer {
        for _ in 1..TRIES {
            let answer = self.send_once(caller, room, key, content).await;
            if answer.status != 503 {
                return answer;
            }
        }
        self.send_once(caller, room, key, content).await
    }

    /// Sends a message by another instance of the function.
    pub(crate) async fn send_by(
        &self,
        instance: &Router,
        caller: &Caller,
        room: ChatroomId,
        content: &str,
    ) -> Answer {
        let path = format!("/chatroom/{room}/message");
        let request = self.request(caller, Method::POST, &path, None);
        let body = json!({ "content": content }).to_string();
        ask(instance, request.body(body.into()).unwrap()).await
    }
}

/// One request to an instance of the function.
pub(crate) async fn ask(instance: &Router, request: Request<Body>) -> Answer {
    let (parts, body) = instance.clone().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, body }
}
