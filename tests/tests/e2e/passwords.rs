//! Passwords: logging in with one, changing it, resetting it, and whom it lets in.

use serde_json::{Value, json};
use tests::{Parley, User, random_number};

const PASSWORD: &str = "correct horse battery";
const NEW_PASSWORD: &str = "staple of another kind";

async fn user_with_password(parley: &Parley) -> User {
    let user = parley.user().await;
    let body = json!({"new_password": PASSWORD});
    user.post("/auth/change-password").json(&body).await.is(200);
    user
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_a_password_logs_in_with_it() {
    let parley = Parley::start().await;
    let user = user_with_password(&parley).await;
    let again = parley.login(&user.mobile_number, PASSWORD).await;
    let again = again.signed_in(&parley, &user.mobile_number);
    let (first, second) = (user.get("/user/me").await.json(), again.get("/user/me").await.json());
    assert_eq!(first["id"], second["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_an_unknown_number_get_the_same_answer() {
    let parley = Parley::start().await;
    let with_password = user_with_password(&parley).await.mobile_number;
    let without_password = parley.user().await.mobile_number;
    let unverified = random_number();
    parley.signup(&unverified, json!({"password": PASSWORD})).await.is(201);

    let mut bodies: Vec<Value> = Vec::new();
    for (number, password) in [
        (random_number(), "wrong password"),
        (with_password, "wrong password"),
        (without_password, "wrong password"),
        (unverified, PASSWORD),
    ] {
        let answer = parley.login(&number, password).await.expect(401);
        let mut body = answer.json();
        body.as_object_mut().unwrap().remove("request_id");
        bodies.push(body);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_given_at_signup_logs_in_once_the_number_is_verified() {
    let parley = Parley::start().await;
    let number = random_number();
    parley.signup(&number, json!({"password": PASSWORD})).await.is(201);
    parley.login(&number, PASSWORD).await.is(401);
    parley.sign_in(&number).await;
    parley.login(&number, PASSWORD).await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_of_somebody_elses_signup_never_opens_the_account_that_was_verified() {
    let parley = Parley::start().await;
    let attackers = "the attacker's password";
    for victims_signup in [json!({}), json!({"password": PASSWORD})] {
        let number = random_number();
        parley.signup(&number, json!({"password": attackers})).await.is(201);
        parley.login(&number, attackers).await.is(401);
        parley.signup(&number, victims_signup).await.is(201);
        let victim = parley.sign_in(&number).await;
        victim.create_room("The victim's").await;
        parley.login(&number, attackers).await.is(401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_of_an_attackers_later_signup_never_opens_the_account_either() {
    let parley = Parley::start().await;
    let number = random_number();
    parley.signup(&number, json!({"password": PASSWORD})).await.is(201);
    let code = parley.login_code(&number).await;
    // Between the victim's signup and their code.
    parley.signup(&number, json!({"password": NEW_PASSWORD})).await.is(201);
    parley.verify(&number, &code).await.is(200);
    parley.login(&number, NEW_PASSWORD).await.is(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_needs_the_old_password() {
    let parley = Parley::start().await;
    let user = user_with_password(&parley).await;
    for body in [
        json!({"new_password": NEW_PASSWORD}),
        json!({"old_password": "wrong password", "new_password": NEW_PASSWORD}),
    ] {
        let answer = user.post("/auth/change-password").json(&body).await;
        assert!((400..500).contains(&answer.status()), "{answer}");
        parley.login(&user.mobile_number, NEW_PASSWORD).await.is(401);
    }
    parley.login(&user.mobile_number, PASSWORD).await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_ends_all_other_sessions_and_keeps_this_one() {
    let parley = Parley::start().await;
    let user = user_with_password(&parley).await;
    let other = parley.login(&user.mobile_number, PASSWORD).await;
    let other = other.signed_in(&parley, &user.mobile_number);

    let body = json!({"old_password": PASSWORD, "new_password": NEW_PASSWORD});
    user.post("/auth/change-password").json(&body).await.is(200);

    parley.login(&user.mobile_number, PASSWORD).await.is(401);
    parley.login(&user.mobile_number, NEW_PASSWORD).await.is(200);
    parley.refresh(&other.refresh_token).await.is(401);
    user.get("/user/me").await.is(200);
    parley.refresh(&user.refresh_token).await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_sets_the_password_and_ends_all_sessions() {
    let parley = Parley::start().await;
    let user = user_with_password(&parley).await;
    let other = parley.login(&user.mobile_number, PASSWORD).await;
    let other = other.signed_in(&parley, &user.mobile_number);
    let code = parley.reset_code(&user.mobile_number).await;
    let body =
        json!({"mobile_number": user.mobile_number, "otp": code, "new_password": NEW_PASSWORD});

    parley.post("/auth/reset-password").json(&body).await.is(200);

    parley.login(&user.mobile_number, PASSWORD).await.is(401);
    parley.login(&user.mobile_number, NEW_PASSWORD).await.is(200);
    parley.refresh(&user.refresh_token).await.is(401);
    parley.refresh(&other.refresh_token).await.is(401);
    // A code works once, here too.
    parley.post("/auth/reset-password").json(&body).await.is(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_has_8_to_128_characters_wherever_one_is_set() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let code = parley.reset_code(&user.mobile_number).await;
    for bad in ["1234567".to_owned(), "x".repeat(129), String::new()] {
        let answer = user.post("/auth/change-password").json(&json!({"new_password": bad})).await;
        assert_eq!(answer.faulty_fields(), ["new_password"], "{answer}");
        let body = json!({"mobile_number": user.mobile_number, "otp": code, "new_password": bad});
        let answer = parley.post("/auth/reset-password").json(&body).await;
        assert_eq!(answer.faulty_fields(), ["new_password"], "{answer}");
        let answer = parley.signup(&random_number(), json!({"password": bad})).await;
        assert_eq!(answer.faulty_fields(), ["password"], "{answer}");
    }
    // The longest, in characters and not in bytes.
    let longest = "ü".repeat(128);
    user.post("/auth/change-password").json(&json!({"new_password": longest})).await.is(200);
    parley.login(&user.mobile_number, &longest).await.is(200);
}
