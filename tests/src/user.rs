//! A signed-in user, and what users do all day.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{Api, PATIENCE, Request, Response, eventually, link};

/// A user with a number of their own, who came in by a one-time code.
#[derive(Debug, Clone)]
pub struct User {
    api: Api,
    /// E.164.
    pub mobile_number: String,
    /// The access token.
    pub token: String,
    /// The refresh token.
    pub refresh_token: String,
}

impl Api {
    /// Signs up a fresh number, asks for a code and gives it back.
    pub async fn user(&self) -> User {
        let number = random_number();
        self.signup(&number, json!({})).await.is(201);
        self.sign_in(&number).await
    }

    /// `POST /auth/signup` with this number and whatever else `body` holds.
    pub async fn signup(&self, mobile_number: &str, mut body: Value) -> Response {
        body["mobile_number"] = json!(mobile_number);
        self.post("/auth/signup").json(&body).await
    }

    /// Signs in by a one-time code.
    pub async fn sign_in(&self, mobile_number: &str) -> User {
        let otp = self.login_code(mobile_number).await;
        self.verify(mobile_number, &otp).await.signed_in(self, mobile_number)
    }

    /// A code to sign in with.
    pub async fn login_code(&self, mobile_number: &str) -> String {
        let body = json!({"mobile_number": mobile_number});
        self.post("/auth/send-otp").json(&body).await.expect(200).string("otp")
    }

    /// A code to reset the password with.
    pub async fn reset_code(&self, mobile_number: &str) -> String {
        let body = json!({"mobile_number": mobile_number});
        self.post("/auth/forgot-password").json(&body).await.expect(200).string("otp")
    }

    /// `POST /auth/verify-otp`.
    pub async fn verify(&self, mobile_number: &str, otp: &str) -> Response {
        let body = json!({"mobile_number": mobile_number, "otp": otp});
        self.post("/auth/verify-otp").json(&body).await
    }

    /// `POST /auth/login`.
    pub async fn login(&self, mobile_number: &str, password: &str) -> Response {
        let body = json!({"mobile_number": mobile_number, "password": password});
        self.post("/auth/login").json(&body).await
    }

    /// `POST /auth/refresh`.
    pub async fn refresh(&self, refresh_token: &str) -> Response {
        self.post("/auth/refresh").json(&json!({"refresh_token": refresh_token})).await
    }
}

impl Response {
    /// The user whom this answer of the sign-in endpoints lets in.
    #[track_caller]
    #[must_use]
    pub fn signed_in(&self, api: &Api, mobile_number: &str) -> User {
        self.is(200);
        assert_eq!(self.json()["token_type"], "bearer", "{self}");
        assert!(self.json()["expires_in"].as_i64().is_some_and(|seconds| seconds > 0), "{self}");
        User {
            api: api.clone(),
            mobile_number: mobile_number.to_owned(),
            token: self.string("access_token"),
            refresh_token: self.string("refresh_token"),
        }
    }
}

impl User {
    /// A request in this user's name.
    pub fn request(&self, method: Method, path: &str) -> Request {
        self.api.request(method, path).token(&self.token)
    }

    /// `GET path`.
    pub fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

    /// `POST path`.
    pub fn post(&self, path: &str) -> Request {
        self.request(Method::POST, path)
    }

    /// `PATCH path`.
    pub fn patch(&self, path: &str) -> Request {
        self.request(Method::PATCH, path)
    }

    /// `DELETE path`.
    pub fn delete(&self, path: &str) -> Request {
        self.request(Method::DELETE, path)
    }

    /// Opens a chatroom; its id.
    pub async fn create_room(&self, name: &str) -> String {
        self.post("/chatroom").json(&json!({"name": name})).await.expect(201).string("id")
    }

    /// Sends a message.
    pub async fn send(&self, room: &str, content: &str) -> Response {
        self.sending(room, content).await
    }

    /// The request that sends a message.
    pub fn sending(&self, room: &str, content: &str) -> Request {
        self.post(&format!("/chatroom/{room}/message")).json(&json!({"content": content}))
    }

    /// Sends a message that has to be accepted; its id.
    pub async fn ask(&self, room: &str, content: &str) -> String {
        self.send(room, content).await.expect(202).string("id")
    }

    /// The newest page of a room, as long as a page can be, oldest message first.
    pub async fn messages(&self, room: &str) -> Vec<Value> {
        self.get(&format!("/chatroom/{room}/messages?limit=100")).await.expect(200).array()
    }

    /// One message.
    pub async fn message(&self, room: &str, id: &str) -> Value {
        self.get(&format!("/chatroom/{room}/messages/{id}")).await.expect(200).json()
    }

    /// The ids of the rooms in the list's first page.
    pub async fn rooms(&self) -> Vec<String> {
        let rooms = self.get("/chatroom").await.expect(200).array();
        rooms.iter().map(|room| room["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until a question is no longer pending, and gives the reply.
    pub async fn wait_for_reply(&self, room: &str, question: &str) -> Value {
        self.wait_for_reply_within(PATIENCE, room, question).await
    }

    /// As [`wait_for_reply`](Self::wait_for_reply), with patience of one's own.
    pub async fn wait_for_reply_within(
        &self,
        bound: Duration,
        room: &str,
        question: &str,
    ) -> Value {
        let settled = eventually("a reply", bound, async || {
            Some(self.message(room, question).await).filter(|asked| asked["status"] != "pending")
        })
        .await;
        let reply_id =
            settled["reply_id"].as_str().unwrap_or_else(|| panic!("no reply: {settled}"));
        let reply = self.message(room, reply_id).await;
        assert_eq!(reply["is_from_user"], false, "{reply}");
        assert_eq!(reply["reply_to"], question, "{reply}");
        reply
    }

    /// Asks and waits for the reply.
    pub async fn ask_and_wait(&self, room: &str, content: &str) -> Value {
        let question = self.ask(room, content).await;
        self.wait_for_reply(room, &question).await
    }

    /// All pages of a listing, following the links with this `rel`, as far as they go.
    pub async fn pages(&self, first: &str, rel: &str) -> Vec<Vec<Value>> {
        const FAR_TOO_MANY: usize = 100;
        let mut pages = Vec::new();
        let mut next = Some(first.to_owned());
        while let Some(url) = next {
            let page = self.get(&url).await.expect(200);
            next = link(&page, rel);
            pages.push(page.array());
            assert!(pages.len() < FAR_TOO_MANY, "the links lead in a circle: {url}");
        }
        pages
    }

    /// Units of the daily quota that are used up.
    pub async fn daily_message_count(&self) -> i64 {
        let me = self.get("/user/me").await.expect(200);
        me.json()["daily_message_count"].as_i64().unwrap_or_else(|| panic!("no count: {me}"))
    }
}

/// A mobile number that no other test has.
#[must_use]
pub fn random_number() -> String {
    format!("+1415555{}", random_digits(7))
}

/// That many random digits.
#[must_use]
pub fn random_digits(count: usize) -> String {
    (0..count).map(|_| char::from(b'0' + rand::random_range(0..10))).collect()
}

/// A code that is not this one.
#[must_use]
pub fn wrong_code(right: &str) -> String {
    loop {
        let guess = random_digits(6);
        if guess != right {
            return guess;
        }
    }
}
