//! Logging in with a password.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::json;

use crate::{App, NUMBER, PASSWORD, UNKNOWN};

#[tokio::test]
async fn the_right_password_logs_in() {
    let app = App::start().await;
    app.user_with_password().await;
    let answer = app.login("1 (415) 555-2671", PASSWORD).await.expect(200);
    assert_eq!(
        (answer.json()["token_type"].clone(), answer.json()["expires_in"].clone()),
        (json!("bearer"), json!(3_600))
    );
    let tokens = answer.tokens();
    app.refresh(&tokens.refresh).await.expect(200);
}

#[tokio::test]
async fn why_a_login_failed_shows_neither_in_the_answer_nor_in_the_work() {
    let with_password = App::start().await;
    with_password.user_with_password().await;
    let without_password = App::start().await;
    without_password.user().await;
    let unverified = App::start().await;
    unverified.signup(json!({"password": PASSWORD})).await.expect(201);
    let nobody = App::start().await;

    let mut seen = Vec::new();
    for (app, number, password) in [
        (&with_password, NUMBER, "a wrong password"),
        (&without_password, NUMBER, "a wrong password"),
        (&unverified, NUMBER, PASSWORD),
        (&nobody, UNKNOWN, "a wrong password"),
    ] {
        for first in [true, false] {
            app.wire.calls();
            let answer = app.login(number, password).await;
            answer.refused(401, "invalid_credentials");
            seen.push((first, answer.str("detail"), app.wire.calls()));
        }
    }
    for (first, detail, calls) in &seen {
        let like = seen.iter().find(|other| other.0 == *first).unwrap();
        assert_eq!((detail, calls), (&like.1, &like.2));
    }
}

#[tokio::test]
async fn an_unknown_number_takes_as_long_as_a_wrong_password() {
    let app = App::start().await;
    app.user_with_password().await;
    let mut fastest = [Duration::MAX; 2];
    for _ in 0..5 {
        for (number, fastest) in [NUMBER, UNKNOWN].iter().zip(&mut fastest) {
            let began = Instant::now();
            app.login(number, "a wrong password").await.expect(401);
            *fastest = began.elapsed().min(*fastest);
        }
    }
    // Without a hash to verify it would be a tenth.
    let [known, unknown] = fastest;
    assert!(unknown > known / 2 && known > unknown / 2, "{known:?}, {unknown:?}");
}

#[tokio::test]
async fn after_ten_wrong_passwords_a_number_is_locked_for_a_quarter_of_an_hour() {
    let app = App::start().await;
    app.user_with_password().await;
    for number in [NUMBER, UNKNOWN] {
        for _ in 0..10 {
            app.login(number, "a wrong password").await.refused(401, "invalid_credentials");
        }
        let locked = app.login(number, PASSWORD).await;
        locked.refused(429, "too_many_attempts");
        assert_eq!(locked.retry_after(), 900);
    }
    // A code still lets its owner in.
    app.pass(SignedDuration::from_mins(1));
    app.sign_in().await;
    app.pass(SignedDuration::from_mins(14));
    app.login(NUMBER, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_right_password_forgets_the_wrong_ones() {
    let app = App::start().await;
    app.user_with_password().await;
    for _ in 0..2 {
        for _ in 0..9 {
            app.login(NUMBER, "a wrong password").await.refused(401, "invalid_credentials");
        }
        app.login(NUMBER, PASSWORD).await.expect(200);
    }
}

#[tokio::test]
async fn the_count_begins_anew_though_the_one_before_lingers_in_the_table() {
    let app = App::start().await;
    app.user_with_password().await;
    for _ in 0..3 {
        let guesses = join_all((0..12).map(|_| app.login(NUMBER, "a wrong password"))).await;
        assert_eq!(guesses.iter().filter(|answer| answer.status == 401).count(), 10);
        assert!(app.stored().await.contains("login#failures"));
        app.pass(SignedDuration::from_mins(15));
    }
}

#[tokio::test]
async fn of_parallel_guesses_at_the_start_of_a_window_ten_are_looked_at() {
    let app = App::start().await;
    app.user_with_password().await;
    let answers = join_all((0..40).map(|_| app.login(NUMBER, "a wrong password"))).await;
    let looked_at = answers.iter().filter(|answer| answer.status == 401).count();
    assert_eq!(looked_at, 10);
}

#[tokio::test]
async fn a_login_that_meets_a_change_of_the_password_opens_no_session() {
    let app = App::start().await;
    let owner = app.user_with_password().await;
    let mut held = app.wire.hold("PutItem");
    let (login, ()) = tokio::join!(app.login(NUMBER, PASSWORD), async {
        held.arrived().await;
        let body = json!({"old_password": PASSWORD, "new_password": "another password"});
        app.change_password(&owner, body).await.expect(200);
        held.release();
    });
    let tokens = login.tokens();
    app.refresh(&tokens.refresh).await.refused(401, "invalid_refresh_token");
}
