//! What must not work, and how it fails.

use serde_json::Value;

use tests::deployed::{World, event};

use crate::emulator::Emulator;

/// Variables without which no function that is given them may start.
fn is_needed(variable: &str) -> bool {
    ["USERS_TABLE", "JWT_PUBLIC_KEYS"].contains(&variable)
        || ["_QUEUE_URL", "_PARAMETER"].iter().any(|kind| variable.ends_with(kind))
}

/// An event that a function with this source is never invoked with. One on a schedule reads nothing
/// of its event that another would not have.
fn foreign_event(source: &str) -> Option<Value> {
    match source {
        "HttpApi" => Some(event("gemini-worker")),
        "SQS" => Some(event("docs")),
        _ => None,
    }
}

#[tokio::test]
async fn an_event_of_another_kind_fails_its_invocation_and_no_other() {
    let world = World::start().await;
    let mut tried = 0;
    for function in world.functions() {
        let Some(foreign) = foreign_event(&function.source) else { continue };
        let emulator = Emulator::start(&world, &function);
        let failed = emulator.invoke(&foreign).await;
        let kind = failed.payload["errorType"].as_str();
        assert!(kind.is_some_and(|kind| !kind.is_empty()), "{}: {failed:?}", function.name);
        let answered = emulator.invoke(&event(&function.name)).await;
        assert_eq!(answered.payload.get("errorType"), None, "{}: {answered:?}", function.name);
        tried += 1;
    }
    assert!(tried >= 2, "an HTTP function and the worker at least");
}

#[tokio::test]
async fn a_function_without_a_variable_that_it_needs_does_not_start_and_names_it() {
    let world = World::start().await;
    let mut tried = 0;
    for function in world.functions() {
        for variable in function.environment.keys().filter(|variable| is_needed(variable)) {
            let mut without = function.clone();
            without.environment.remove(variable);
            let emulator = Emulator::start(&world, &without);
            let answer = emulator.invoke(&event(&function.name)).await;
            assert_eq!(answer.status, 502, "{} started without {variable}", function.name);
            // A secret is named as such: it may be given by itself too.
            let named = variable.trim_end_matches("_PARAMETER");
            let output = emulator.output();
            assert!(output.contains(named), "{} does not name {named}: {output}", function.name);
            tried += 1;
        }
    }
    assert!(tried > 0);
}

#[tokio::test]
async fn a_secret_that_ssm_does_not_have_is_named() {
    let world = World::start().await;
    let functions = world.functions();
    let worker = functions.iter().find(|function| function.name == "gemini-worker");
    let mut worker = worker.unwrap().clone();
    worker.environment.insert("GEMINI_API_KEY_PARAMETER".to_owned(), "/nowhere".to_owned());
    let emulator = Emulator::start(&world, &worker);
    assert_eq!(emulator.invoke(&event("gemini-worker")).await.status, 502);
    let output = emulator.output();
    assert!(output.contains("GEMINI_API_KEY has no value"), "{output}");
}
