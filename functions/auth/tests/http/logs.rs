//! What must never be in a log, and what has to be.

use std::{
    io,
    sync::{Arc, Mutex},
};

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::{App, NUMBER, PASSWORD, UNKNOWN, wrong};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Logs here what this thread does, as `shared::telemetry` does, for as long as the guard lives.
    fn begin() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_max_level(tracing::Level::INFO)
            .with_writer(log.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn nothing_private_is_logged() {
    let (log, _guard) = Log::begin();
    let app = App::start().await;
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
}

#[tokio::test]
async fn a_code_goes_to_the_log_only_where_that_is_its_delivery() {
    let (log, _guard) = Log::begin();
    let app = App::start_with(|env| env.with("OTP_DELIVERY", "log")).await;
    app.signup(json!({})).await.expect(201);
    let answer = app.ask_for_code(NUMBER).await.expect(200);
    assert!(answer.json().get("otp").is_none(), "{answer}");
    let log = log.text();
    let issued = log.lines().find(|line| line.contains("one-time code")).unwrap();
    let issued: serde_json::Value = serde_json::from_str(issued).unwrap();
    app.verify(NUMBER, issued["otp.code"].as_str().unwrap()).await.expect(200);
    assert!(!log.contains(&NUMBER[1..]), "{log}");
}
