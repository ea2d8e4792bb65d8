//! One-time codes: few tries, one use, one purpose.

use futures_util::{StreamExt, future::join_all, stream};
use serde_json::{Value, json};
use tests::{Parley, Response, random_number, wrong_code};

fn count(answers: &[Response], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status() == status).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_thousand_guesses_over_sixteen_connections_five_are_looked_at() {
    let parley = Parley::start().await;
    let number = random_number();
    parley.signup(&number, json!({})).await.is(201);
    let code = parley.login_code(&number).await;

    let guesses: Vec<_> = (0..2_000).map(|_| wrong_code(&code)).collect();
    let answers: Vec<_> = stream::iter(guesses)
        .map(|guess| {
            let (parley, number) = (&parley, &number);
            async move { parley.verify(number, &guess).await }
        })
        .buffer_unordered(16)
        .collect()
        .await;

    assert_eq!(count(&answers, 200), 0, "a wrong code let somebody in");
    assert!((1..=5).contains(&count(&answers, 401)), "{} looked at", count(&answers, 401));
    assert_eq!(count(&answers, 401) + count(&answers, 429), 2_000);
    parley.verify(&number, &code).await.is(429);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_four_wrong_tries_the_right_code_still_works() {
    let parley = Parley::start().await;
    let number = random_number();
    parley.signup(&number, json!({})).await.is(201);
    let code = parley.login_code(&number).await;
    for _ in 0..4 {
        parley.verify(&number, &wrong_code(&code)).await.is(401);
    }
    parley.verify(&number, &code).await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_five_wrong_tries_the_code_is_dead() {
    let parley = Parley::start().await;
    let number = random_number();
    parley.signup(&number, json!({})).await.is(201);
    let code = parley.login_code(&number).await;
    for _ in 0..5 {
        parley.verify(&number, &wrong_code(&code)).await.is(401);
    }
    parley.verify(&number, &code).await.is(429);
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_tries_at_a_reset_code_kill_it_too() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let code = parley.reset_code(&user.mobile_number).await;
    let reset = |otp: String| {
        let number = &user.mobile_number;
        let body = json!({"mobile_number": number, "otp": otp, "new_password": "a new password"});
        parley.post("/auth/reset-password").json(&body)
    };
    let guesses = (0..40).map(|_| reset(wrong_code(&code)).into_future());
    let answers = join_all(guesses).await;
    assert!((1..=5).contains(&count(&answers, 401)), "{} looked at", count(&answers, 401));
    assert_eq!(count(&answers, 401) + count(&answers, 429), 40);
    reset(code).await.is(429);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_works_once() {
    let parley = Parley::start().await;
    let number = random_number();
    parley.signup(&number, json!({})).await.is(201);
    let code = parley.login_code(&number).await;
    parley.verify(&number, &code).await.is(200);
    parley.verify(&number, &code).await.is(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_parallel_uses_of_the_right_code_one_succeeds() {
    let parley = Parley::start().await;
    let number = random_number();
    parley.signup(&number, json!({})).await.is(201);
    let code = parley.login_code(&number).await;
    let answers = join_all((0..20).map(|_| parley.verify(&number, &code))).await;
    assert_eq!(count(&answers, 200), 1, "{answers:?}");
    assert_eq!(count(&answers, 401) + count(&answers, 429), 19, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_code_does_not_reset_and_a_reset_code_does_not_log_in() {
    let parley = Parley::start().await;
    let number = random_number();
    parley.signup(&number, json!({})).await.is(201);
    let login = parley.login_code(&number).await;
    let reset = parley.reset_code(&number).await;
    let body =
        |otp: &str| json!({"mobile_number": number, "otp": otp, "new_password": "a new password"});
    if login != reset {
        parley.verify(&number, &reset).await.is(401);
        parley.post("/auth/reset-password").json(&body(&login)).await.is(401);
    }
    parley.post("/auth/reset-password").json(&body(&reset)).await.is(200);
    parley.verify(&number, &login).await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_code_within_half_a_minute_is_refused_and_the_first_stays_good() {
    let parley = Parley::start().await;
    let number = random_number();
    parley.signup(&number, json!({})).await.is(201);
    let body = json!({"mobile_number": number});
    let code = parley.login_code(&number).await;
    let again = parley.post("/auth/send-otp").json(&body).await.expect(429);
    assert!((1..=30).contains(&again.retry_after()), "{again}");

    // The other purpose has a clock of its own.
    parley.reset_code(&number).await;
    let again = parley.post("/auth/forgot-password").json(&body).await.expect(429);
    assert!((1..=30).contains(&again.retry_after()), "{again}");
    parley.verify(&number, &code).await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_parallel_requests_for_a_code_one_is_served() {
    let parley = Parley::start().await;
    let number = random_number();
    parley.signup(&number, json!({})).await.is(201);
    let body = json!({"mobile_number": number});
    let requests = (0..20).map(|_| parley.post("/auth/send-otp").json(&body).into_future());
    let answers = join_all(requests).await;
    assert_eq!(count(&answers, 200), 1, "{answers:?}");
    assert_eq!(count(&answers, 429), 19, "{answers:?}");
}

/// The names of an object's members, and their values' kinds.
fn shape(answer: &Response) -> Vec<(String, std::mem::Discriminant<Value>)> {
    let body = answer.json();
    let members = body.as_object().unwrap();
    members.iter().map(|(name, value)| (name.clone(), std::mem::discriminant(value))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_for_a_code_does_not_tell_whether_a_number_has_an_account() {
    let parley = Parley::start().await;
    let known = parley.user().await.mobile_number;
    let unknown = random_number();
    // `known` has just had a login code: its next one would have to wait.
    let signed_up = random_number();
    parley.signup(&signed_up, json!({})).await.is(201);
    for (path, known) in [("/auth/send-otp", &signed_up), ("/auth/forgot-password", &known)] {
        let ask =
            async |number: &str| parley.post(path).json(&json!({"mobile_number": number})).await;
        let (to_known, to_unknown) =
            (ask(known).await.expect(200), ask(&unknown).await.expect(200));
        assert_eq!(shape(&to_known), shape(&to_unknown), "{to_known}{to_unknown}");
        assert_eq!(to_known.json()["message"], to_unknown.json()["message"]);
        assert_eq!(to_known.json()["expires_in"], to_unknown.json()["expires_in"]);
        // Nor does asking again.
        ask(known).await.is(429);
        ask(&unknown).await.is(429);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_for_a_number_without_an_account_opens_nothing() {
    let parley = Parley::start().await;
    let unknown = random_number();
    let code = parley.login_code(&unknown).await;
    parley.verify(&unknown, &code).await.is(401);
    let code = parley.reset_code(&unknown).await;
    let body = json!({"mobile_number": unknown, "otp": code, "new_password": "a new password"});
    parley.post("/auth/reset-password").json(&body).await.is(401);
    parley.login(&unknown, "a new password").await.is(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_of_different_users_are_different() {
    let parley = Parley::start().await;
    let mut codes = Vec::new();
    for _ in 0..8 {
        codes.push(parley.login_code(&random_number()).await);
    }
    codes.sort();
    codes.dedup();
    // Two of eight agree once in 36,000 runs; that three pairs do will not be seen.
    assert!(codes.len() >= 6, "{codes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_can_not_be_one_is_a_field_error_or_just_wrong() {
    let parley = Parley::start().await;
    let number = random_number();
    parley.signup(&number, json!({})).await.is(201);
    let code = parley.login_code(&number).await;
    for otp in
        [json!(""), json!("12345"), json!("abcdef"), json!("1234567"), json!(null), json!([])]
    {
        let answer = parley
            .post("/auth/verify-otp")
            .json(&json!({"mobile_number": number, "otp": otp}))
            .await
            .expect(422);
        assert_eq!(answer.faulty_fields(), ["otp"], "{answer}");
    }
    // What can't be right is not a try.
    parley.verify(&number, &code).await.is(200);
}
