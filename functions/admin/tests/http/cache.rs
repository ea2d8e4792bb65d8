//! The cache: off, there, and not there.

use local::valkey::Valkey;
use serde_json::json;
use shared::config::Env;

use crate::host::Host;

#[tokio::test]
async fn a_cache_that_answers_shows_how_soon() {
    // Tests run in the crate's folder; the tools are in the workspace's.
    let tools = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.tools/bin");
    let path = format!("{}:{tools}", std::env::var("PATH").unwrap_or_default());
    let valkey = Valkey::start(&Env::default().with("PATH", path)).await.unwrap();
    let host = Host::start().await;
    let env = valkey.env(host.env.clone());
    if env.get("VALKEY_URL") == Some("off") {
        assert!(std::env::var_os("CI").is_none(), "CI has to have a Valkey");
        eprintln!("skipped: no Valkey here");
        return;
    }
    let status = host.status_in(&env).await;
    assert_eq!(status["cache"]["status"], "ok", "{status}");
    let round_trip = status["cache"]["round_trip_ms"].as_f64().unwrap();
    assert!(round_trip > 0.0 && round_trip < 150.0, "{round_trip}");
    assert_eq!(status["status"], "ok");
}

#[tokio::test]
async fn a_cache_that_does_not_answer_takes_nothing_else_with_it() {
    let host = Host::start().await;
    let env = host.env.clone().with("VALKEY_URL", "redis://127.0.0.1:1");
    let status = host.status_in(&env).await;
    assert_eq!(status["cache"], json!({ "status": "unreachable" }));
    assert_eq!(status["needs_attention"], json!(["cache"]));
}

#[tokio::test]
async fn a_cache_that_is_off_is_no_trouble() {
    let host = Host::start().await;
    let status = host.status_in(&host.env.clone().with("VALKEY_URL", "off")).await;
    assert_eq!(status["cache"], json!({ "status": "off" }));
    assert_eq!(status["status"], "ok");
}
