//! How many guesses an attacker gets who has all the connections and all the time: the bounds that
//! `docs/threat-model.md` reckons with.

use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::json;
use shared::domain::Clock as _;

use crate::{Answer, App, NUMBER, PASSWORD, wrong};

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

/// What an attacker got out of a time of asking and guessing.
#[derive(Debug, Default, PartialEq, Eq)]
struct Spoils {
    codes: usize,
    guesses: usize,
}

/// For `time`, as often as it is allowed: twenty requests for a code at once, twenty guesses at it at
/// once, and then the right code, which has to be dead.
async fn attack(app: &App, path: &str, time: SignedDuration) -> Spoils {
    let end = app.clock.now() + time;
    let mut spoils = Spoils::default();
    let body = json!({"mobile_number": NUMBER});
    while app.clock.now() < end {
        let asked = join_all((0..20).map(|_| app.post(path, &body))).await;
        assert_eq!((count(&asked, 200), count(&asked, 429)), (1, 19));
        let code = asked.iter().find(|answer| answer.status == 200).unwrap().str("otp");
        let guess = wrong(&code);
        let guesses = join_all((0..20).map(|_| try_code(app, path, &guess))).await;
        assert_eq!(count(&guesses, 401) + count(&guesses, 429), 20);
        spoils.codes += 1;
        spoils.guesses += count(&guesses, 401);
        try_code(app, path, &code).await.refused(429, "too_many_attempts");
        let wait = app.post(path, &body).await.expect(429).retry_after();
        app.pass(SignedDuration::from_secs(wait - 1));
        app.post(path, &body).await.refused(429, "otp_too_soon");
        app.pass(SignedDuration::from_secs(1));
    }
    spoils
}

async fn try_code(app: &App, path: &str, code: &str) -> Answer {
    match path {
        "/auth/send-otp" => app.verify(NUMBER, code).await,
        _ => app.reset(NUMBER, code, PASSWORD).await,
    }
}

/// 25 of 1,000,000 codes in an hour, for each purpose: a chance of 1 in 40,000.
#[tokio::test]
async fn new_codes_bring_25_guesses_in_an_hour_and_no_more() {
    let app = App::start().await;
    app.signup(json!({})).await.expect(201);
    for path in ["/auth/send-otp", "/auth/forgot-password"] {
        let spoils = attack(&app, path, SignedDuration::from_hours(1)).await;
        assert_eq!(spoils, Spoils { codes: 5, guesses: 25 }, "{path}");
    }
}

#[tokio::test]
async fn guesses_at_one_purpose_leave_the_other_alone() {
    let app = App::start().await;
    app.signup(json!({})).await.expect(201);
    let login = app.code(NUMBER).await;
    let reset = app.reset_code(NUMBER).await;
    let guess = wrong(&login);
    let mut looked_at = 0;
    for _ in 0..4 {
        let guesses = join_all((0..50).map(|_| app.verify(NUMBER, &guess))).await;
        assert_eq!(count(&guesses, 401) + count(&guesses, 429), 50);
        looked_at += count(&guesses, 401);
    }
    assert_eq!(looked_at, 5);
    // Nor is a code worth anything where it was not meant for, however often it is tried.
    app.verify(NUMBER, &reset).await.refused(429, "too_many_attempts");
    app.reset(NUMBER, &reset, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn of_fifty_parallel_requests_one_sends_a_code_each_half_minute() {
    let app = App::start().await;
    app.signup(json!({})).await.expect(201);
    for sent in [1, 1, 1, 1, 1, 0] {
        let answers = join_all((0..50).map(|_| app.ask_for_code(NUMBER))).await;
        assert_eq!((count(&answers, 200), count(&answers, 429)), (sent, 50 - sent));
        app.pass(SignedDuration::from_secs(30));
    }
}

#[tokio::test]
async fn forty_passwords_in_an_hour_are_looked_at_and_no_more() {
    let app = App::start().await;
    app.user_with_password().await;
    let mut looked_at = 0;
    for _ in 0..12 {
        let guesses = join_all((0..15).map(|_| app.login(NUMBER, "a wrong password"))).await;
        looked_at += count(&guesses, 401);
        app.pass(SignedDuration::from_mins(5));
    }
    assert_eq!(looked_at, 40);
}
