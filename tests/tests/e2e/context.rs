//! What the model is shown: the conversation, not just the last message.

use std::time::Duration;

use serde_json::json;
use tests::{
    Behaviour, Parley, Respond,
    model::{KEY, asked_about, roles},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_second_question_is_asked_with_the_first_and_its_answer() {
    let Some(parley) = Parley::builder().start().await else { return };
    parley.model().on(Behaviour::new(Respond::text("Your name is Ada.")).when("My name"));
    let user = parley.user().await;
    let room = user.create_room("What was said before").await;
    user.ask_and_wait(&room, "My name is Ada. Say it back.").await;
    user.ask_and_wait(&room, "What is my name?").await;

    let first = asked_about(parley.model(), "Say it back").remove(0);
    assert_eq!(first.turns(), ["My name is Ada. Say it back."]);
    let second = asked_about(parley.model(), "What is").remove(0);
    assert_eq!(
        second.turns(),
        ["My name is Ada. Say it back.", "Your name is Ada.", "What is my name?"]
    );
    assert_eq!(roles(&second), ["user", "model", "user"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_questions_in_quick_succession_are_answered_in_order_each_with_its_context() {
    let Some(parley) = Parley::builder().start().await else { return };
    parley.model().set_delay(Duration::from_millis(300));
    let user = parley.user().await;
    let room = user.create_room("Quick").await;
    let first = user.ask(&room, "The first question").await;
    let second = user.ask(&room, "The second question").await;
    let first_reply = user.wait_for_reply(&room, &first).await;
    let second_reply = user.wait_for_reply(&room, &second).await;
    assert!(first_reply["id"].as_str() < second_reply["id"].as_str());

    // The second was there already, and is not part of the first's context.
    let asked = asked_about(parley.model(), "The first").remove(0);
    assert_eq!(asked.turns(), ["The first question"]);
    let asked = asked_about(parley.model(), "The second").remove(0);
    let answer = first_reply["content"].as_str().unwrap();
    assert_eq!(asked.turns(), ["The first question", answer, "The second question"]);
    assert_eq!(roles(&asked), ["user", "model", "user"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rooms_instruction_reaches_the_model_until_it_is_cleared() {
    let Some(parley) = Parley::builder().start().await else { return };
    let user = parley.user().await;
    let room = user.create_room("Instructed").await;
    let path = format!("/chatroom/{room}");
    let instruction = "Answer like a pirate.";
    let asked = async |question: &str| {
        user.ask_and_wait(&room, question).await;
        asked_about(parley.model(), question).remove(0)
    };

    assert!(asked("Before it is set").await.body.get("systemInstruction").is_none());
    user.patch(&path).json(&json!({"system_instruction": instruction})).await.is(200);
    let with = asked("While it is set").await;
    assert_eq!(with.body["systemInstruction"]["parts"][0]["text"], instruction, "{with:?}");
    assert!(!with.turns().contains(&instruction), "{with:?}");
    user.patch(&path).json(&json!({"system_instruction": null})).await.is(200);
    assert!(asked("After it is cleared").await.body.get("systemInstruction").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_know_nothing_of_one_another() {
    let Some(parley) = Parley::builder().start().await else { return };
    let user = parley.user().await;
    let (one, other) = (user.create_room("One").await, user.create_room("Other").await);
    user.ask_and_wait(&one, "This is said in one room").await;
    user.ask_and_wait(&other, "And this in another").await;
    let asked = asked_about(parley.model(), "in another").remove(0);
    assert_eq!(asked.turns(), ["And this in another"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_history_is_cut_to_the_budget_with_its_newest_turns_kept() {
    const BUDGET: usize = 400;
    let builder =
        Parley::builder().without_quota().env("GEMINI_CONTEXT_TOKENS", &BUDGET.to_string());
    let Some(parley) = builder.start().await else { return };
    parley
        .model()
        .on(Behaviour::new(Respond::text("An answer of some forty characters, more or less.")));
    let user = parley.user().await;
    let room = user.create_room("Long").await;
    let filler = "and so on ".repeat(20);
    for nth in 0..12 {
        user.ask_and_wait(&room, &format!("Question {nth}: {filler}")).await;
    }
    let asked = asked_about(parley.model(), "Question 11:").remove(0);
    let turns = asked.turns();
    assert!((3..23).contains(&turns.len()), "{} turns", turns.len());
    assert!(turns[turns.len() - 3].starts_with("Question 10:"), "{turns:?}");
    assert_eq!(roles(&asked)[0], "user");
    // A token is some four characters; the budget may be counted differently, but not that differently.
    let characters: usize = turns.iter().map(|turn| turn.chars().count()).sum();
    assert!(characters / 4 <= BUDGET * 2, "{characters} characters");

    // A question beyond the budget is still asked.
    let long = format!("Very long: {}", "and so on ".repeat(300));
    user.ask_and_wait(&room, &long).await;
    let asked = asked_about(parley.model(), "Very long:").remove(0);
    assert_eq!(asked.turns().last(), Some(&long.as_str()));
}

/// One question to a server of our own, as it came over the wire, and a canned answer. What only wants to
/// connect is told that there is nothing.
async fn serve_once(listener: TcpListener) -> String {
    loop {
        let (mut connection, _) = listener.accept().await.unwrap();
        let request = read(&mut connection).await;
        let is_question = request.starts_with("POST ");
        let answer = if is_question { canned() } else { NOT_FOUND.to_owned() };
        connection.write_all(answer.as_bytes()).await.unwrap();
        connection.flush().await.unwrap();
        if is_question {
            return request;
        }
    }
}

const NOT_FOUND: &str = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

async fn read(connection: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut buffer = [0; 4_096];
    while !complete(&request) {
        let read = connection.read(&mut buffer).await.unwrap();
        assert!(read > 0, "half a request: {}", String::from_utf8_lossy(&request));
        request.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8(request).unwrap()
}

fn canned() -> String {
    let body = json!({
        "candidates": [{
            "content": {"role": "model", "parts": [{"text": "From the configured server."}]},
            "finishReason": "STOP",
        }],
        "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 4, "totalTokenCount": 7},
    })
    .to_string();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Whether a request's head is there, and all of the body that it announces.
fn complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    body.len() >= length.map_or(0, |length| length.trim().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configured_server_is_asked_for_the_configured_model_with_the_key() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = tokio::spawn(serve_once(listener));
    let builder =
        Parley::builder().env("GEMINI_BASE_URL", &url).env("GEMINI_MODEL", "gemini-3.5-flash-lite");
    let Some(parley) = builder.start().await else { return };
    let user = parley.user().await;
    let room = user.create_room("Configured").await;
    let reply = user.ask_and_wait(&room, "Who are you?").await;
    assert_eq!(reply["content"], "From the configured server.", "{reply}");
    assert_eq!(reply["usage"], json!({"input_tokens": 3, "output_tokens": 4}), "{reply}");

    let request = served.await.unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    assert_eq!(
        lines.next(),
        Some("POST /v1beta/models/gemini-3.5-flash-lite:generateContent HTTP/1.1")
    );
    let key = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("x-goog-api-key").then(|| value.trim())
    });
    assert_eq!(key, Some(KEY));
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["contents"][0]["parts"][0]["text"], "Who are you?", "{body}");
    // Google asks to leave these out from Gemini 3.6 on.
    for name in ["temperature", "topP", "topK"] {
        assert!(body["generationConfig"].get(name).is_none(), "{body}");
    }
    assert!(parley.model().requests().is_empty());
}
