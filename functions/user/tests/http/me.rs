//! `GET /user/me`, and what all endpoints ask of the access token.

use aws_sdk_dynamodb::types::AttributeValue;
use axum::{
    body::Body,
    http::{Request, header},
};
use jiff::ToSpan;
use serde_json::{Value, json};
use shared::{
    config::Env,
    domain::{Role, text::Content},
    store::{NewMessage, Sent},
};

use crate::host::{Host, NUMBER, START};

#[tokio::test]
async fn the_account_is_shown_as_the_contract_says() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let answer = host.get("/user/me", &ada).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/json");
    assert_eq!(
        answer.json(),
        json!({
            "id": ada.user_id.to_string(),
            "mobile_number": NUMBER,
            "full_name": "Ada Lovelace",
            "email": "ada@example.org",
            "subscription_tier": "basic",
            "daily_message_count": 0,
            "daily_limit": 5,
            "resets_at": "2026-11-22T00:00:00.000Z",
            "created_at": START,
        })
    );
}

#[tokio::test]
async fn facts_that_were_never_given_are_null() {
    let host = Host::start().await;
    let me = host.get("/user/me", &host.stranger().await).await.json();
    assert!(me.get("full_name").is_some_and(Value::is_null), "{me}");
    assert!(me.get("email").is_some_and(Value::is_null), "{me}");
}

#[tokio::test]
async fn a_role_is_shown_to_whom_it_was_given() {
    let host = Host::start().await;
    let ada = host.ada().await;
    host.set("verified_at = :value", &ada, AttributeValue::N("1".to_owned())).await;
    assert!(host.store.set_role(ada.user_id, Some(Role::Operator)).await.unwrap());
    assert_eq!(host.get("/user/me", &ada).await.json()["role"], "operator");
    assert!(host.store.set_role(ada.user_id, None).await.unwrap());
    assert_eq!(host.get("/user/me", &ada).await.json().get("role"), None);
}

#[tokio::test]
async fn todays_messages_are_counted_and_yesterdays_are_not() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let room = host.room(&ada).await;
    let content = Content::try_from("Hello".to_owned()).unwrap();
    for _ in 0..2 {
        let id = host.ids.next(host.now());
        let message = NewMessage { id, chatroom_id: room, content: &content, claim: None };
        let sent = host.store.accept(&ada, &message, &host.limits).await.unwrap();
        assert!(matches!(sent, Sent::Accepted), "{sent:?}");
    }
    assert_eq!(host.get("/user/me", &ada).await.json()["daily_message_count"], 2);

    host.clock.set("2026-11-21T23:59:59.999Z".parse().unwrap());
    let late = host.get("/user/me", &ada).await.json();
    assert_eq!(
        (&late["daily_message_count"], &late["resets_at"]),
        (&json!(2), &json!("2026-11-22T00:00:00.000Z"))
    );

    host.clock.advance(1.millisecond().try_into().unwrap());
    let next = host.get("/user/me", &ada).await.json();
    assert_eq!(
        (&next["daily_message_count"], &next["resets_at"]),
        (&json!(0), &json!("2026-11-23T00:00:00.000Z"))
    );
}

#[tokio::test]
async fn pro_has_no_daily_limit() {
    let host = Host::start().await;
    let ada = host.ada().await;
    host.make_pro(&ada).await;
    let me = host.get("/user/me", &ada).await.json();
    assert_eq!(me["subscription_tier"], "pro");
    assert_eq!(me.get("daily_limit"), Some(&Value::Null));
}

#[tokio::test]
async fn a_limit_of_zero_is_shown_as_unlimited() {
    let host = Host::start_with(Env::default().with("BASIC_DAILY_MESSAGES", "0")).await;
    let me = host.get("/user/me", &host.ada().await).await.json();
    assert_eq!(me["subscription_tier"], "basic");
    assert_eq!(me.get("daily_limit"), Some(&Value::Null));
}

#[tokio::test]
async fn without_a_good_token_nothing_is_told() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let token = host.token(&ada);
    let expired = {
        host.clock.advance(1.hour().try_into().unwrap());
        format!("Bearer {token}")
    };
    for (method, path) in [
        ("GET", "/user/me"),
        ("PATCH", "/user/me"),
        ("DELETE", "/user/me"),
        ("GET", "/user/me/usage"),
    ] {
        let request = || Request::builder().method(method).uri(path);
        let answer = host.send(request().body(Body::empty()).unwrap()).await;
        answer.assert_problem(401, "missing_token");
        assert!(answer.headers.contains_key(header::WWW_AUTHENTICATE));

        for bad in [expired.as_str(), "Bearer x.y.z"] {
            let request = request().header(header::AUTHORIZATION, bad);
            let answer = host.send(request.body(Body::empty()).unwrap()).await;
            answer.assert_problem(401, "invalid_token");
        }
    }
}

#[tokio::test]
async fn a_session_that_has_ended_sees_and_changes_nothing() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let kept = shared::domain::Caller { session_id: host.ids.next(host.now()), ..ada };
    host.end_sessions(&ada, kept.session_id).await;

    for path in ["/user/me", "/user/me/usage"] {
        host.get(path, &ada).await.assert_problem(401, "session_ended");
        assert_eq!(host.get(path, &kept).await.status, 200, "{path}");
    }
    host.patch_me(&ada, r#"{"full_name":"Eve"}"#).await.assert_problem(401, "session_ended");
    host.delete_me(&ada).await.assert_problem(401, "session_ended");
    assert_eq!(host.get("/user/me", &kept).await.json()["full_name"], "Ada Lovelace");
}

#[tokio::test]
async fn a_token_of_an_account_that_never_was_is_refused() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let nobody = shared::domain::Caller { user_id: host.ids.next(host.now()), ..ada };
    for path in ["/user/me", "/user/me/usage"] {
        host.get(path, &nobody).await.assert_problem(401, "session_ended");
    }
    host.patch_me(&nobody, "{}").await.assert_problem(401, "session_ended");
    host.delete_me(&nobody).await.assert_problem(401, "session_ended");
}

#[tokio::test]
async fn other_paths_and_methods_have_the_common_answers() {
    let host = Host::start().await;
    let ask = |method: &str, path: &str| {
        host.send(Request::builder().method(method).uri(path).body(Body::empty()).unwrap())
    };
    ask("GET", "/user").await.assert_problem(404, "not_found");
    ask("GET", "/user/01KAHBJ4M2WQ8V1C0T3X5Y7Z9A").await.assert_problem(404, "not_found");
    let answer = ask("PUT", "/user/me").await;
    answer.assert_problem(405, "method_not_allowed");
    assert!(answer.headers.contains_key(header::ALLOW));
}
