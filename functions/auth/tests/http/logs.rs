//! What must never be in a log, and what has to be.

use local::testing::Lines;
use serde_json::json;

use crate::{App, NUMBER, PASSWORD, UNKNOWN, wrong};

#[tokio::test]
async fn nothing_private_is_logged() {
    let app = App::start().await;
    let (log, _guard) = Lines::begin(app.clock.clone());
    let body =
        json!({"password": PASSWORD, "full_name": "Ada Lovelace", "email": "ada@example.org"});
    let id = app.signup(body).await.expect(201).str("id");
    let code = app.code(NUMBER).await;
    app.verify(NUMBER, &wrong(&code)).await.expect(401);
    let first = app.verify(NUMBER, &code).await.tokens();
    let second = app.refresh(&first.refresh).await.tokens();
    app.refresh(&first.refresh).await.expect(401);
    app.login(NUMBER, "a wrong password").await.expect(401);
    app.login(UNKNOWN, PASSWORD).await.expect(401);
    let third = app.login(NUMBER, PASSWORD).await.tokens();
    let body = json!({"old_password": PASSWORD, "new_password": "another password"});
    app.change_password(&third, body).await.expect(200);
    let reset = app.reset_code(NUMBER).await;
    app.reset(NUMBER, &reset, PASSWORD).await.expect(200);
    app.post("/auth/login", &json!({"mobile_number": "call me +14155550000"})).await.expect(422);

    let log = log.text();
    for secret in [
        code.as_str(),
        &reset,
        &first.access,
        &first.refresh,
        &second.access,
        &second.refresh,
        &third.access,
        &third.refresh,
        PASSWORD,
        "a wrong password",
        "another password",
        &NUMBER[1..],
        &UNKNOWN[1..],
        "14155550000",
        "Lovelace",
        "ada@example.org",
    ] {
        let alone = regex::Regex::new(&format!(r"\b{}\b", regex::escape(secret))).unwrap();
        assert!(!alone.is_match(&log), "{secret} in {log}");
    }
    // The log is not just empty: it tells of the theft, and whose session it was.
    let theft = log.lines().find(|line| line.contains("used refresh token came back")).unwrap();
    assert!(theft.contains("WARN") && theft.contains(&id), "{theft}");
    // And whose request it was, wherever that was known in the end.
    let known = log.lines().filter(|line| line.contains("\"answered\"") && line.contains(&id));
    assert_eq!(known.count(), 6, "a signup, three ways in, a change, a reset: {log}");
}

#[tokio::test]
async fn a_code_goes_to_the_log_only_where_that_is_its_delivery() {
    let app = App::start_with(|env| env.with("OTP_DELIVERY", "log")).await;
    let (log, _guard) = Lines::begin(app.clock.clone());
    app.signup(json!({})).await.expect(201);
    let answer = app.ask_for_code(NUMBER).await.expect(200);
    assert!(answer.json().get("otp").is_none(), "{answer}");
    let issued = log.only("a one-time code was issued");
    app.verify(NUMBER, issued["otp.code"].as_str().unwrap()).await.expect(200);
    assert!(!log.text().contains(&NUMBER[1..]), "{}", log.text());
    log.assert_counted(&[("OtpSent", 1)]);
}

#[tokio::test]
async fn a_code_that_is_answered_is_counted_and_one_that_is_refused_is_not() {
    let app = App::start().await;
    let (log, _guard) = Lines::begin(app.clock.clone());
    app.ask_for_code(NUMBER).await.expect(200);
    app.ask_for_code(NUMBER).await.expect(429);
    log.assert_counted(&[("OtpSent", 1)]);
}
