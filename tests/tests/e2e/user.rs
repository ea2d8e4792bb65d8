//! One's own account: seeing it, changing it, leaving.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use tests::{
    Behaviour, Parley, Respond, Response, clear_of_midnight, is_midnight_in, now, random_digits,
};

fn timestamp(value: &Value) -> Timestamp {
    let text = value.as_str().unwrap_or_else(|| panic!("not a time: {value}"));
    assert!(text.ends_with('Z'), "not in UTC: {text}");
    text.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn me_is_the_account_with_its_quota() {
    clear_of_midnight().await;
    let parley = Parley::start().await;
    let user = parley.user().await;
    let answer = user.get("/user/me").await.expect(200);
    let me = answer.json();
    assert!(me["id"].as_str().is_some_and(|id| id.len() == 26), "{answer}");
    assert_eq!(me["mobile_number"], user.mobile_number, "{answer}");
    assert_eq!(me["full_name"], Value::Null, "{answer}");
    assert_eq!(me["email"], Value::Null, "{answer}");
    assert_eq!(me["subscription_tier"], "basic", "{answer}");
    assert_eq!(me["daily_message_count"], 0, "{answer}");
    assert_eq!(me["daily_limit"], 5, "{answer}");
    let resets_in = timestamp(&me["resets_at"]).as_second() - now().as_second();
    assert!(is_midnight_in(resets_in), "{answer}");
    let age = now().as_second() - timestamp(&me["created_at"]).as_second();
    assert!((-1..60).contains(&age), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_count_grows_with_every_accepted_message() {
    clear_of_midnight().await;
    let parley = Parley::start().await;
    let user = parley.user().await;
    let room = user.create_room("Counting").await;
    for sent in 1..=5 {
        user.ask(&room, &format!("Message number {sent}")).await;
        assert_eq!(user.daily_message_count().await, sent);
    }
    user.send(&room, "Refused, so not counted").await.is(429);
    user.send(&room, " ").await.is(422);
    assert_eq!(user.daily_message_count().await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn name_and_email_can_be_changed_one_by_one() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let name = json!({"full_name": "Ada Lovelace"});
    let answer = user.patch("/user/me").json(&name).await.expect(200);
    assert_eq!(answer.json()["full_name"], "Ada Lovelace", "{answer}");
    let email = json!({"email": "ada@example.org"});
    let answer = user.patch("/user/me").json(&email).await.expect(200);
    assert_eq!(answer.json()["full_name"], "Ada Lovelace", "{answer}");
    assert_eq!(answer.json()["email"], "ada@example.org", "{answer}");
    assert_eq!(user.get("/user/me").await.json(), answer.json());
}

#[tokio::test(flavor = "multi_thread")]
async fn faulty_changes_are_named_together_and_change_nothing() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let before = user.get("/user/me").await.json();
    for body in [
        json!({"full_name": "", "email": "nobody"}),
        json!({"full_name": "x".repeat(101), "email": "@"}),
        json!({"full_name": 5, "email": []}),
        json!({"full_name": "a\u{0}b", "email": "a b@example.org"}),
    ] {
        let answer = user.patch("/user/me").json(&body).await;
        assert_eq!(answer.faulty_fields(), ["email", "full_name"], "{body}: {answer}");
    }
    let half = json!({"full_name": "Ada Lovelace", "email": "nobody"});
    assert_eq!(user.patch("/user/me").json(&half).await.faulty_fields(), ["email"]);
    assert_eq!(user.get("/user/me").await.json(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_makes_themselves_pro_or_somebody_else() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let before = user.get("/user/me").await.json();
    let body = json!({
        "full_name": "Ada Lovelace",
        "id": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "mobile_number": "+14155550100",
        "subscription_tier": "pro",
        "tier": "pro",
        "daily_message_count": -100,
        "daily_limit": 1_000,
        "created_at": "2020-01-01T00:00:00Z",
        "resets_at": "2020-01-01T00:00:00Z",
        "verified": true,
    });
    let answer = user.patch("/user/me").json(&body).await;
    // Unknown fields may be ignored, or the whole request refused.
    assert!([200, 422].contains(&answer.status()), "{answer}");
    let mut after = user.get("/user/me").await.json();
    after["full_name"] = before["full_name"].clone();
    assert_eq!(after, before);

    let signup = json!({"subscription_tier": "pro", "daily_limit": 1_000, "verified": true});
    let number = format!("+1415555{}", random_digits(7));
    let answer = parley.signup(&number, signup).await;
    assert!([201, 422].contains(&answer.status()), "{answer}");
    if answer.status() == 201 {
        assert_eq!(answer.json()["subscription_tier"], "basic", "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_is_gone_at_once_and_its_number_is_free() {
    let Some(parley) = Parley::builder().without_quota().start().await else { return };
    let user = parley.user().await;
    let first_id = user.get("/user/me").await.string("id");
    let password = "correct horse battery";
    let body = json!({"new_password": password});
    user.post("/auth/change-password").json(&body).await.is(200);
    let room = user.create_room("Soon gone").await;
    let question = user.ask(&room, "What remains of me?").await;
    user.wait_for_reply(&room, &question).await;
    // A reply that is still on its way is nobody's problem any more.
    parley.model().set_delay(std::time::Duration::from_millis(300));
    user.ask(&room, "And of this question?").await;

    user.delete("/user/me").await.is(204);

    user.get("/user/me").await.is(401);
    for path in [
        "/chatroom".to_owned(),
        format!("/chatroom/{room}"),
        format!("/chatroom/{room}/messages"),
        format!("/chatroom/{room}/messages/{question}"),
    ] {
        let answer = user.get(&path).await;
        // The token may be known to be dead, or the things just not be there.
        match answer.status() {
            401 | 404 => {}
            200 => assert_eq!(answer.array(), [Value::Null; 0], "{answer}"),
            _ => panic!("{answer}"),
        }
    }
    let sent = user.send(&room, "Hello?").await;
    assert!([401, 404].contains(&sent.status()), "{sent}");
    let created = user.post("/chatroom").json(&json!({"name": "A ghost's"})).await;
    assert_eq!(created.status(), 401, "{created}");
    parley.refresh(&user.refresh_token).await.is(401);
    parley.login(&user.mobile_number, password).await.is(401);

    // Its next owner starts from nothing. (A number that has just had a code waits for the next.)
    parley.signup(&user.mobile_number, json!({})).await.is(201);
    parley.login(&user.mobile_number, password).await.is(401);
    let code = parley.post("/auth/send-otp").json(&json!({"mobile_number": user.mobile_number}));
    let code = code.await;
    if code.status() == 429 {
        let wait = u64::try_from(code.retry_after()).unwrap();
        assert!(wait <= 30, "{code}");
        tokio::time::sleep(std::time::Duration::from_secs(wait)).await;
    }
    let next = if code.status() == 200 {
        let verified = parley.verify(&user.mobile_number, &code.string("otp")).await;
        verified.signed_in(&parley, &user.mobile_number)
    } else {
        parley.sign_in(&user.mobile_number).await
    };
    let me = next.get("/user/me").await.expect(200);
    assert_ne!(me.string("id"), first_id, "{me}");
    assert_eq!(me.json()["daily_message_count"], 0, "{me}");
    assert_eq!(next.rooms().await, [""; 0]);
    next.get(&format!("/chatroom/{room}")).await.is(404);
}

fn today() -> String {
    now().to_zoned(TimeZone::UTC).date().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_is_counted_per_day() {
    clear_of_midnight().await;
    let Some(parley) = Parley::builder().without_quota().start().await else { return };
    let user = parley.user().await;
    let room = user.create_room("Usage").await;
    parley.model().on(Behaviour::new(Respond::Block).when("blocked"));
    let mut tokens = (0, 0);
    for nth in 1..=3 {
        let reply = user.ask_and_wait(&room, &format!("Question number {nth}")).await;
        let count = |name: &str| {
            reply["usage"][name].as_u64().unwrap_or_else(|| panic!("no {name}: {reply}"))
        };
        tokens = (tokens.0 + count("input_tokens"), tokens.1 + count("output_tokens"));
    }
    user.ask_and_wait(&room, "This one is blocked").await;

    let answer = user.get("/user/me/usage").await.expect(200);
    let day = day_of_usage(&answer, &today());
    assert_eq!(day["messages"], 3, "{answer}");
    assert_eq!(day["failures"], 1, "{answer}");
    // The blocked prompt was read as well, and what it cost may be counted too.
    assert!(day["input_tokens"].as_u64() >= Some(tokens.0), "{tokens:?}: {answer}");
    assert_eq!(day["output_tokens"], tokens.1, "{answer}");

    let one = user.get("/user/me/usage?days=1").await.expect(200);
    assert_eq!(day_of_usage(&one, &today()), day, "{one}");

    let somebody_else = parley.user().await;
    let answer = somebody_else.get("/user/me/usage").await.expect(200);
    assert_eq!(answer.array(), [Value::Null; 0], "{answer}");
}

/// The entry of one day.
fn day_of_usage(answer: &Response, day: &str) -> Value {
    let days = answer.array();
    days.into_iter()
        .find(|entry| entry["day"] == day)
        .unwrap_or_else(|| panic!("no {day}: {answer}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_days_of_usage_are_a_sensible_number() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    for days in ["0", "-1", "many", "1.5", "10000", "99999999999999999999"] {
        let answer = user.get(&format!("/user/me/usage?days={days}")).await;
        assert_eq!(answer.faulty_fields(), ["days"], "{days}: {answer}");
    }
}
