//! What the service says about itself.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::Parley;

#[tokio::test(flavor = "multi_thread")]
async fn the_root_and_the_health_check_answer_everybody() {
    let parley = Parley::start().await;
    let root = parley.get("/").await.expect(200);
    assert!(!root.string("name").is_empty());
    assert!(!root.string("version").is_empty());
    for (name, link) in root.json()["links"].as_object().unwrap() {
        let link = link.as_str().unwrap();
        assert_eq!(parley.get(link).await.status(), 200, "{name}: {link}");
    }
    parley.get("/health").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_openapi_document_is_3_1_and_names_the_whole_contract() {
    let parley = Parley::start().await;
    let answer = parley.get("/openapi.json").await.expect(200);
    let document = answer.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."), "{}", document["openapi"]);
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let mut plain = path.clone();
        while let (Some(from), Some(to)) = (plain.find('{'), plain.find('}')) {
            plain.replace_range(from..=to, "*");
        }
        for method in item.as_object().unwrap().keys() {
            documented.insert(format!("{} {plain}", method.to_uppercase()));
        }
    }
    for operation in [
        "POST /auth/signup",
        "POST /auth/send-otp",
        "POST /auth/verify-otp",
        "POST /auth/login",
        "POST /auth/refresh",
        "POST /auth/logout",
        "POST /auth/forgot-password",
        "POST /auth/reset-password",
        "POST /auth/change-password",
        "GET /.well-known/jwks.json",
        "GET /user/me",
        "PATCH /user/me",
        "DELETE /user/me",
        "GET /user/me/usage",
        "POST /chatroom",
        "GET /chatroom",
        "GET /chatroom/*",
        "PATCH /chatroom/*",
        "DELETE /chatroom/*",
        "POST /chatroom/*/message",
        "GET /chatroom/*/messages",
        "GET /chatroom/*/messages/*",
        "POST /subscribe/pro",
        "POST /subscribe/portal",
        "GET /subscribe/status",
        "GET /subscription/status",
        "GET /subscribe/success",
        "GET /subscribe/cancel",
        "POST /webhook/stripe",
        "POST /subscribe/webhook",
        "GET /",
        "GET /health",
        "GET /openapi.json",
        "GET /docs",
    ] {
        assert!(documented.contains(operation), "{operation} is not documented");
    }
    for operation in &documented {
        // Every documented path is served, with that method.
        let (method, path) = operation.split_once(' ').unwrap();
        let path = path.replace('*', "01ARZ3NDEKTSV4RRFFQ69G5FAV");
        let answer = parley.request(method.parse().unwrap(), &path).await;
        assert!(![404, 405].contains(&answer.status()), "{operation}: {answer}");
    }
    assert_references_resolve(&document, &document);
}

fn assert_references_resolve(document: &Value, part: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                let pointer = reference.strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
            }
            for value in members.values() {
                assert_references_resolve(document, value);
            }
        }
        Value::Array(items) => {
            for item in items {
                assert_references_resolve(document, item);
            }
        }
        _ => {}
    }
}

/// The values of all `src` and `href` attributes.
fn targets(page: &str) -> Vec<&str> {
    ["src=", "href="]
        .iter()
        .flat_map(|attribute| page.split(attribute).skip(1))
        .filter_map(|rest| {
            let quote = rest.chars().next().filter(|c| ['"', '\''].contains(c))?;
            rest[1..].split(quote).next()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_interactive_reference_works_offline() {
    let parley = Parley::start().await;
    let page = parley.get("/docs").await.expect(200);
    assert!(page.header("content-type").starts_with("text/html"), "{page}");
    let html = page.text();
    let targets = targets(&html);
    assert!(!targets.is_empty(), "it loads nothing: {page}");
    for target in targets {
        assert!(!target.starts_with("//"), "{target}");
        let url = page.resolve(target);
        if url.starts_with("http") {
            assert!(url.starts_with(&parley.base_url()), "{target} is on another host");
            parley.get(&url).await.is(200);
        }
    }
}
