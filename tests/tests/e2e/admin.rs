//! The operators' view.

use serde_json::json;
use tests::{Behaviour, Parley, Respond, Response, cache_is_expected};

const STATUS: &str = "/admin/status";

#[track_caller]
fn refused(answer: Response, status: u16, code: &str) {
    assert_eq!(answer.expect(status).string("code"), code);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_view_is_for_operators_alone() {
    let parley = Parley::start().await;
    refused(parley.get(STATUS).await, 401, "missing_token");
    refused(parley.get(STATUS).token("x.y.z").await, 401, "invalid_token");
    refused(parley.user().await.get(STATUS).await, 403, "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_becomes_an_operator_by_asking_for_it() {
    let parley = Parley::start().await;
    let number = tests::random_number();
    parley.signup(&number, json!({"role": "operator"})).await.is(201);
    let user = parley.sign_in(&number).await;
    user.patch("/user/me").json(&json!({"role": "operator"})).await.is(200);
    let refreshed = parley.refresh(&user.refresh_token).await;
    let user = refreshed.signed_in(&parley, &number);
    assert_eq!(user.get("/user/me").await.expect(200).json().get("role"), None);
    refused(user.get(STATUS).await, 403, "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_all_parts_for_as_long_as_they_are_one() {
    let Some(parley) = Parley::builder().start().await else { return };
    let operator = parley.operator().await;
    assert_eq!(operator.get("/user/me").await.expect(200).string("role"), "operator");
    let status = operator.get(STATUS).await.expect(200).json();
    assert_eq!(status["status"], "ok", "{status}");
    assert_eq!(status["needs_attention"], json!([]));
    for table in ["users", "chatrooms", "messages"] {
        assert_eq!(status["tables"][table]["status"], "ok", "{status}");
    }
    for queue in ["queue", "dead_letter_queue"] {
        assert_eq!(status[queue]["status"], "ok", "{status}");
    }
    assert_eq!(status["oldest_pending"], json!({"status": "ok", "age_seconds": null}));
    let cache = if cache_is_expected() { "ok" } else { "off" };
    assert_eq!(status["cache"]["status"], cache, "{status}");
    assert_eq!(status["model"]["status"], "ok", "{status}");
    assert_eq!(status["versions"]["stage"], "local");

    parley.dismiss(&operator).await;
    refused(operator.get(STATUS).await, 403, "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_without_an_answer_shows_in_the_view() {
    let Some(parley) = Parley::builder().start().await else { return };
    let operator = parley.operator().await;
    parley.model().on(Behaviour::new(Respond::Hang));
    let room = operator.create_room("Waiting").await;
    operator.ask(&room, "Are you there?").await;
    let status = operator.get(STATUS).await.expect(200).json();
    assert!(status["oldest_pending"]["age_seconds"].is_u64(), "{status}");
    let queue = &status["queue"];
    let waiting = queue["visible"].as_u64().unwrap() + queue["in_flight"].as_u64().unwrap();
    assert_eq!(waiting, 1, "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_gone_shows_in_the_view_and_the_view_is_there() {
    let parley = Parley::builder().env("GEMINI_MODEL", "gemini-2.5-flash").start().await;
    let Some(parley) = parley else { return };
    let status = parley.operator().await.get(STATUS).await.expect(200).json();
    assert_eq!(status["status"], "degraded");
    assert_eq!(status["needs_attention"], json!(["model"]));
    assert_eq!(status["model"], json!({"status": "gone", "name": "gemini-2.5-flash"}));
}
