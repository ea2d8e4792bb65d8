//! `GET /user/me/usage`.

use jiff::Timestamp;
use serde_json::{Value, json};
use shared::{
    domain::{Caller, ChatroomId, Usage, text::Content},
    store::{Answer, Apology, NewMessage, Pending, Sent, Settled},
};

use crate::host::Host;

/// A question sent at `at` and settled at once: answered, or given up.
async fn settled(host: &Host, caller: &Caller, room: ChatroomId, at: &str, answered: bool) {
    let at: Timestamp = at.parse().unwrap();
    let content = Content::try_from("Hello".to_owned()).unwrap();
    let id = shared::domain::Ids::default().next(at);
    let message = NewMessage { id, chatroom_id: room, content: &content, claim: None };
    let sent = host.store.accept(caller, &message, &host.limits).await.unwrap();
    assert!(matches!(sent, Sent::Accepted), "{sent:?}");

    let question = Pending { user_id: caller.user_id, chatroom_id: room, message_id: id };
    let reply = host.ids.next_after(id, at);
    let usage = Usage { input_tokens: 10, output_tokens: 200 };
    let outcome = if answered {
        let answer = Answer { id: reply, content: "Hi", finish_reason: "STOP", usage };
        host.store.answer(&question, &answer).await.unwrap()
    } else {
        let usage = Usage { output_tokens: 0, ..usage };
        let apology = Apology { id: reply, content: "Sorry", usage };
        host.store.fail(&question, &apology).await.unwrap()
    };
    assert_eq!(outcome, Settled::Done);
}

async fn days(host: &Host, caller: &Caller, query: &str) -> Vec<String> {
    let answer = host.get(&format!("/user/me/usage{query}"), caller).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let days = answer.json();
    days.as_array().unwrap().iter().map(|day| day["day"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn answers_failures_and_tokens_are_told_for_each_day() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let room = host.room(&ada).await;
    assert_eq!(host.get("/user/me/usage", &ada).await.json(), json!([]));

    settled(&host, &ada, room, "2026-11-20T23:59:59.999Z", true).await;
    settled(&host, &ada, room, "2026-11-21T00:00:00.000Z", true).await;
    settled(&host, &ada, room, "2026-11-21T09:00:00.000Z", true).await;
    settled(&host, &ada, room, "2026-11-21T09:30:00.000Z", false).await;

    let stranger = host.stranger().await;
    let strangers_room = host.room(&stranger).await;
    settled(&host, &stranger, strangers_room, "2026-11-21T09:00:00.000Z", true).await;

    assert_eq!(
        host.get("/user/me/usage", &ada).await.json(),
        json!([
            { "day": "2026-11-20", "messages": 1, "failures": 0, "input_tokens": 10, "output_tokens": 200 },
            { "day": "2026-11-21", "messages": 2, "failures": 1, "input_tokens": 30, "output_tokens": 400 },
        ])
    );
}

#[tokio::test]
async fn today_is_the_last_of_the_days_asked_for() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let room = host.room(&ada).await;
    for day in ["2026-08-23", "2026-08-24", "2026-10-22", "2026-10-23", "2026-11-20", "2026-11-21"]
    {
        settled(&host, &ada, room, &format!("{day}T12:00:00Z"), true).await;
    }
    assert_eq!(days(&host, &ada, "?days=1").await, ["2026-11-21"]);
    assert_eq!(days(&host, &ada, "?days=2").await, ["2026-11-20", "2026-11-21"]);
    assert_eq!(days(&host, &ada, "").await, ["2026-10-23", "2026-11-20", "2026-11-21"]);
    assert_eq!(days(&host, &ada, "?days=90").await.first().unwrap(), "2026-08-24");
}

#[tokio::test]
async fn a_number_of_days_out_of_range_is_refused() {
    let host = Host::start().await;
    let ada = host.ada().await;
    for days in ["0", "91", "-1", "1.5", "many", "", "65536"] {
        let answer = host.get(&format!("/user/me/usage?days={days}"), &ada).await;
        let problem = answer.assert_problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["field"], "days", "{days}");
        assert_eq!(problem["errors"].as_array().map(Vec::len), Some(1));
    }
}

#[tokio::test]
async fn usage_tells_nothing_but_numbers() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let room = host.room(&ada).await;
    settled(&host, &ada, room, "2026-11-21T09:00:00.000Z", true).await;
    let day = &host.get("/user/me/usage", &ada).await.json()[0];
    let names: Vec<_> = day.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["day", "failures", "input_tokens", "messages", "output_tokens"]);
    assert!(names.iter().filter(|name| *name != "day").all(|name| day[name].is_u64()));
    assert!(matches!(&day["day"], Value::String(_)));
}
