//! Idempotency keys hold the first answer.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use local::{
    stripe::{Behaviour, Respond, Settings, StandIn},
    testing::ManualClock,
};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;

use crate::support::{call_with, error_of, eventually, stand_in, try_call};

async fn create(stand_in: &StandIn, form: &str) -> Response {
    call_with(stand_in, Method::POST, "/v1/customers", form, Some("key-1")).await
}

#[tokio::test]
async fn an_answer_is_given_again_for_a_day() {
    let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
    let settings = Settings { clock: Arc::clone(&clock) as _, ..Settings::default() };
    let stand_in = StandIn::start(settings).await.unwrap();
    let first = create(&stand_in, "email=a@example.com&name=A").await;
    assert!(!first.headers().contains_key("idempotent-replayed"));
    let original = first.headers()["request-id"].clone();
    let first = first.text().await.unwrap();

    clock.advance(SignedDuration::from_hours(24) - SignedDuration::from_secs(1));
    let again = create(&stand_in, "name=A&email=a%40example.com").await;
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(again.headers()["original-request"], original);
    assert_ne!(again.headers()["request-id"], original);
    assert_eq!(again.text().await.unwrap(), first, "to the letter");
    assert_eq!(stand_in.customers().len(), 1);

    clock.advance(SignedDuration::from_secs(1));
    create(&stand_in, "email=b@example.com").await;
    assert_eq!(stand_in.customers().len(), 2, "the key is as new");
}

#[tokio::test]
async fn a_key_belongs_to_its_parameters() {
    let stand_in = stand_in().await;
    create(&stand_in, "email=a@example.com").await;
    let (status, error) = error_of(create(&stand_in, "email=b@example.com").await).await;
    assert_eq!((status, &error["type"]), (StatusCode::BAD_REQUEST, &"idempotency_error".into()));
    assert_eq!(stand_in.customers().len(), 1);
}

#[tokio::test]
async fn a_key_belongs_to_one_call_at_a_time() {
    let stand_in = stand_in().await;
    stand_in.on(Behaviour::new(Respond::Answer).delay(Duration::from_millis(300)).times(1));
    let (slow, (status, error)) = tokio::join!(create(&stand_in, "name=A"), async {
        eventually("waited for the first call", || stand_in.requests().len() == 1).await;
        error_of(create(&stand_in, "name=A").await).await
    });
    assert_eq!(slow.status(), StatusCode::OK);
    assert_eq!((status, &error["code"]), (StatusCode::CONFLICT, &"idempotency_key_in_use".into()));
    assert_eq!(create(&stand_in, "name=A").await.headers()["idempotent-replayed"], "true");
}

#[tokio::test]
async fn an_error_is_given_again_too() {
    let stand_in = stand_in().await;
    stand_in.on(Behaviour::new(Respond::status(500)).times(1));
    for replayed in [false, true] {
        let answer = create(&stand_in, "name=A").await;
        assert_eq!(answer.headers().contains_key("idempotent-replayed"), replayed);
        let (status, error) = error_of(answer).await;
        assert_eq!(
            (status, &error["type"]),
            (StatusCode::INTERNAL_SERVER_ERROR, &"api_error".into())
        );
    }
    assert!(stand_in.customers().is_empty());
}

#[tokio::test]
async fn what_never_began_is_not_kept() {
    let stand_in = stand_in().await;
    assert_eq!(create(&stand_in, "colour=red").await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(create(&stand_in, "name=A").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_lost_answer_is_found_again_by_its_key() {
    let stand_in = stand_in().await;
    for (respond, key) in [(Respond::Swallow, "key-1"), (Respond::Cut, "key-2")] {
        stand_in.on(Behaviour::new(respond).times(1));
        let lost = try_call(&stand_in, Method::POST, "/v1/customers", "name=A", Some(key)).await;
        let lost = match lost {
            Ok(answer) => answer.bytes().await.map(|_| ()),
            Err(error) => Err(error),
        };
        assert!(lost.is_err(), "{key}");
        let count = stand_in.customers().len();
        let answer = call_with(&stand_in, Method::POST, "/v1/customers", "name=A", Some(key)).await;
        let found: Value = answer.json().await.unwrap();
        assert_eq!(stand_in.customers().len(), count, "{key}");
        assert_eq!(stand_in.customers()[count - 1]["id"], found["id"], "{key}");
    }
}

#[tokio::test]
async fn a_call_that_hangs_frees_its_key_when_its_client_goes() {
    let stand_in = stand_in().await;
    stand_in.on(Behaviour::new(Respond::Hang).times(1));
    let hanging = create(&stand_in, "name=A");
    assert!(tokio::time::timeout(Duration::from_millis(200), hanging).await.is_err());
    let mut status = create(&stand_in, "name=A").await.status();
    for _ in 0..500 {
        if status == StatusCode::OK {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        status = create(&stand_in, "name=A").await.status();
    }
    assert_eq!(status, StatusCode::OK);
    assert_eq!(stand_in.customers().len(), 1, "the first did nothing");
}
