//! The worker's client against the stand-in, over real connections.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gemini_worker::gemini::{
    Answer, Cause, Endpoint, Failure, FinishReason, Gemini, Prompt, Role, Settings, Turn, Usage,
};
use local::gemini::{Behaviour, ERROR_MESSAGE, Respond, StandIn, StatusReply, TextReply};
use secrecy::SecretString;
use serde_json::{Value, json};
use shared::{config::Env, tls::public_web};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const KEY: &str = "the-api-key";

fn settings(url: &str) -> Settings {
    Settings {
        base_url: url.to_owned(),
        model: "gemini-3.8-flash".to_owned(),
        timeout: Duration::from_secs(20),
        tls: public_web(&Env::default()).unwrap(),
    }
}

fn with(settings: Settings) -> Gemini {
    Gemini::new(Endpoint::new(settings).unwrap(), &KEY.into()).unwrap()
}

fn client(url: &str) -> Gemini {
    with(settings(url))
}

fn turn(role: Role, text: &str) -> Turn {
    Turn { role, text: text.to_owned() }
}

fn question(text: &str) -> Prompt {
    Prompt { system_instruction: None, turns: vec![turn(Role::User, text)] }
}

async fn stand_in(respond: Respond) -> StandIn {
    let stand_in = StandIn::start(0).await.unwrap();
    stand_in.on(Behaviour::new(respond));
    stand_in
}

/// What a client makes of `respond`.
async fn made_of(respond: Respond) -> Result<Answer, Failure> {
    let stand_in = stand_in(respond).await;
    client(stand_in.url()).generate(&question("Hello")).await
}

fn told(status: u16, body: Value) -> Respond {
    Respond::Status(StatusReply { status, retry_after: None, body: Some(body) })
}

fn retryable(cause: Cause) -> Failure {
    Failure::Retryable { cause, retry_after: None }
}

fn r#final(cause: Cause) -> Failure {
    Failure::Final { cause, usage: None }
}

#[tokio::test]
async fn a_conversation_goes_out_whole_and_its_answer_comes_back() {
    let stand_in = stand_in(Respond::Answer).await;
    let prompt = Prompt {
        system_instruction: Some("Be brief.".to_owned()),
        turns: vec![
            turn(Role::User, "Hello"),
            turn(Role::Model, "Hi!"),
            turn(Role::User, "How are you?"),
        ],
    };
    let answer = client(stand_in.url()).generate(&prompt).await.unwrap();
    assert!(answer.text.contains("You said: “How are you?”"), "{}", answer.text);
    assert!(answer.text.contains("3 turns"), "{}", answer.text);
    assert_eq!(answer.finish_reason, FinishReason::Stop);
    let spoken = u64::try_from(answer.text.chars().count().div_ceil(4)).unwrap();
    assert_eq!(answer.usage, Usage { input_tokens: 9, output_tokens: spoken + 12 });

    let requests = stand_in.requests();
    let [request] = requests.as_slice() else { panic!("{} requests", requests.len()) };
    assert_eq!(
        (request.model.as_str(), request.method.as_str()),
        ("gemini-3.8-flash", "generateContent")
    );
    assert_eq!(request.turns(), ["Hello", "Hi!", "How are you?"]);
    assert_eq!(request.body["systemInstruction"], json!({"parts": [{"text": "Be brief."}]}));
    assert_eq!(request.body["generationConfig"], json!({"maxOutputTokens": 8192}));
}

#[tokio::test]
async fn a_200_without_an_answer_is_final_and_tells_what_it_cost() {
    let input_tokens = 2;
    let spent = |cause, output_tokens| Failure::Final {
        cause,
        usage: Some(Usage { input_tokens, output_tokens }),
    };
    let cut_off = TextReply { text: "How to".to_owned(), finish_reason: Some("SAFETY".to_owned()) };
    for (respond, failure) in [
        (Respond::Block, spent(Cause::Blocked, 0)),
        (Respond::Empty, spent(Cause::Empty, 12)),
        (Respond::NoCandidates, spent(Cause::Empty, 0)),
        (Respond::ThoughtsOnly, spent(Cause::Empty, 12)),
        (Respond::Text(cut_off), spent(Cause::Blocked, 14)),
    ] {
        let label = format!("{respond:?}");
        assert_eq!(made_of(respond).await, Err(failure), "{label}");
    }
}

#[tokio::test]
async fn an_answer_cut_off_at_its_token_limit_is_an_answer() {
    let reply =
        TextReply { text: "It was".to_owned(), finish_reason: Some("MAX_TOKENS".to_owned()) };
    let answer = made_of(Respond::Text(reply)).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.finish_reason), ("It was", FinishReason::MaxTokens));
}

#[tokio::test]
async fn a_throttled_call_is_told_when_to_come_back_and_then_succeeds() {
    let stand_in = StandIn::start(0).await.unwrap();
    stand_in.on(Behaviour::new(Respond::status_after(429, "38.2s")).times(1));
    let gemini = client(stand_in.url());
    let expected = Failure::Retryable {
        cause: Cause::Throttled,
        retry_after: Some(Duration::from_millis(38_200)),
    };
    assert_eq!(gemini.generate(&question("Hello")).await, Err(expected));
    assert_eq!(stand_in.requests().len(), 1, "one attempt per call");
    gemini.generate(&question("Hello")).await.unwrap();
}

#[tokio::test]
async fn statuses_are_told_apart_whatever_their_body() {
    for status in [408, 500, 502, 503, 504] {
        assert_eq!(made_of(Respond::status(status)).await, Err(retryable(Cause::Unavailable)));
    }
    for (respond, failure) in [
        (told(502, json!("<html>Bad Gateway</html>")), retryable(Cause::Unavailable)),
        (told(503, json!("")), retryable(Cause::Unavailable)),
        (told(502, json!("x".repeat(1024 * 1024))), retryable(Cause::Unavailable)),
        (told(200, json!("<html>Sign in</html>")), retryable(Cause::Unreadable)),
        (told(200, json!("{\"candidates\": [{\"cont")), retryable(Cause::Unreadable)),
        (told(302, json!("")), r#final(Cause::Unexpected)),
        (Respond::status(400), r#final(Cause::BadRequest)),
        (Respond::status(403), r#final(Cause::Forbidden)),
        (Respond::status(404), r#final(Cause::ModelGone)),
    ] {
        let label = format!("{respond:.80?}");
        assert_eq!(made_of(respond).await, Err(failure), "{label}");
    }
}

#[tokio::test]
async fn a_used_up_daily_quota_is_final() {
    let body = json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [
            {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"},
        ]},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "33s"},
    ]}});
    assert_eq!(made_of(told(429, body)).await, Err(r#final(Cause::QuotaExhausted)));
}

#[tokio::test]
async fn a_wrong_key_a_retired_model_and_a_wrong_last_turn_are_final() {
    let stand_in = stand_in(Respond::Answer).await;
    let hello = question("Hello");

    let key = SecretString::from("invalid");
    let gemini = Gemini::new(Endpoint::new(settings(stand_in.url())).unwrap(), &key).unwrap();
    assert_eq!(gemini.generate(&hello).await, Err(r#final(Cause::BadKey)));

    let model = "gemini-2.5-flash".to_owned();
    let gemini = with(Settings { model, ..settings(stand_in.url()) });
    assert_eq!(gemini.generate(&hello).await, Err(r#final(Cause::ModelGone)));

    let last_is_models = Prompt {
        system_instruction: None,
        turns: vec![turn(Role::User, "Hello"), turn(Role::Model, "Hi!")],
    };
    let failure = client(stand_in.url()).generate(&last_is_models).await;
    assert_eq!(failure, Err(r#final(Cause::BadRequest)));
}

#[tokio::test]
async fn a_server_that_hangs_is_left_after_the_time_out() {
    let timeout = Duration::from_millis(200);
    for respond in [
        Behaviour::new(Respond::Hang),
        Behaviour::new(Respond::Answer).delay(Duration::from_mins(1)),
    ] {
        let stand_in = StandIn::start(0).await.unwrap();
        stand_in.on(respond);
        let gemini = with(Settings { timeout, ..settings(stand_in.url()) });
        let started = Instant::now();
        let hello = question("Hello");
        let call = tokio::time::timeout(Duration::from_secs(10), gemini.generate(&hello));
        assert_eq!(call.await, Ok(Err(retryable(Cause::TimedOut))));
        assert!(started.elapsed() >= timeout);
    }
}

#[tokio::test]
async fn a_connection_that_breaks_or_is_never_made_can_be_tried_again() {
    let lost = Err(retryable(Cause::Connection));
    assert_eq!(made_of(Respond::Cut).await, lost);

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(client(&nobody).generate(&question("Hello")).await, lost);

    let stand_in = stand_in(Respond::Answer).await;
    let not_tls = stand_in.url().replace("http:", "https:");
    assert_eq!(client(&not_tls).generate(&question("Hello")).await, lost);
}

/// The URL of a server that sends its first request elsewhere.
async fn redirecting_to(location: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let answer = format!(
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
        );
        assert!(connection.read(&mut [0; 4096]).await.unwrap() > 0);
        connection.write_all(answer.as_bytes()).await.unwrap();
    });
    url
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let stand_in = stand_in(Respond::Answer).await;
    let elsewhere = format!("{}/v1beta/models/gemini-3.8-flash:generateContent", stand_in.url());
    let gemini = client(&redirecting_to(elsewhere).await);
    assert_eq!(gemini.generate(&question("Hello")).await, Err(r#final(Cause::Unexpected)));
    assert_eq!(stand_in.requests(), []);
}

#[tokio::test]
async fn a_server_that_goes_away_is_noticed_at_once() {
    let slow = Behaviour::new(Respond::Answer).delay(Duration::from_mins(1));
    for behaviour in [Behaviour::new(Respond::Hang), slow] {
        let stand_in = StandIn::start(0).await.unwrap();
        stand_in.on(behaviour);
        let gemini = client(stand_in.url());
        let call = tokio::spawn(async move { gemini.generate(&question("Hello")).await });
        let deadline = Instant::now() + Duration::from_secs(10);
        while stand_in.requests().is_empty() {
            assert!(Instant::now() < deadline, "nothing was received");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        drop(stand_in);
        let failure = tokio::time::timeout(Duration::from_secs(10), call).await.unwrap();
        assert_eq!(failure.unwrap(), Err(retryable(Cause::Connection)));
    }
}

#[tokio::test]
async fn an_answer_beyond_all_measure_is_not_read_to_its_end() {
    let huge = Respond::text("x".repeat(2 * 1024 * 1024));
    assert_eq!(made_of(huge).await, Err(r#final(Cause::TooLarge)));
}

#[tokio::test]
async fn an_answer_that_no_item_of_the_table_could_hold_is_none_and_its_tokens_are_told() {
    let largest = "x".repeat(380_000);
    let kept = made_of(Respond::text(largest.clone())).await.unwrap();
    assert_eq!(kept.text, largest);
    let refused = made_of(Respond::text(largest + "x")).await;
    assert!(
        matches!(refused, Err(Failure::Final { cause: Cause::TooLarge, usage: Some(_) })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn calls_run_side_by_side() {
    let stand_in = StandIn::start(0).await.unwrap();
    stand_in.set_delay(Duration::from_millis(500));
    let gemini = client(stand_in.url());
    let started = Instant::now();
    let calls = (0..10).map(|n| {
        let gemini = &gemini;
        async move { gemini.generate(&question(&format!("Question {n}"))).await.unwrap() }
    });
    let answers = futures_util::future::join_all(calls).await;
    assert!(started.elapsed() < Duration::from_millis(2_500), "{:?}", started.elapsed());
    for (n, answer) in answers.iter().enumerate() {
        assert!(answer.text.contains(&format!("“Question {n}”")), "{}", answer.text);
    }
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn logs_say_what_went_wrong_but_nothing_that_anybody_wrote() {
    let log = Log::default();
    let writer = log.clone();
    // For the whole process: tracing caches per call site whether anybody listens, and with a
    // subscriber of one thread, the other tests' threads would decide that.
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_thread_names(true)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    for respond in [Respond::Answer, Respond::status(503), Respond::status(404), Respond::Block] {
        let stand_in = stand_in(respond).await;
        let prompt = question("my private question");
        let _ = client(stand_in.url()).generate(&prompt).await;
    }

    let everything = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    // A test's thread has the test's name; the other tests log here too.
    let mine = |line: &&str| line.contains("logs_say_what_went_wrong");
    let logged = everything.lines().filter(mine).collect::<Vec<_>>().join("\n");
    for needed in [
        "gemini.cause=\"unavailable\"",
        "gemini.status=\"UNAVAILABLE\"",
        "http.response.status_code=503",
        "gemini.cause=\"model_gone\"",
        "gemini.cause=\"blocked\"",
    ] {
        assert!(logged.contains(needed), "{needed} is not in {logged}");
    }
    for secret in [KEY, "my private question", "stand-in for Gemini. You said", ERROR_MESSAGE] {
        assert!(!everything.contains(secret), "{secret} is in {everything}");
    }
}
