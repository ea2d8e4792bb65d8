//! The function's part of the OpenAPI document against what it does.

use serde_json::Value;
use utoipa::OpenApi as _;

use crate::host::Host;

fn document() -> Value {
    serde_json::to_value(user::ApiDoc::openapi()).unwrap()
}

fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().iter();
        methods.map(move |(method, operation)| (path.clone(), method.clone(), operation.clone()))
    });
    all.collect()
}

#[test]
fn every_endpoint_is_documented_with_its_answers() {
    let document = document();
    let documented: Vec<_> = operations(&document)
        .into_iter()
        .map(|(path, method, operation)| {
            let statuses = operation["responses"].as_object().unwrap().keys().cloned();
            (path, method, statuses.collect::<Vec<_>>().join(" "))
        })
        .collect();
    let expected = [
        ("/user/me", "delete", "204 401 500 503"),
        ("/user/me", "get", "200 401 500 503"),
        ("/user/me", "patch", "200 400 401 413 415 422 500 503"),
        ("/user/me/usage", "get", "200 401 422 500 503"),
    ];
    let expected = expected
        .map(|(path, method, statuses)| (path.to_owned(), method.to_owned(), statuses.to_owned()));
    assert_eq!(documented, expected);
}

#[test]
fn every_error_is_a_problem_and_every_endpoint_asks_for_a_token() {
    for (path, method, operation) in operations(&document()) {
        assert!(operation["security"][0].get("bearer").is_some(), "{method} {path}");
        for (status, response) in operation["responses"].as_object().unwrap() {
            if status.starts_with('2') {
                continue;
            }
            let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(schema, "#/components/schemas/ProblemBody", "{method} {path} {status}");
            assert_ne!(response["description"], "", "{method} {path} {status}");
        }
    }
}

#[test]
fn every_schema_that_is_referred_to_is_there() {
    let document = document();
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
    }
}

#[tokio::test]
async fn the_answers_have_the_documented_fields() {
    let host = Host::start().await;
    let me = host.get("/user/me", &host.stranger().await).await.json();
    let schema = &document()["components"]["schemas"]["Me"];
    let mut required: Vec<_> =
        schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    required.sort_unstable();
    let fields: Vec<_> = me.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, required);
    let mut documented: Vec<_> = schema["properties"].as_object().unwrap().keys().collect();
    documented.sort_unstable();
    documented.retain(|name| *name != "role");
    assert_eq!(documented, required);
    for nullable in ["full_name", "email", "daily_limit"] {
        let types = schema["properties"][nullable]["type"].to_string();
        assert!(types.contains("null"), "{nullable}: {types}");
    }
}
