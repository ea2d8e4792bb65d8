//! The function's part of the OpenAPI document against what it does.

use serde_json::Value;
use utoipa::OpenApi as _;

use crate::host::Host;

fn document() -> Value {
    serde_json::to_value(subscription::ApiDoc::openapi()).unwrap()
}

#[test]
fn every_endpoint_is_documented_with_its_answers() {
    let document = document();
    let mut documented = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let statuses: Vec<_> = operation["responses"].as_object().unwrap().keys().collect();
            let statuses: Vec<_> = statuses.into_iter().map(String::as_str).collect();
            documented.push(format!("{method} {path}: {}", statuses.join(" ")));
        }
    }
    documented.sort();
    let expected = [
        "get /subscribe/cancel: 200",
        "get /subscribe/status: 200 401 500 503",
        "get /subscribe/success: 200",
        "get /subscription/status: 200 401 500 503",
        "post /subscribe/portal: 201 401 409 500 503",
        "post /subscribe/pro: 201 400 401 409 413 415 422 500 503",
    ];
    assert_eq!(documented, expected);
}

#[tokio::test]
async fn the_answers_have_the_documented_fields() {
    let host = Host::start().await;
    let ada = host.person().await;
    let opened = host.subscribe(&ada).await.json();
    let portal = host.portal(&ada).await.json();
    let status = host.get(&ada, "/subscribe/status").await.json();
    let document = document();
    for (name, answer) in
        [("CheckoutSession", opened), ("PortalSession", portal), ("Standing", status)]
    {
        let schema = &document["components"]["schemas"][name];
        let mut fields: Vec<_> = answer.as_object().unwrap().keys().collect();
        let mut documented: Vec<_> = schema["properties"].as_object().unwrap().keys().collect();
        let required = schema["required"].as_array().unwrap().iter();
        let mut required: Vec<_> = required.map(|name| name.as_str().unwrap()).collect();
        for names in [&mut fields, &mut documented] {
            names.sort();
        }
        required.sort_unstable();
        assert_eq!(fields, documented, "{name}");
        assert_eq!(fields, required, "{name}");
    }
}
