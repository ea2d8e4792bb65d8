//! One-time codes: few tries, one use, one purpose, five minutes.

use futures_util::future::join_all;
use jiff::{SignedDuration, ToSpan as _};
use serde_json::json;

use crate::{Answer, App, NUMBER, PASSWORD, UNKNOWN, wrong};

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[tokio::test]
async fn a_code_signs_in_until_it_is_five_minutes_old() {
    for (age, status) in [(299_999, 200), (300_000, 401)] {
        let app = App::start().await;
        app.signup(json!({})).await.expect(201);
        let sent = app.ask_for_code(NUMBER).await.expect(200);
        assert_eq!(sent.json()["expires_in"], 300);
        app.pass(SignedDuration::from_millis(age));
        app.verify(NUMBER, &sent.str("otp")).await.expect(status);
    }
}

#[tokio::test]
async fn a_code_works_once() {
    let app = App::start().await;
    app.signup(json!({})).await.expect(201);
    let code = app.code(NUMBER).await;
    app.verify(NUMBER, &code).await.expect(200);
    app.verify(NUMBER, &code).await.refused(401, "invalid_code");
}

#[tokio::test]
async fn of_twenty_parallel_uses_of_a_code_one_succeeds() {
    let app = App::start().await;
    app.signup(json!({})).await.expect(201);
    let code = app.code(NUMBER).await;
    let answers = join_all((0..20).map(|_| app.verify(NUMBER, &code))).await;
    assert_eq!(count(&answers, 200), 1);
    assert_eq!(count(&answers, 401) + count(&answers, 429), 19);
}

#[tokio::test]
async fn of_parallel_guesses_five_are_looked_at_and_then_the_code_is_dead() {
    let app = App::start().await;
    app.signup(json!({})).await.expect(201);
    let code = app.code(NUMBER).await;
    app.pass(SignedDuration::from_secs(60));
    let guess = wrong(&code);
    let answers = join_all((0..100).map(|_| app.verify(NUMBER, &guess))).await;
    assert_eq!((count(&answers, 401), count(&answers, 429)), (5, 95));

    let dead = app.verify(NUMBER, &code).await;
    dead.refused(429, "too_many_attempts");
    assert_eq!(dead.retry_after(), 240);
    let next = app.code(NUMBER).await;
    app.verify(NUMBER, &next).await.expect(200);
}

#[tokio::test]
async fn the_fifth_try_may_be_right() {
    let app = App::start().await;
    app.signup(json!({})).await.expect(201);
    let code = app.code(NUMBER).await;
    for _ in 0..4 {
        app.verify(NUMBER, &wrong(&code)).await.refused(401, "invalid_code");
    }
    app.verify(NUMBER, &code).await.expect(200);
}

#[tokio::test]
async fn tries_at_a_reset_code_are_bounded_too() {
    let app = App::start().await;
    app.user().await;
    let code = app.reset_code(NUMBER).await;
    for _ in 0..5 {
        app.reset(NUMBER, &wrong(&code), PASSWORD).await.refused(401, "invalid_code");
    }
    app.reset(NUMBER, &code, PASSWORD).await.refused(429, "too_many_attempts");
}

#[tokio::test]
async fn a_code_is_good_for_its_own_purpose_only() {
    let app = App::start().await;
    app.signup(json!({})).await.expect(201);
    let (login, reset) = loop {
        let codes = (app.code(NUMBER).await, app.reset_code(NUMBER).await);
        if codes.0 != codes.1 {
            break codes;
        }
        app.pass(SignedDuration::from_mins(30));
    };
    app.verify(NUMBER, &reset).await.refused(401, "invalid_code");
    app.reset(NUMBER, &login, PASSWORD).await.refused(401, "invalid_code");
    app.reset(NUMBER, &reset, PASSWORD).await.expect(200);
    app.verify(NUMBER, &login).await.expect(200);
}

#[tokio::test]
async fn a_code_is_good_for_its_own_number_only() {
    let app = App::start().await;
    app.signup(json!({})).await.expect(201);
    let code = app.code(UNKNOWN).await;
    app.verify(NUMBER, &code).await.refused(401, "invalid_code");
}

#[tokio::test]
async fn a_new_code_replaces_the_one_before() {
    let app = App::start().await;
    app.signup(json!({})).await.expect(201);
    let first = app.code(NUMBER).await;
    app.pass(SignedDuration::from_secs(30));
    let second = app.code(NUMBER).await;
    if first != second {
        app.verify(NUMBER, &first).await.refused(401, "invalid_code");
    }
    app.verify(NUMBER, &second).await.expect(200);
}

#[tokio::test]
async fn codes_are_half_a_minute_apart_and_the_refused_request_changes_nothing() {
    let app = App::start().await;
    app.signup(json!({})).await.expect(201);
    let code = app.code(NUMBER).await;
    app.pass(SignedDuration::from_secs(12));
    let refused = app.ask_for_code(NUMBER).await;
    refused.refused(429, "otp_too_soon");
    assert_eq!(refused.retry_after(), 18);
    app.verify(NUMBER, &code).await.expect(200);
    // Nor does the use of the code allow another one.
    app.ask_for_code(NUMBER).await.refused(429, "otp_too_soon");
    app.pass(SignedDuration::from_secs(18));
    app.ask_for_code(NUMBER).await.expect(200);
}

#[tokio::test]
async fn there_are_five_codes_in_an_hour_for_each_purpose() {
    let app = App::start().await;
    for _ in 0..5 {
        app.code(NUMBER).await;
        app.pass(SignedDuration::from_mins(1));
    }
    let refused = app.ask_for_code(NUMBER).await;
    refused.refused(429, "otp_too_soon");
    assert_eq!(refused.retry_after(), 55 * 60);
    app.reset_code(NUMBER).await;
    app.pass(SignedDuration::from_mins(55));
    app.code(NUMBER).await;
    app.pass(SignedDuration::from_secs(30));
    app.ask_for_code(NUMBER).await.refused(429, "otp_too_soon");
}

#[tokio::test]
async fn of_parallel_requests_for_a_code_one_is_served() {
    let app = App::start().await;
    app.signup(json!({})).await.expect(201);
    let answers = join_all((0..20).map(|_| app.ask_for_code(NUMBER))).await;
    assert_eq!((count(&answers, 200), count(&answers, 429)), (1, 19));
    let code = answers.iter().find(|answer| answer.status == 200).unwrap().str("otp");
    app.verify(NUMBER, &code).await.expect(200);
}

#[tokio::test]
async fn who_asks_for_a_code_at_the_same_moment_loses_without_harm() {
    let app = App::start().await;
    app.signup(json!({})).await.expect(201);
    let mut held = app.wire.hold("PutItem");
    let (late, code) = tokio::join!(app.ask_for_code(NUMBER), async {
        held.arrived().await;
        let code = app.code(NUMBER).await;
        held.release();
        code
    });
    late.refused(429, "otp_too_soon");
    assert_eq!(late.retry_after(), 30);
    app.verify(NUMBER, &code).await.expect(200);
}

#[tokio::test]
async fn who_asks_for_another_code_at_the_same_moment_loses_without_harm() {
    let app = App::start().await;
    app.signup(json!({})).await.expect(201);
    app.code(NUMBER).await;
    app.pass(SignedDuration::from_secs(30));
    // The first call of each finds out what was sent before.
    app.wire.let_pass("PutItem");
    let mut held = app.wire.hold("PutItem");
    let (late, code) = tokio::join!(app.ask_for_code(NUMBER), async {
        held.arrived().await;
        let code = app.code(NUMBER).await;
        held.release();
        code
    });
    late.refused(429, "otp_too_soon");
    assert_eq!(late.retry_after(), 30);
    app.verify(NUMBER, &code).await.expect(200);
}

#[tokio::test]
async fn a_code_takes_one_call_where_none_was_sent_within_the_hour() {
    let app = App::start().await;
    let hour = SignedDuration::from_secs(3_601);
    let again = SignedDuration::from_mins(1);
    for (since, calls) in [(hour, 1), (again, 2), (again, 2), (hour - again, 2), (hour, 1)] {
        app.pass(since);
        app.wire.calls();
        app.code(UNKNOWN).await;
        assert_eq!(app.wire.calls(), vec!["PutItem"; calls], "{since}");
    }
}

#[tokio::test]
async fn a_code_is_given_out_though_dynamodbs_answer_got_lost() {
    let app = App::start().await;
    app.signup(json!({})).await.expect(201);
    for _ in 0..2 {
        app.wire.lose_answer("PutItem");
        let code = app.code(NUMBER).await;
        app.verify(NUMBER, &code).await.expect(200);
        app.pass(SignedDuration::from_hours(2));
    }
    app.code(NUMBER).await;
    app.pass(SignedDuration::from_secs(30));
    app.wire.let_pass("PutItem");
    app.wire.lose_answer("PutItem");
    let code = app.code(NUMBER).await;
    app.verify(NUMBER, &code).await.expect(200);
}

#[tokio::test]
async fn whether_a_number_is_known_shows_neither_in_the_answer_nor_in_the_work() {
    let app = App::start().await;
    app.signup(json!({})).await.expect(201);
    for path in ["/auth/send-otp", "/auth/forgot-password"] {
        let mut seen = Vec::new();
        for number in [NUMBER, UNKNOWN] {
            app.wire.calls();
            let body = json!({"mobile_number": number});
            let answer = app.post(path, &body).await.expect(200);
            let again = app.post(path, &body).await.expect(429);
            let mut shown = answer.json();
            shown["otp"] = json!(shown["otp"].as_str().unwrap().len());
            seen.push((shown, again.json()["detail"].clone(), app.wire.calls()));
        }
        assert_eq!(seen[0], seen[1]);
    }
}

#[tokio::test]
async fn a_guess_at_the_code_of_an_unknown_number_is_like_any_other() {
    let app = App::start().await;
    app.signup(json!({})).await.expect(201);
    let mut seen = Vec::new();
    for number in [NUMBER, UNKNOWN] {
        let code = app.code(number).await;
        app.wire.calls();
        let mut answers = Vec::new();
        for _ in 0..6 {
            let answer = app.verify(number, &wrong(&code)).await;
            answers.push((answer.status, answer.str("code"), answer.str("detail")));
        }
        seen.push((answers, app.wire.calls()));
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn the_right_code_of_an_unknown_number_opens_nothing() {
    let app = App::start().await;
    let code = app.code(UNKNOWN).await;
    app.verify(UNKNOWN, &code).await.refused(401, "invalid_code");
    let code = app.reset_code(UNKNOWN).await;
    app.reset(UNKNOWN, &code, PASSWORD).await.refused(401, "invalid_code");
    app.login(UNKNOWN, PASSWORD).await.refused(401, "invalid_credentials");
}

#[tokio::test]
async fn what_can_not_be_a_code_is_no_try() {
    let app = App::start().await;
    app.signup(json!({})).await.expect(201);
    let code = app.code(NUMBER).await;
    for otp in
        [json!(""), json!("12345"), json!("1234567"), json!("12345x"), json!(123_456), json!(null)]
    {
        let body = json!({"mobile_number": NUMBER, "otp": otp});
        let answer = app.post("/auth/verify-otp", &body).await;
        assert_eq!(answer.faulty_fields(), ["otp"]);
    }
    let nothing = app.post("/auth/verify-otp", &json!({})).await;
    assert_eq!(nothing.faulty_fields(), ["mobile_number", "otp"]);
    app.verify(NUMBER, &code).await.expect(200);
}

#[tokio::test]
async fn codes_are_kept_as_keyed_hashes_only() {
    let app = App::start().await;
    app.signup(json!({})).await.expect(201);
    let codes = [app.code(NUMBER).await, app.reset_code(NUMBER).await];
    let stored = app.stored().await;
    assert!(stored.contains("code_hash"), "{stored}");
    for code in codes {
        let alone = regex::Regex::new(&format!("\\b{code}\\b")).unwrap();
        assert!(!alone.is_match(&stored), "{code} in {stored}");
    }
}

#[tokio::test]
async fn an_old_code_may_linger_in_the_table_and_is_still_dead() {
    let app = App::start().await;
    app.signup(json!({})).await.expect(201);
    let code = app.code(NUMBER).await;
    app.clock.set(shared::domain::Clock::now(&*app.clock) + 23.hours());
    assert!(app.stored().await.contains("code_hash"));
    app.verify(NUMBER, &code).await.refused(401, "invalid_code");
    let code = app.code(NUMBER).await;
    app.verify(NUMBER, &code).await.expect(200);
}
