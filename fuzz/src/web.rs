//! Two functions' routers as they are deployed, and the shape of every answer. Whatever would ask a
//! server is let go there: what is fuzzed is what comes before.

use std::{
    pin::pin,
    sync::{Arc, LazyLock},
};

use axum::Router;
use futures_util::future::poll_immediate;
use serde_json::{Value, json};
use shared::config::Env;
use tokio::{
    runtime::{Builder, Runtime},
    task::yield_now,
};

use crate::{StoppedClock, keys::TokenKey};

/// The largest answer that says what is wrong, bytes: it does not grow with what was sent.
const LARGEST_PROBLEM: usize = 2048;

static KEY: LazyLock<TokenKey> = LazyLock::new(|| TokenKey::new(1));
static TOKEN: LazyLock<String> = LazyLock::new(|| KEY.token());
static ROUTER: LazyLock<Router> = LazyLock::new(|| {
    let keys = json!({"keys": [KEY.jwk()]});
    let env = [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "fuzz"),
        ("AWS_SECRET_ACCESS_KEY", "fuzz"),
        // Nothing can listen there.
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:0"),
        ("USERS_TABLE", "users"),
        ("CHATROOMS_TABLE", "chatrooms"),
        ("MESSAGES_TABLE", "messages"),
        ("MESSAGE_QUEUE_URL", "http://127.0.0.1:0/queue"),
        ("JWT_PUBLIC_KEYS", &keys.to_string()),
    ]
    .into_iter()
    .fold(Env::default(), |env, (name, value)| env.with(name, value));
    let state = chatroom::State::from_env(&env, Arc::new(StoppedClock));
    let state = RUNTIME.block_on(state).unwrap();
    shared::http::service(docs::router().merge(chatroom::router(state)))
});
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_all().build().unwrap());

/// The routers of `docs` and `chatroom`, with the layers that every function has.
pub fn router() -> Router {
    ROUTER.clone()
}

/// A text with a good access token for the first `$TOKEN`: more would make a short input a long one.
#[must_use]
pub fn with_token(text: &str) -> String {
    text.replacen("$TOKEN", &TOKEN, 1)
}

/// What comes of `answer` at once; none if it waits for a server.
pub fn at_once<T>(answer: impl Future<Output = T>) -> Option<T> {
    RUNTIME.block_on(async {
        let answer = poll_immediate(pin!(answer)).await;
        yield_now().await; // for what a connection leaves behind
        answer
    })
}

/// Holds an answer to what every answer promises (`shared::http`).
pub fn hold(status: u16, header: impl Fn(&str) -> Option<String>, body: &[u8]) {
    assert!((200..500).contains(&status), "{status}");
    let id = header("x-request-id").expect("an answer names its request");
    assert_eq!(header("x-content-type-options").as_deref(), Some("nosniff"));
    if status < 400 {
        return;
    }
    assert_eq!(header("content-type").as_deref(), Some("application/problem+json"));
    assert!(body.len() <= LARGEST_PROBLEM, "{} bytes of a problem", body.len());
    let problem: Value = serde_json::from_slice(body).expect("a problem is JSON");
    assert_eq!(
        (problem["status"].as_u64(), problem["request_id"].as_str()),
        (Some(status.into()), Some(id.as_str()))
    );
}
