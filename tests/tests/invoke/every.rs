//! What holds for every function of the template.

use std::collections::BTreeSet;

use serde_json::Value;

use tests::deployed::{World, event, names, needs_token, with_token};

use crate::emulator::Emulator;

/// A field of a line, or else of the spans around it.
fn field<'a>(line: &'a Value, name: &str) -> Option<&'a Value> {
    let spans = line["spans"].as_array().into_iter().flatten();
    line.get(name).or_else(|| spans.rev().find_map(|span| span.get(name)))
}

#[tokio::test]
async fn every_function_has_an_event_and_every_event_a_function() {
    let functions: BTreeSet<_> =
        World::start().await.functions().into_iter().map(|function| function.name).collect();
    assert_eq!(functions, names().into_iter().collect(), "template.yaml (left), events/ (right)");
}

#[tokio::test]
async fn every_function_answers_its_event_as_it_is_in_the_file() {
    let world = World::start().await;
    for function in world.functions() {
        let name = &function.name;
        let answer = Emulator::start(&world, &function).invoke(&event(name)).await;
        assert_eq!(answer.status, 200, "{name} did not start");
        assert_eq!(answer.payload.get("errorType"), None, "{name}: {answer:?}");
        if function.source == "HttpApi" {
            let status = answer.payload["statusCode"].as_u64().unwrap();
            let is_refused = status == 401;
            assert_eq!(is_refused, needs_token(&event(name)), "{name}: {answer:?}");
            assert!(status < 500, "{name}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn every_function_takes_a_token_that_another_key_of_the_set_has_signed() {
    let world = World::start().await;
    let token = world.token(&world.person().await);
    for function in world.functions() {
        let event = event(&function.name);
        if needs_token(&event) {
            let answer =
                Emulator::start(&world, &function).invoke(&with_token(event, &token)).await;
            let status = answer.payload["statusCode"].as_u64().unwrap();
            assert!(status != 401 && status < 500, "{}: {answer:?}", function.name);
        }
    }
}

#[tokio::test]
async fn every_line_that_a_function_prints_names_the_request() {
    let world = World::start().await;
    let token = world.token(&world.person().await);
    for function in world.functions() {
        let (name, event) = (&function.name, event(&function.name));
        let event = if needs_token(&event) { with_token(event, &token) } else { event };
        let emulator = Emulator::start(&world, &function);
        emulator.invoke(&event).await;
        let lines = emulator.lines();
        if function.source == "HttpApi" {
            assert!(!lines.is_empty(), "{name} printed nothing");
        }
        for line in &lines {
            for member in ["timestamp", "level", "message"] {
                assert!(line[member].is_string(), "{name}: no {member} in {line}");
            }
            if function.source == "HttpApi" {
                let id = &event["requestContext"]["requestId"];
                assert_eq!(field(line, "request_id"), Some(id), "{name}: {line}");
            }
            // Lambda's own id of the invocation.
            assert!(field(line, "requestId").is_some(), "{name}: {line}");
        }
    }
}

#[tokio::test]
async fn no_function_prints_a_secret_a_token_or_a_number() {
    let world = World::start().await;
    let token = world.token(&world.person().await);
    for function in world.functions() {
        let event = event(&function.name);
        let event = if needs_token(&event) { with_token(event, &token) } else { event };
        let emulator = Emulator::start(&world, &function);
        emulator.invoke(&event).await;
        let output = emulator.output();
        for secret in world.secrets().chain([&*token, "1234567890", "Galileo"]) {
            assert!(!output.contains(secret), "{} printed {secret}", function.name);
        }
    }
}
