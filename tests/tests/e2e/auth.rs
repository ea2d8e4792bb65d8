//! Signing up, staying signed in, signing out.

use futures_util::future::join_all;
use serde_json::json;
use tests::{Parley, random_digits, random_number};

#[tokio::test(flavor = "multi_thread")]
async fn signup_answers_with_the_user_and_without_the_password() {
    let parley = Parley::start().await;
    let number = random_number();
    let body = json!({
        "password": "correct horse battery", "full_name": "Ada Lovelace", "email": "ada@example.org",
    });
    let answer = parley.signup(&number, body).await.expect(201);
    let user = answer.json();
    assert_eq!(user["mobile_number"], number, "{answer}");
    assert_eq!(user["full_name"], "Ada Lovelace", "{answer}");
    assert_eq!(user["email"], "ada@example.org", "{answer}");
    assert_eq!(user["subscription_tier"], "basic", "{answer}");
    assert!(!answer.text().contains("horse"), "{answer}");
    assert!(!answer.text().contains("password"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn signup_names_all_faulty_fields_at_once_and_saves_nothing() {
    let parley = Parley::start().await;
    let number = random_number();
    let body = json!({"password": "short", "full_name": " ", "email": "nobody"});
    let answer = parley.signup("not a number", body.clone()).await;
    assert_eq!(answer.faulty_fields(), ["email", "full_name", "mobile_number", "password"]);

    let answer = parley.signup(&number, body).await;
    assert_eq!(answer.faulty_fields(), ["email", "full_name", "password"]);
    let code = parley.login_code(&number).await;
    parley.verify(&number, &code).await.is(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn signup_needs_a_mobile_number() {
    let parley = Parley::start().await;
    let answer = parley.post("/auth/signup").json(&json!({})).await;
    assert_eq!(answer.faulty_fields(), ["mobile_number"], "{answer}");
    for number in ["", "+", "1234567", "1234567890123456", "12345678a", "++1234567890"] {
        let answer = parley.signup(number, json!({})).await;
        assert_eq!(answer.faulty_fields(), ["mobile_number"], "{number:?}: {answer}");
    }
    let answer =
        parley.post("/auth/signup").json(&json!({"mobile_number": 14_155_550_123_i64})).await;
    assert_eq!(answer.faulty_fields(), ["mobile_number"], "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verified_number_can_not_be_signed_up_again_however_it_is_typed() {
    let parley = Parley::start().await;
    let digits = format!("1415555{}", random_digits(4));
    let typed = format!(" +1 (415) 555-{} ", &digits[7..]);
    let signup = parley.signup(&typed, json!({})).await.expect(201);
    assert_eq!(signup.json()["mobile_number"], format!("+{digits}"), "{signup}");
    // Nobody has shown yet that the number is theirs.
    parley.signup(&digits, json!({})).await.is(201);

    let user = parley.sign_in(&digits).await;
    for number in [&digits, &typed, &format!("+{digits}")] {
        parley.signup(number, json!({})).await.is(409);
    }
    user.delete("/user/me").await.is(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_parallel_signups_of_one_number_comes_one_account() {
    let parley = Parley::start().await;
    let number = random_number();
    let answers = join_all((0..10).map(|_| parley.signup(&number, json!({})))).await;
    for answer in &answers {
        assert!([201, 409].contains(&answer.status()), "{answer}");
    }
    assert!(answers.iter().any(|answer| answer.status() == 201), "{answers:?}");
    parley.sign_in(&number).await.get("/user/me").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_gives_a_new_pair() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let second = parley.refresh(&user.refresh_token).await.signed_in(&parley, &user.mobile_number);
    assert_ne!(second.refresh_token, user.refresh_token);
    second.get("/user/me").await.is(200);
    let third = parley.refresh(&second.refresh_token).await.signed_in(&parley, &user.mobile_number);
    third.get("/user/me").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_that_comes_back_revokes_its_family() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let second = parley.refresh(&user.refresh_token).await.expect(200).string("refresh_token");
    parley.refresh(&user.refresh_token).await.is(401);
    parley.refresh(&second).await.is(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_parallel_uses_of_a_refresh_token_at_most_one_succeeds() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let answers = join_all((0..20).map(|_| parley.refresh(&user.refresh_token))).await;
    let good: Vec<_> = answers.iter().filter(|answer| answer.status() == 200).collect();
    assert!(good.len() <= 1, "{good:?}");
    for answer in &answers {
        assert!([200, 401].contains(&answer.status()), "{answer}");
    }
    // Nineteen came too late: for all that the server knows, it was stolen.
    for answer in good {
        parley.refresh(&answer.string("refresh_token")).await.is(401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_refresh_token_is_refused() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let mut tampered = user.refresh_token.clone();
    let last = tampered.pop().unwrap();
    tampered.push(if last == 'A' { 'B' } else { 'A' });
    for token in ["nonsense", "a.b.c", &user.token, &tampered, &format!("{}x", user.refresh_token)]
    {
        parley.refresh(token).await.is(401);
    }
    parley.refresh(&user.refresh_token).await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_ends_this_session_and_no_other() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let password = "correct horse battery";
    let body = json!({"new_password": password});
    user.post("/auth/change-password").json(&body).await.is(200);
    let other = parley.login(&user.mobile_number, password).await;
    let other = other.signed_in(&parley, &user.mobile_number);

    let room = user.create_room("Left behind").await;

    user.post("/auth/logout").await.is(204);
    parley.refresh(&user.refresh_token).await.is(401);
    // Nor is its access token good for much, though it has not expired.
    user.get("/user/me").await.is(401);
    user.send(&room, "Am I still here?").await.is(401);
    user.post("/chatroom").json(&json!({})).await.is(401);
    user.delete(&format!("/chatroom/{room}")).await.is(401);

    other.send(&room, "I am.").await.is(202);
    parley.refresh(&other.refresh_token).await.is(200);
}
