//! The stand-in's wire format and its control API, as any HTTP client sees them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use local::gemini::{Behaviour, Respond, StandIn, StatusReply, TextReply};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

/// An HTTP client; it never uses TLS, but reqwest is built to want a provider for it.
fn http() -> Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap()
}

fn request(stand_in: &StandIn, method: Method, path: &str) -> RequestBuilder {
    http().request(method, format!("{}{path}", stand_in.url()))
}

async fn post(stand_in: &StandIn, target: &str, body: &Value) -> Response {
    request(stand_in, Method::POST, &format!("/v1beta/models/{target}"))
        .header("x-goog-api-key", "key")
        .json(body)
        .send()
        .await
        .unwrap()
}

fn asks(text: &str) -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": text}]}]})
}

async fn error_of(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["error"]["code"], status.as_u16());
    (status, body["error"].clone())
}

#[tokio::test]
async fn an_answer_has_googles_shape() {
    let stand_in = StandIn::start(0).await.unwrap();
    let response = post(&stand_in, "gemini-3.8-flash:generateContent", &asks("Hello")).await;
    assert_eq!(response.status(), StatusCode::OK);
    let body: Value = response.json().await.unwrap();
    let text = body["candidates"][0]["content"]["parts"][0]["text"].as_str().unwrap();
    let output = text.chars().count().div_ceil(4);
    assert_eq!(
        body,
        json!({
            "candidates": [{
                "content": {"role": "model", "parts": [{"text": text}]},
                "finishReason": "STOP",
                "index": 0,
            }],
            "usageMetadata": {
                "promptTokenCount": 2,
                "candidatesTokenCount": output,
                "thoughtsTokenCount": 12,
                "totalTokenCount": output + 14,
                "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 2}],
            },
            "modelVersion": "gemini-3.8-flash",
            "responseId": "stand-in-1",
        })
    );
}

#[tokio::test]
async fn a_long_question_is_quoted_in_part() {
    let stand_in = StandIn::start(0).await.unwrap();
    let body = asks(&format!("é{}", "x \n ".repeat(100)));
    let response = post(&stand_in, "gemini-3.8-flash:generateContent", &body).await;
    let body: Value = response.json().await.unwrap();
    let text = body["candidates"][0]["content"]["parts"][0]["text"].as_str().unwrap();
    let quoted = text.split(['“', '”']).nth(1).unwrap();
    assert_eq!(quoted.chars().count(), 81);
    assert!(quoted.starts_with("éx x") && quoted.ends_with('…'), "{quoted}");
}

/// The chunks of a stream of events, which must be nothing but whole events.
fn events(stream: &str) -> Vec<Value> {
    let events = stream.strip_suffix("\r\n\r\n").unwrap().split("\r\n\r\n");
    events
        .map(|event| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap())
        .collect()
}

#[tokio::test]
async fn a_stream_comes_in_chunks_with_cumulative_usage_and_no_done_mark() {
    let stand_in = StandIn::start(0).await.unwrap();
    let text = "One two three four five six seven eight.";
    let reply = TextReply { text: text.to_owned(), finish_reason: Some("MAX_TOKENS".to_owned()) };
    stand_in.on(Behaviour::new(Respond::Text(reply)));
    let target = "gemini-3.8-flash:streamGenerateContent";

    let response = post(&stand_in, &format!("{target}?alt=sse"), &asks("Count")).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let chunks = events(&response.text().await.unwrap());
    assert_eq!(chunks.len(), 4);
    let candidates: Vec<_> = chunks.iter().map(|chunk| &chunk["candidates"][0]).collect();
    let said: String = candidates
        .iter()
        .map(|candidate| candidate["content"]["parts"][0]["text"].as_str().unwrap())
        .collect();
    assert_eq!(said, text);
    let reasons: Vec<_> = candidates.iter().map(|c| c["finishReason"].as_str()).collect();
    assert_eq!(reasons, [None, None, None, Some("MAX_TOKENS")]);
    let tokens: Vec<_> = chunks
        .iter()
        .map(|c| c["usageMetadata"]["candidatesTokenCount"].as_u64().unwrap())
        .collect();
    assert_eq!(tokens, [2, 5, 7, 10]);

    let array: Vec<Value> = post(&stand_in, target, &asks("Count")).await.json().await.unwrap();
    assert_eq!(array.len(), 4);
}

#[tokio::test]
async fn a_stream_that_is_cut_breaks_after_its_first_events() {
    let stand_in = StandIn::start(0).await.unwrap();
    stand_in.on(Behaviour::new(Respond::Cut));
    let target = "gemini-3.8-flash:streamGenerateContent?alt=sse";
    let mut response = post(&stand_in, target, &asks("Hello")).await;
    let mut received = Vec::new();
    let end = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => received.extend_from_slice(&chunk),
            end => break end,
        }
    };
    assert!(end.is_err());
    let received = String::from_utf8(received).unwrap();
    assert!(received.contains("\r\n\r\ndata: {"), "{received}");
    assert!(!received.ends_with("\r\n\r\n"), "{received}");
}

#[tokio::test]
async fn tokens_are_counted_for_contents_and_for_whole_requests() {
    let stand_in = StandIn::start(0).await.unwrap();
    let mut whole = asks("Twelve chars");
    whole["systemInstruction"] = json!({"parts": [{"text": "Four"}]});
    for (body, tokens) in [(asks("Twelve chars"), 3), (json!({"generateContentRequest": whole}), 4)]
    {
        let response = post(&stand_in, "gemini-3.8-flash:countTokens", &body).await;
        let counted: Value = response.json().await.unwrap();
        assert_eq!(counted["totalTokens"], tokens);
    }
}

#[tokio::test]
async fn keys_and_models_are_checked_as_google_does() {
    let stand_in = StandIn::start(0).await.unwrap();
    let path = "/v1beta/models/gemini-3.8-flash:generateContent";
    let keyless = request(&stand_in, Method::POST, path).json(&asks("Hello"));
    let (status, error) = error_of(keyless.send().await.unwrap()).await;
    assert_eq!((status, &error["status"]), (StatusCode::FORBIDDEN, &json!("PERMISSION_DENIED")));

    let wrong = request(&stand_in, Method::POST, path)
        .header("x-goog-api-key", "invalid")
        .json(&asks("Hello"));
    let (status, error) = error_of(wrong.send().await.unwrap()).await;
    assert_eq!((status, &error["status"]), (StatusCode::BAD_REQUEST, &json!("INVALID_ARGUMENT")));
    assert_eq!(error["details"][0]["reason"], "API_KEY_INVALID");

    for model in ["gemini-2.5-flash", "gpt", ""] {
        let target = format!("{model}:generateContent");
        let (status, error) = error_of(post(&stand_in, &target, &asks("Hello")).await).await;
        assert_eq!((status, &error["status"]), (StatusCode::NOT_FOUND, &json!("NOT_FOUND")));
    }
    let unknown = post(&stand_in, "gemini-3.8-flash:embedContent", &asks("Hello")).await;
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn requests_are_checked_as_google_does() {
    let stand_in = StandIn::start(0).await.unwrap();
    stand_in.on(Behaviour::new(Respond::Block).times(1));
    let user = |text: &str| json!({"role": "user", "parts": [{"text": text}]});
    let thinking = json!({"thinkingConfig": {"thinkingLevel": "MINIMAL"}});
    for body in [
        json!({}),
        json!({"contents": []}),
        json!({"contents": [{"role": "user", "parts": []}]}),
        json!({"contents": [{"role": "user", "parts": [{}]}]}),
        json!({"contents": [{"role": "assistant", "parts": [{"text": "Hi"}]}]}),
        json!({"contents": [user("Hello"), {"role": "model", "parts": [{"text": "Hi"}]}]}),
        json!({"contents": [user("Hello")], "system_prompt": "Be brief."}),
        json!({"contents": [user("Hello")], "generationConfig": thinking}),
        json!({"contents": [{"role": "user", "text": "Hello"}]}),
        json!([]),
        json!("Hello"),
    ] {
        let response = post(&stand_in, "gemini-3.8-flash:generateContent", &body).await;
        let (status, error) = error_of(response).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(error["status"], "INVALID_ARGUMENT", "{body}");
    }
    let response = post(&stand_in, "gemini-3.8-flash:generateContent", &asks("Hello")).await;
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["promptFeedback"]["blockReason"], "PROHIBITED_CONTENT", "still unused");
}

async fn control(stand_in: &StandIn, method: Method, path: &str, body: &Value) -> StatusCode {
    request(stand_in, method, path).json(body).send().await.unwrap().status()
}

#[tokio::test]
async fn the_control_api_takes_orders_and_forgets_them() {
    let stand_in = StandIn::start(0).await.unwrap();
    let told = json!({"when": "rain", "times": 1, "respond": {"status": 503, "retry_after": "2s"}});
    let behaviours = "/control/behaviours";
    assert_eq!(control(&stand_in, Method::POST, behaviours, &told).await, StatusCode::CREATED);
    let target = "gemini-3.8-flash:generateContent";

    let other = post(&stand_in, target, &asks("Hello")).await;
    assert_eq!(other.status(), StatusCode::OK);
    let (status, error) = error_of(post(&stand_in, target, &asks("Will it rain?")).await).await;
    assert_eq!(
        (status, &error["status"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("UNAVAILABLE"))
    );
    assert_eq!(error["details"][0]["retryDelay"], "2s");
    let again = post(&stand_in, target, &asks("Will it rain?")).await;
    assert_eq!(again.status(), StatusCode::OK);

    let always = json!({"respond": {"status": 500}});
    assert_eq!(control(&stand_in, Method::POST, behaviours, &always).await, StatusCode::CREATED);
    assert_eq!(post(&stand_in, target, &asks("Hello")).await.status(), 500);
    let forget = control(&stand_in, Method::DELETE, behaviours, &Value::Null).await;
    assert_eq!(forget, StatusCode::NO_CONTENT);
    assert_eq!(post(&stand_in, target, &asks("Hello")).await.status(), 200);

    let slip = json!({"respond": "hangs"});
    let refused = control(&stand_in, Method::POST, behaviours, &slip).await;
    assert_eq!(refused, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn an_error_can_have_a_body_of_its_own() {
    let stand_in = StandIn::start(0).await.unwrap();
    for (body, content_type, sent) in [
        (json!("<h1>Bad Gateway</h1>"), "text/html; charset=UTF-8", "<h1>Bad Gateway</h1>"),
        (json!({"oops": 1}), "application/json", r#"{"oops":1}"#),
    ] {
        let told = StatusReply { status: 502, retry_after: None, body: Some(body) };
        stand_in.on(Behaviour::new(Respond::Status(told)));
        let response = post(&stand_in, "gemini-3.8-flash:generateContent", &asks("Hello")).await;
        assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
        assert_eq!(response.headers()["content-type"], content_type);
        assert_eq!(response.text().await.unwrap(), sent);
    }
}

#[tokio::test]
async fn the_usual_delay_holds_where_a_behaviour_has_none_of_its_own() {
    let stand_in = StandIn::start(0).await.unwrap();
    let delay = json!({"delay_ms": 300});
    let set = control(&stand_in, Method::PUT, "/control/delay", &delay).await;
    assert_eq!(set, StatusCode::NO_CONTENT);
    stand_in.on(Behaviour::new(Respond::Answer).when("quick").delay(Duration::ZERO));

    let took = async |text: &str| {
        let started = Instant::now();
        post(&stand_in, "gemini-3.8-flash:generateContent", &asks(text)).await;
        started.elapsed()
    };
    assert!(took("slow").await >= Duration::from_millis(300));
    let mut quick = Duration::MAX;
    for _ in 0..5 {
        quick = quick.min(took("quick").await);
    }
    assert!(quick < Duration::from_millis(300), "{quick:?}");
}

#[tokio::test]
async fn what_was_received_can_be_read_and_forgotten() {
    let stand_in = StandIn::start(0).await.unwrap();
    let target = "gemini-3.8-flash:generateContent";
    post(&stand_in, target, &asks("Hello")).await;
    post(&stand_in, "gemini-2.5-flash:countTokens", &asks("Hello?")).await;
    let read = async || {
        let request = request(&stand_in, Method::GET, "/control/requests");
        request.send().await.unwrap().json::<Vec<Value>>().await.unwrap()
    };
    let received = read().await;
    assert_eq!(received.len(), 2);
    let fields: Vec<_> = received
        .iter()
        .map(|request| (&request["model"], &request["method"], &request["body"]))
        .collect();
    assert_eq!(fields[0], (&json!("gemini-3.8-flash"), &json!("generateContent"), &asks("Hello")));
    assert_eq!(fields[1], (&json!("gemini-2.5-flash"), &json!("countTokens"), &asks("Hello?")));
    assert!(received[0]["at"].as_str() <= received[1]["at"].as_str());
    assert!(received[0]["at"].as_str().is_some_and(|at| at.ends_with('Z')));

    let forget = control(&stand_in, Method::DELETE, "/control/requests", &Value::Null).await;
    assert_eq!(forget, StatusCode::NO_CONTENT);
    assert!(read().await.is_empty());
}

#[tokio::test]
async fn a_dropped_stand_in_frees_its_port() {
    let stand_in = StandIn::start(0).await.unwrap();
    let address = stand_in.url().strip_prefix("http://").unwrap().to_owned();
    tokio::net::TcpStream::connect(&address).await.unwrap();
    drop(stand_in);
    let deadline = Instant::now() + Duration::from_secs(10);
    while tokio::net::TcpStream::connect(&address).await.is_ok() {
        assert!(Instant::now() < deadline, "still listening");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_models_entry_is_shown_to_who_has_a_key() {
    let stand_in = StandIn::start(0).await.unwrap();
    let ask = async |model: &str, key: Option<&str>| {
        let request = request(&stand_in, Method::GET, &format!("/v1beta/models/{model}"));
        let request = match key {
            Some(key) => request.header("x-goog-api-key", key),
            None => request,
        };
        request.send().await.unwrap()
    };
    let response = ask("gemini-3.8-flash", Some("key")).await;
    assert_eq!(response.status(), StatusCode::OK);
    let entry: Value = response.json().await.unwrap();
    assert_eq!(entry["name"], "models/gemini-3.8-flash");

    for (model, key, status, name) in [
        ("gemini-2.5-flash", Some("key"), 404, "NOT_FOUND"),
        ("gpt", Some("key"), 404, "NOT_FOUND"),
        ("gemini-3.8-flash", Some("invalid"), 400, "INVALID_ARGUMENT"),
        ("gemini-3.8-flash", None, 403, "PERMISSION_DENIED"),
    ] {
        let (refused, error) = error_of(ask(model, key).await).await;
        assert_eq!((refused.as_u16(), &error["status"]), (status, &json!(name)), "{model}");
    }
    assert!(stand_in.requests().is_empty());
}
