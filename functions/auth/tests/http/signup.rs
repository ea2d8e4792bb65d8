//! Signing up, and whose password counts (`docs/adr/0002-signup-passwords.md`).

use std::future::pending;

use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{App, NUMBER, PASSWORD};

const OTHER: &str = "the attacker's password";

/// Verifies the number and tells which of these passwords then log in.
async fn let_in_after_verification(app: &App) -> Vec<&'static str> {
    app.sign_in().await;
    let mut let_in = Vec::new();
    for password in [PASSWORD, OTHER] {
        match app.login(NUMBER, password).await.status {
            200 => let_in.push(password),
            status => assert_eq!(status, 401),
        }
    }
    let_in
}

#[tokio::test]
async fn signup_answers_with_the_user() {
    let app = App::start().await;
    let body =
        json!({"password": PASSWORD, "full_name": "Ada Lovelace", "email": "ada@example.org"});
    let answer = app.signup(body).await.expect(201);
    let mut user = answer.json();
    let id = user.as_object_mut().unwrap().remove("id").unwrap();
    assert_eq!(id.as_str().unwrap().len(), 26);
    assert_eq!(
        user,
        json!({
            "mobile_number": NUMBER,
            "full_name": "Ada Lovelace",
            "email": "ada@example.org",
            "subscription_tier": "basic",
            "created_at": "2026-11-21T10:00:00.000Z",
        })
    );
}

#[tokio::test]
async fn all_wrong_fields_are_told_at_once_and_nothing_is_saved() {
    let app = App::start().await;
    let body =
        json!({"mobile_number": "x", "password": "short", "full_name": " ", "email": "nobody"});
    let answer = app.post("/auth/signup", &body).await;
    assert_eq!(answer.faulty_fields(), ["email", "full_name", "mobile_number", "password"]);
    assert!(!answer.text.contains("short"), "{answer}");
    app.signup(json!({"email": 7})).await.expect(422);
    assert_eq!(app.stored().await, "[]");
}

#[tokio::test]
async fn a_field_may_be_null() {
    let app = App::start().await;
    let body = json!({"password": null, "full_name": null, "email": null});
    let user = app.signup(body).await.expect(201).json();
    assert_eq!((&user["full_name"], &user["email"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_verified_number_is_taken_however_it_is_typed() {
    let app = App::start().await;
    app.user().await;
    for number in [NUMBER, "14155552671", " +1 (415) 555-2671 "] {
        let answer = app.post("/auth/signup", &json!({"mobile_number": number})).await;
        answer.refused(409, "already_registered");
    }
}

#[tokio::test]
async fn a_signup_of_a_number_that_is_taken_changes_nothing() {
    let app = App::start().await;
    app.user_with_password().await;
    let before = app.items().await;
    app.wire.calls();
    let body = json!({"password": OTHER, "full_name": "Mallory", "email": "m@example.org"});
    app.signup(body).await.refused(409, "already_registered");
    assert_eq!(app.wire.calls(), ["GetItem", "TransactWriteItems"]);
    assert_eq!(app.items().await, before);
}

#[tokio::test]
async fn a_new_number_is_signed_up_by_one_call() {
    let app = App::start().await;
    app.wire.calls();
    app.signup(json!({})).await.expect(201);
    assert_eq!(app.wire.calls(), ["TransactWriteItems"]);
}

#[tokio::test]
async fn a_number_that_becomes_free_in_the_middle_of_a_signup_gets_a_new_account() {
    let app = App::start().await;
    let user = app.user().await;
    let mut held = app.wire.hold("GetItem");
    let (signup, ()) = tokio::join!(app.signup(json!({})), async {
        held.arrived().await;
        app.delete_account(&user.access).await;
        held.release();
    });
    signup.expect(201);
    app.pass(SignedDuration::from_secs(30));
    app.sign_in().await;
}

#[tokio::test]
async fn a_later_signup_keeps_the_id_and_its_own_name_and_address_stand() {
    let app = App::start().await;
    let first = app.signup(json!({"full_name": "Mallory", "email": "m@example.org"})).await;
    let second = app.signup(json!({"full_name": "Ada"})).await.expect(201);
    assert_eq!(first.str("id"), second.str("id"));
    app.sign_in().await;
    let stored = app.stored().await;
    assert!(stored.contains("Ada"), "{stored}");
    assert!(!stored.contains("Mallory") && !stored.contains("m@example.org"), "{stored}");
}

#[tokio::test]
async fn an_account_nobody_verifies_is_forgotten_after_a_day() {
    let app = App::start().await;
    let first = app.signup(json!({})).await.expect(201).str("id");
    app.pass(SignedDuration::from_secs(24 * 3_600 - 1));
    let code = app.code(NUMBER).await;
    app.pass(SignedDuration::from_secs(1));
    app.verify(NUMBER, &code).await.refused(401, "invalid_code");
    let second = app.signup(json!({})).await.expect(201).str("id");
    assert_ne!(first, second);
    app.pass(SignedDuration::from_mins(1));
    app.sign_in().await;
}

#[tokio::test]
async fn a_later_signup_has_a_day_of_its_own_and_a_verified_account_stays() {
    let app = App::start().await;
    app.signup(json!({})).await.expect(201);
    app.pass(SignedDuration::from_hours(23));
    app.signup(json!({})).await.expect(201);
    app.pass(SignedDuration::from_hours(23));
    app.sign_in().await;
    app.pass(SignedDuration::from_hours(1_000));
    app.signup(json!({})).await.refused(409, "already_registered");
}

#[tokio::test]
async fn of_parallel_signups_comes_one_account() {
    let app = App::start().await;
    let answers = join_all((0..6).map(|_| app.signup(json!({})))).await;
    let ids: Vec<_> = answers.into_iter().map(|answer| answer.expect(201).str("id")).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[tokio::test]
async fn a_signup_gets_through_though_ten_others_were_quicker() {
    let app = App::start().await;
    app.signup(json!({})).await.expect(201);
    // The first one finds out whose the number is.
    app.wire.let_pass("TransactWriteItems");
    let mut held = app.wire.hold("TransactWriteItems");
    let quicker = async {
        for _ in 0..10 {
            held.arrived().await;
            app.signup(json!({"full_name": "Bob"})).await.expect(201);
            let next = app.wire.hold("TransactWriteItems");
            held.release();
            held = next;
        }
        held.arrived().await;
        held.release();
        pending().await
    };
    // A signup that gives up arrives no more: whoever waited for it would wait for ever.
    let slow = tokio::select! {
        answer = app.signup(json!({"full_name": "Ada"})) => answer,
        never = quicker => never,
    };
    assert_eq!(slow.expect(201).str("full_name"), "Ada");
}

#[tokio::test]
async fn a_password_given_at_signup_logs_in_once_the_number_is_verified() {
    let app = App::start().await;
    app.signup(json!({"password": PASSWORD})).await.expect(201);
    app.login(NUMBER, PASSWORD).await.refused(401, "invalid_credentials");
    app.pass(SignedDuration::from_mins(14));
    assert_eq!(let_in_after_verification(&app).await, [PASSWORD]);
}

#[tokio::test]
async fn the_same_password_again_is_no_contradiction() {
    let app = App::start().await;
    for name in ["Ada", "Ada Lovelace"] {
        app.signup(json!({"password": PASSWORD, "full_name": name})).await.expect(201);
    }
    assert_eq!(let_in_after_verification(&app).await, [PASSWORD]);
}

#[tokio::test]
async fn a_password_that_waits_for_a_quarter_of_an_hour_is_dropped() {
    let app = App::start().await;
    app.signup(json!({"password": OTHER})).await.expect(201);
    app.pass(SignedDuration::from_mins(8));
    // Given once more, it is no younger.
    app.signup(json!({"password": OTHER})).await.expect(201);
    app.pass(SignedDuration::from_mins(7));
    assert_eq!(let_in_after_verification(&app).await, [""; 0]);
    let stored = app.stored().await;
    assert!(!stored.contains("password_hash"), "{stored}");
}

#[tokio::test]
async fn of_differing_passwords_none_counts() {
    for signups in [
        [Some(OTHER), Some(PASSWORD), None],
        [Some(PASSWORD), Some(OTHER), None],
        [Some(OTHER), None, None],
        [None, Some(OTHER), None],
        [Some(OTHER), Some(PASSWORD), Some(OTHER)],
        [Some(OTHER), None, Some(OTHER)],
    ] {
        let app = App::start().await;
        for password in signups {
            app.signup(json!({"password": password})).await.expect(201);
        }
        assert_eq!(let_in_after_verification(&app).await, [""; 0], "{signups:?}");
    }
}

#[tokio::test]
async fn a_signup_between_a_code_and_its_use_counts_as_well() {
    let app = App::start().await;
    app.signup(json!({"password": PASSWORD})).await.expect(201);
    let code = app.code(NUMBER).await;
    app.signup(json!({"password": OTHER})).await.expect(201);
    app.verify(NUMBER, &code).await.expect(200);
    app.login(NUMBER, PASSWORD).await.expect(401);
    app.login(NUMBER, OTHER).await.expect(401);
}

#[tokio::test]
async fn a_signup_in_the_middle_of_a_verification_counts_as_well() {
    let app = App::start().await;
    app.signup(json!({"password": OTHER})).await.expect(201);
    let code = app.code(NUMBER).await;
    app.wire.calls();
    let mut held = app.wire.hold("TransactWriteItems");
    let (verified, ()) = tokio::join!(app.verify(NUMBER, &code), async {
        held.arrived().await;
        app.signup(json!({})).await.expect(201);
        held.release();
    });
    verified.expect(200);
    let transactions = app.wire.calls().iter().filter(|call| *call == "TransactWriteItems").count();
    assert_eq!(transactions, 4, "the verification looked again");
    app.login(NUMBER, OTHER).await.expect(401);
}

#[tokio::test]
async fn a_signup_after_a_verification_has_read_the_account_counts_as_well() {
    let app = App::start().await;
    app.signup(json!({"password": OTHER})).await.expect(201);
    let code = app.code(NUMBER).await;
    app.wire.calls();
    // The try's count is held up, the account is read meanwhile.
    let mut held = app.wire.hold("UpdateItem");
    let (verified, ()) = tokio::join!(app.verify(NUMBER, &code), async {
        held.arrived().await;
        app.login(NUMBER, PASSWORD).await.expect(401);
        app.signup(json!({})).await.expect(201);
        held.release();
    });
    verified.expect(200);
    let transactions = app.wire.calls().iter().filter(|call| *call == "TransactWriteItems").count();
    assert_eq!(transactions, 4, "the verification looked again");
    app.login(NUMBER, OTHER).await.expect(401);
}

#[tokio::test]
async fn a_contradiction_is_not_lost_between_parallel_signups() {
    let app = App::start().await;
    app.signup(json!({"password": OTHER})).await.expect(201);
    // The first one finds out whose the number is.
    app.wire.let_pass("TransactWriteItems");
    let mut held = app.wire.hold("TransactWriteItems");
    let (repeated, ()) = tokio::join!(app.signup(json!({"password": OTHER})), async {
        held.arrived().await;
        app.signup(json!({"password": PASSWORD})).await.expect(201);
        held.release();
    });
    repeated.expect(201);
    assert_eq!(let_in_after_verification(&app).await, [""; 0]);
}

#[tokio::test]
async fn a_verification_in_the_middle_of_a_signup_wins() {
    let app = App::start().await;
    app.signup(json!({})).await.expect(201);
    let code = app.code(NUMBER).await;
    // The first one finds out whose the number is.
    app.wire.let_pass("TransactWriteItems");
    let mut held = app.wire.hold("TransactWriteItems");
    let (signup, ()) = tokio::join!(app.signup(json!({"password": OTHER})), async {
        held.arrived().await;
        app.verify(NUMBER, &code).await.expect(200);
        held.release();
    });
    signup.refused(409, "already_registered");
    app.login(NUMBER, OTHER).await.expect(401);
}

#[tokio::test]
async fn passwords_are_kept_as_hashes_only() {
    let app = App::start().await;
    app.signup(json!({"password": PASSWORD})).await.expect(201);
    let stored = app.stored().await;
    assert!(stored.contains("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
    assert!(!stored.contains(PASSWORD), "{stored}");
}
