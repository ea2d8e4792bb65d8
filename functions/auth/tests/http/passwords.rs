//! Setting a password, and which sessions outlive it.

use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::json;

use crate::{App, NUMBER, PASSWORD, Tokens, wrong};

const NEW: &str = "staple of another kind";

impl App {
    async fn change(&self, tokens: &Tokens, old: &str, new: &str) {
        let body = json!({"old_password": old, "new_password": new});
        self.change_password(tokens, body).await.expect(200);
    }
}

#[tokio::test]
async fn a_user_without_a_password_sets_one() {
    let app = App::start().await;
    let user = app.user().await;
    app.change_password(&user, json!({"new_password": PASSWORD})).await.expect(200);
    app.login(NUMBER, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_change_needs_the_old_password() {
    let app = App::start().await;
    let user = app.user_with_password().await;
    for body in [json!({"new_password": NEW}), json!({"new_password": NEW, "old_password": null})] {
        let missing = app.change_password(&user, body).await;
        assert_eq!(missing.faulty_fields(), ["old_password"]);
    }
    let body = json!({"old_password": NEW, "new_password": NEW});
    app.change_password(&user, body).await.refused(403, "wrong_password");
    app.login(NUMBER, NEW).await.expect(401);
    app.change(&user, PASSWORD, NEW).await;
    app.login(NUMBER, PASSWORD).await.expect(401);
    app.login(NUMBER, NEW).await.expect(200);
}

#[tokio::test]
async fn wrong_old_passwords_count_as_wrong_logins() {
    let app = App::start().await;
    let user = app.user_with_password().await;
    let body = json!({"old_password": NEW, "new_password": NEW});
    let answers = join_all((0..15).map(|_| app.change_password(&user, body.clone()))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 403).count(), 10);
    app.login(NUMBER, PASSWORD).await.refused(429, "too_many_attempts");
    let right = json!({"old_password": PASSWORD, "new_password": NEW});
    app.change_password(&user, right).await.refused(429, "too_many_attempts");
}

#[tokio::test]
async fn a_change_ends_all_other_sessions_and_keeps_its_own() {
    let app = App::start().await;
    let user = app.user_with_password().await;
    let other = app.login(NUMBER, PASSWORD).await.tokens();
    app.change(&user, PASSWORD, NEW).await;
    app.refresh(&other.refresh).await.refused(401, "invalid_refresh_token");
    let body = json!({"old_password": NEW, "new_password": PASSWORD});
    app.change_password(&other, body).await.refused(401, "session_ended");
    app.refresh(&user.refresh).await.expect(200);
}

#[tokio::test]
async fn the_session_that_was_kept_ends_with_the_next_change_of_another() {
    let app = App::start().await;
    let first = app.user_with_password().await;
    app.change(&first, PASSWORD, NEW).await;
    let second = app.login(NUMBER, NEW).await.tokens();
    let first = app.refresh(&first.refresh).await.tokens();
    app.change(&second, NEW, PASSWORD).await;
    app.refresh(&first.refresh).await.refused(401, "invalid_refresh_token");
    app.refresh(&second.refresh).await.expect(200);
    // And one session may change it twice.
    app.change(&second, PASSWORD, NEW).await;
    app.change(&second, NEW, PASSWORD).await;
}

#[tokio::test]
async fn a_session_that_was_signed_out_changes_nothing() {
    let app = App::start().await;
    let user = app.user().await;
    app.post_as(&user.access, "/auth/logout", &json!({})).await.expect(204);
    let answer = app.change_password(&user, json!({"new_password": NEW})).await;
    answer.refused(401, "session_ended");
    app.login(NUMBER, NEW).await.expect(401);
}

#[tokio::test]
async fn of_two_changes_at_once_one_is_told_to_try_again() {
    let app = App::start().await;
    let user = app.user().await;
    let mut held = app.wire.hold("UpdateItem");
    let (late, ()) =
        tokio::join!(app.change_password(&user, json!({"new_password": NEW})), async {
            held.arrived().await;
            app.change_password(&user, json!({"new_password": PASSWORD})).await.expect(200);
            held.release();
        });
    late.refused(409, "account_changed");
    app.login(NUMBER, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_change_succeeds_though_dynamodbs_answer_got_lost() {
    let app = App::start().await;
    let user = app.user().await;
    app.wire.lose_answer("UpdateItem");
    app.change_password(&user, json!({"new_password": PASSWORD})).await.expect(200);
    app.login(NUMBER, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_reset_sets_the_password_and_ends_all_sessions() {
    let app = App::start().await;
    let user = app.user_with_password().await;
    let kept = user.clone();
    app.change(&kept, PASSWORD, NEW).await;
    let other = app.login(NUMBER, NEW).await.tokens();
    let code = app.reset_code(NUMBER).await;
    let answer = app.reset(NUMBER, &code, PASSWORD).await.expect(200);
    assert!(!answer.str("message").is_empty());
    for tokens in [&kept, &other] {
        app.refresh(&tokens.refresh).await.refused(401, "invalid_refresh_token");
        let answer = app.change_password(tokens, json!({"new_password": NEW})).await;
        answer.refused(401, "session_ended");
    }
    app.login(NUMBER, NEW).await.expect(401);
    app.login(NUMBER, PASSWORD).await.expect(200);
    app.reset(NUMBER, &code, NEW).await.refused(401, "invalid_code");
}

#[tokio::test]
async fn of_parallel_resets_with_one_code_one_succeeds() {
    let app = App::start().await;
    app.user().await;
    let code = app.reset_code(NUMBER).await;
    let answers = join_all((0..5).map(|_| app.reset(NUMBER, &code, PASSWORD))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 401).count(), 4);
}

#[tokio::test]
async fn a_reset_unlocks_the_number() {
    let app = App::start().await;
    app.user_with_password().await;
    for _ in 0..10 {
        app.login(NUMBER, NEW).await.refused(401, "invalid_credentials");
    }
    app.login(NUMBER, PASSWORD).await.refused(429, "too_many_attempts");
    let code = app.reset_code(NUMBER).await;
    app.reset(NUMBER, &code, NEW).await.expect(200);
    app.login(NUMBER, NEW).await.expect(200);
}

#[tokio::test]
async fn a_reset_verifies_an_account_that_was_not() {
    let app = App::start().await;
    app.signup(json!({"password": PASSWORD})).await.expect(201);
    let code = app.reset_code(NUMBER).await;
    app.reset(NUMBER, &wrong(&code), NEW).await.refused(401, "invalid_code");
    app.reset(NUMBER, &code, NEW).await.expect(200);
    app.login(NUMBER, PASSWORD).await.expect(401);
    app.signup(json!({})).await.refused(409, "already_registered");
    app.pass(SignedDuration::from_hours(48));
    app.login(NUMBER, NEW).await.expect(200);
}

#[tokio::test]
async fn a_new_password_has_8_to_128_characters() {
    let app = App::start().await;
    let user = app.user().await;
    let code = app.reset_code(NUMBER).await;
    for bad in ["1234567", &"x".repeat(129), ""] {
        let answer = app.change_password(&user, json!({"new_password": bad})).await;
        assert_eq!(answer.faulty_fields(), ["new_password"]);
        assert_eq!(app.reset(NUMBER, &code, bad).await.faulty_fields(), ["new_password"]);
        let answer = app.signup(json!({"password": bad})).await;
        assert_eq!(answer.faulty_fields(), ["password"]);
    }
    let longest = "ü".repeat(128);
    app.change_password(&user, json!({"new_password": longest})).await.expect(200);
    app.login(NUMBER, &longest).await.expect(200);
    assert_eq!(app.login(NUMBER, &"x".repeat(129)).await.faulty_fields(), ["password"]);
}
