//! The function's part of the OpenAPI document against what it does.

use serde_json::{Value, json};
use utoipa::OpenApi as _;

use crate::host::Host;

fn document() -> Value {
    serde_json::to_value(admin::ApiDoc::openapi()).unwrap()
}

#[test]
fn the_endpoint_is_documented_with_its_answers() {
    let document = document();
    let operation = &document["paths"]["/admin/status"]["get"];
    assert_eq!(operation["security"], json!([{ "bearer": [] }]));
    let responses = operation["responses"].as_object().unwrap();
    let statuses: Vec<_> = responses.keys().map(String::as_str).collect();
    assert_eq!(statuses, ["200", "401", "403", "500", "503"]);
    for (status, response) in responses.iter().filter(|(status, _)| *status != "200") {
        let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
        assert_eq!(schema, "#/components/schemas/ProblemBody", "{status}");
        assert_ne!(response["description"], "", "{status}");
    }
}

#[test]
fn every_schema_that_is_referred_to_is_there() {
    let document = document();
    for reference in document.to_string().split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
    }
}

#[tokio::test]
async fn the_answer_has_the_documented_fields() {
    let status = Host::start().await.status().await;
    let schemas = &document()["components"]["schemas"];
    for (schema, answer, optional) in [
        ("Status", &status, &["cache_service"][..]),
        ("Tables", &status["tables"], &[]),
        ("Model", &status["model"], &[]),
        ("Versions", &status["versions"], &["function", "stage"]),
    ] {
        let names = |object: &Value| -> Vec<String> {
            let names = object.as_object().unwrap().keys().cloned();
            let mut names: Vec<_> =
                names.filter(|name| !optional.contains(&name.as_str())).collect();
            names.sort_unstable();
            names
        };
        let documented = names(&schemas[schema]["properties"]);
        assert_eq!(names(answer), documented, "{schema}");
        let mut required: Vec<_> = schemas[schema]["required"].as_array().unwrap().clone();
        required.sort_unstable_by_key(ToString::to_string);
        assert_eq!(required, documented, "{schema}");
    }
}

#[test]
fn what_a_part_can_be_is_told_by_its_status() {
    let schemas = &document()["components"]["schemas"];
    for (schema, states) in [
        ("Table", &["ok", "not_ready", "missing", "unreachable"][..]),
        ("Queue", &["ok", "unreachable"]),
        ("OldestPending", &["ok", "unreachable"]),
        ("Cache", &["off", "ok", "unreachable"]),
        ("CacheService", &["ok", "not_ready", "missing", "unreachable"]),
    ] {
        let variants = schemas[schema]["oneOf"].as_array().unwrap().iter();
        let documented: Vec<_> =
            variants.map(|variant| &variant["properties"]["status"]["enum"][0]).collect();
        assert_eq!(documented, states, "{schema}");
    }
}
