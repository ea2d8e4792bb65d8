//! Who has an account here? No answer of signing in tells: not by status, not by body, not by headers.
//! (That the work is the same is counted in the tests of `auth`.)

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Parley, Response, random_number, wrong_code};
use tokio::time::sleep;

const PASSWORD: &str = "correct horse battery";

/// Numbers that differ in whose they are.
async fn numbers(parley: &Parley) -> Vec<(&'static str, String)> {
    let known = parley.user().await;
    let body = json!({"new_password": PASSWORD});
    known.post("/auth/change-password").json(&body).await.is(200);
    let without_password = parley.user().await;
    let unverified = random_number();
    parley.signup(&unverified, json!({"password": PASSWORD})).await.is(201);
    let deleted = parley.user().await;
    deleted.delete("/user/me").await.is(204);
    vec![
        ("nobody's", random_number()),
        ("unverified", unverified),
        ("a user's", known.mobile_number),
        ("a user's without a password", without_password.mobile_number),
        ("a deleted user's", deleted.mobile_number),
    ]
}

/// What there is to see of an answer, but for what is another in each: status, headers and body.
type Seen = (u16, Vec<(String, String)>, Value);

fn seen(answer: &Response) -> Seen {
    let mut body = answer.json();
    for member in ["request_id", "otp"] {
        if let Some(value) = body.get_mut(member) {
            *value = json!(value.as_str().unwrap().len());
        }
    }
    let is_own = |name: &str| ["date", "retry-after"].contains(&name) || name.contains("request");
    let headers = answer.headers().iter().map(|(name, value)| {
        let value = if is_own(name.as_str()) { "…".to_owned() } else { format!("{value:?}") };
        (name.to_string(), value)
    });
    let mut headers: Vec<_> = headers.collect();
    headers.sort();
    (answer.status(), headers, body)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_tells_whether_a_number_has_an_account() {
    let parley = Parley::start().await;
    let numbers = numbers(&parley).await;
    // They had codes to sign in with a moment ago; codes to reset with, nobody had.
    let post = |path: &str, body: Value| parley.post(path).json(&body).into_future();
    let mut sent: Vec<(&str, Vec<_>)> = Vec::new();
    for (whose, number) in &numbers {
        let with = |more: Value| {
            let mut body = json!({"mobile_number": number});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let reset = |otp: &str| with(json!({"otp": otp, "new_password": PASSWORD}));
        let mut answers = vec![post("/auth/reset-password", reset("000000")).await];
        answers.push(post("/auth/forgot-password", with(json!({}))).await);
        let code = answers[1].expect_code();
        answers.push(post("/auth/forgot-password", with(json!({}))).await);
        for _ in 0..5 {
            answers.push(post("/auth/reset-password", reset(&wrong_code(&code))).await);
        }
        answers.push(post("/auth/reset-password", reset(&code)).await);
        // A code to sign in with was used, or never asked for.
        answers.push(parley.verify(number, "000000").await);
        for _ in 0..2 {
            answers.push(parley.login(number, "a wrong password").await);
        }
        sent.push((whose, answers));
    }
    let (_, expected) = &sent[0];
    for (whose, answers) in &sent {
        for (answer, expected) in answers.iter().zip(expected) {
            assert_eq!(seen(answer), seen(expected), "{whose}: {answer}");
        }
    }
}

trait ExpectCode {
    fn expect_code(&self) -> String;
}

impl ExpectCode for Response {
    #[track_caller]
    fn expect_code(&self) -> String {
        self.is(200);
        self.string("otp")
    }
}

/// What is there to see of asking `parley` for a code to sign in with, of asking at once again, and of
/// wrong guesses. Who had a code a moment ago waits until there may be another one, as told.
async fn seen_of_signing_in(parley: &Parley, number: &str) -> Vec<Seen> {
    let body = json!({"mobile_number": number});
    let send = || parley.post("/auth/send-otp").json(&body);
    let mut first = send().await;
    if first.status() == 429 {
        sleep(Duration::from_secs(first.retry_after().unsigned_abs())).await;
        first = send().await;
    }
    let again = send().await.expect(429);
    let code = first.expect_code();
    let mut answers = vec![seen(&first), seen(&again)];
    for _ in 0..6 {
        answers.push(seen(&parley.verify(number, &wrong_code(&code)).await));
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_to_sign_in_with_is_sent_alike_to_everybody() {
    let parley = Parley::start().await;
    let numbers = numbers(&parley).await;
    let seen = numbers.iter().map(|(_, number)| seen_of_signing_in(&parley, number));
    let seen = join_all(seen).await;
    for ((whose, _), answers) in numbers.iter().zip(&seen) {
        assert_eq!(answers, &seen[0], "{whose}");
    }
}
