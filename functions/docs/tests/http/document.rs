//! `GET /openapi.json`, and what this function adds to the document.

use axum::http::{StatusCode, header};
use utoipa::OpenApi as _;

use crate::{assert_conditional, get};

#[tokio::test]
async fn the_document_is_openapi_3_1() {
    let answer = get("/openapi.json").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header(&header::CONTENT_TYPE), "application/json");
    assert_eq!(answer.header(&header::CACHE_CONTROL), "no-cache");
    let document = answer.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    assert!(document["info"]["title"].is_string());
    assert!(document["paths"].is_object());
}

#[tokio::test]
async fn the_document_is_not_sent_again_to_those_who_have_it() {
    assert_conditional("/openapi.json", "gzip, br").await;
}

#[test]
fn this_functions_own_routes_are_described() {
    let document = serde_json::to_value(docs::ApiDoc::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(
        paths.keys().map(String::as_str).collect::<Vec<_>>(),
        ["/", "/docs", "/health", "/openapi.json"]
    );
    for (path, item) in paths {
        let operation = &item["get"];
        assert_eq!(operation["tags"], serde_json::json!(["service"]), "{path}");
        assert_eq!(operation["security"], serde_json::json!([{}]), "{path} is open to everybody");
        assert!(operation["summary"].is_string(), "{path}");
        assert!(operation["responses"]["200"]["content"].is_object(), "{path}");
    }
    let schema =
        &paths["/health"]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(schema["$ref"], "#/components/schemas/Health");
    assert!(document["components"]["schemas"]["Health"]["properties"]["version"].is_object());
}
