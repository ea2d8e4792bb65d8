//! The model, as Gemini's catalogue has it.

use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::Instant,
};

use axum::{Json, Router, http::StatusCode, routing::post};
use serde_json::{Value, json};
use shared::config::Env;

use crate::host::{Host, serve};

async fn model(host: &Host, env: &Env) -> Value {
    let status = host.status_in(env).await;
    assert_eq!(status["needs_attention"], json!(["model"]), "{status}");
    status["model"]["status"].clone()
}

#[tokio::test]
async fn a_model_that_was_shut_down_is_gone() {
    let host = Host::start().await;
    let env = host.env.clone().with("GEMINI_MODEL", "gemini-2.5-flash");
    assert_eq!(model(&host, &env).await, "gone");
    assert_eq!(host.status_in(&env).await["model"]["name"], "gemini-2.5-flash");
}

#[tokio::test]
async fn a_key_that_gemini_does_not_take_is_refused() {
    let host = Host::start().await;
    let env = host.env.clone().with("GEMINI_API_KEY", "invalid");
    assert_eq!(model(&host, &env).await, "key_refused");
}

#[tokio::test]
async fn a_gemini_that_is_down_broken_or_hangs_is_unreachable() {
    let host = Host::start().await;
    let broken = Router::new().fallback(async || StatusCode::INTERNAL_SERVER_ERROR);
    let hanging = Router::new().fallback(pending::<StatusCode>);
    for url in ["http://127.0.0.1:1".to_owned(), serve(broken).await, serve(hanging).await] {
        let asked = Instant::now();
        let env = host.env.clone().with("GEMINI_BASE_URL", &url);
        assert_eq!(model(&host, &env).await, "unreachable", "{url}");
        assert!(asked.elapsed().as_secs() < 6, "it has two seconds");
    }
}

#[tokio::test]
async fn a_redirect_does_not_carry_the_key_along() {
    let host = Host::start().await;
    let asked = Arc::new(Mutex::new(0));
    let elsewhere = {
        let asked = Arc::clone(&asked);
        serve(Router::new().fallback(async move || *asked.lock().unwrap() += 1)).await
    };
    let redirect = async move || (StatusCode::FOUND, [("location", elsewhere)]);
    let url = serve(Router::new().fallback(redirect)).await;
    assert_eq!(model(&host, &host.env.clone().with("GEMINI_BASE_URL", url)).await, "unreachable");
    assert_eq!(*asked.lock().unwrap(), 0);
}

#[tokio::test]
async fn a_key_that_is_not_there_yet_is_shown_and_read_when_it_is() {
    let host = Host::start().await;
    let kept: Arc<Mutex<Option<&str>>> = Arc::default();
    let ssm = {
        let kept = Arc::clone(&kept);
        let answer = async move || {
            let value = *kept.lock().unwrap();
            let found =
                value.map(|value| json!({ "Name": "/parley/gemini-api-key", "Value": value }));
            Json(json!({ "Parameters": Vec::from_iter(found), "InvalidParameters": [] }))
        };
        serve(Router::new().route("/", post(answer))).await
    };
    let env = host
        .env
        .clone()
        .with("GEMINI_API_KEY", "")
        .with("GEMINI_API_KEY_PARAMETER", "/parley/gemini-api-key")
        .with("AWS_ENDPOINT_URL_SSM", ssm);
    let (router, operator) = (host.router_of(&env), host.operator().await);
    let before = host.ask(router.clone(), &operator).await.json();
    assert_eq!(before["model"]["status"], "no_key");
    assert_eq!(before["needs_attention"], json!(["model"]));

    *kept.lock().unwrap() = Some("a key of Gemini's");
    assert_eq!(host.ask(router, &operator).await.json()["model"]["status"], "ok");
}
