//! `GET /` and `GET /health`.

use axum::http::{Method, StatusCode, header};
use serde_json::json;

use crate::{get, request};

#[tokio::test]
async fn the_root_names_the_api_and_links_to_what_exists() {
    let answer = get("/").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header(&header::CONTENT_TYPE), "application/json");
    let about = answer.json();
    assert_eq!(about["name"], "parley");
    assert_eq!(about["version"], env!("CARGO_PKG_VERSION"));

    let links = about["links"].as_object().unwrap();
    assert_eq!(
        links.keys().map(String::as_str).collect::<Vec<_>>(),
        ["docs", "health", "jwks", "openapi"]
    );
    for (name, path) in links {
        // The keys are the auth function's.
        if name != "jwks" {
            assert_eq!(get(path.as_str().unwrap()).await.status, StatusCode::OK, "{name}");
        }
    }
}

#[tokio::test]
async fn health_is_ok_and_never_from_a_cache() {
    let answer = get("/health").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header(&header::CACHE_CONTROL), "no-store");
    assert_eq!(answer.json(), json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }));
}

#[tokio::test]
async fn other_paths_and_methods_are_refused_as_problems() {
    for path in ["/docs/no-such-file", "/docs/../openapi.json", "/docs/swagger-ui"] {
        let answer = get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.json()["code"], "not_found", "{path}");
    }
    for path in ["/", "/health", "/openapi.json", "/docs"] {
        let answer = request(Method::POST, path, &[]).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(answer.json()["code"], "method_not_allowed", "{path}");
    }
}
