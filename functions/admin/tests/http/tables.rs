//! Tables that are not as they should be.

use std::{future::pending, time::Instant};

use axum::{Json, Router, http::HeaderMap, routing::post};
use local::testing;
use serde_json::{Value, json};

use crate::host::{Host, serve};

#[tokio::test]
async fn a_table_that_is_not_there_is_named() {
    let host = Host::start().await;
    let status = host.status_in(&host.env.clone().with("CHATROOMS_TABLE", "nothing")).await;
    assert_eq!(status["tables"]["chatrooms"], json!({ "status": "missing" }));
    assert_eq!(status["needs_attention"], json!(["tables.chatrooms"]));
    assert_eq!(status["status"], "degraded");
    assert_eq!(status["tables"]["users"]["status"], "ok");
}

#[tokio::test]
async fn a_table_that_hangs_is_waited_for_a_moment_and_takes_nothing_else_with_it() {
    let host = Host::start().await;
    let hangs = async |request: axum::http::request::Parts| {
        if request.headers["x-amz-target"].to_str().unwrap().ends_with(".DescribeTable") {
            pending::<()>().await;
        }
    };
    let url = testing::relay(host.dynamodb_url(), hangs).await;
    let env = host.env.clone().with("AWS_ENDPOINT_URL_DYNAMODB", url);
    let asked = Instant::now();
    let status = host.status_in(&env).await;
    assert!(asked.elapsed().as_secs() < 8, "three parts of two seconds each, side by side");
    for table in ["users", "chatrooms", "messages"] {
        assert_eq!(status["tables"][table], json!({ "status": "unreachable" }));
    }
    let unwell = json!(["tables.users", "tables.chatrooms", "tables.messages"]);
    assert_eq!(status["needs_attention"], unwell);
    assert_eq!(status["oldest_pending"]["status"], "ok");
}

/// A DynamoDB whose tables are in this state: no local one has any other than `ACTIVE`.
async fn dynamodb(state: &'static str) -> String {
    let answer = async move |headers: HeaderMap| -> Json<Value> {
        Json(match headers["x-amz-target"].to_str().unwrap() {
            "DynamoDB_20120810.DescribeTable" => {
                json!({ "Table": { "TableStatus": state, "ItemCount": 7, "TableSizeBytes": 70 } })
            }
            _ => json!({ "Items": [], "Count": 0 }),
        })
    };
    serve(Router::new().route("/", post(answer))).await
}

#[tokio::test]
async fn a_table_that_does_not_serve_says_what_it_does_instead() {
    let host = Host::start().await;
    for (state, shown) in [
        ("ACTIVE", json!({ "status": "ok", "approximate_items": 7, "approximate_bytes": 70 })),
        ("UPDATING", json!({ "status": "ok", "approximate_items": 7, "approximate_bytes": 70 })),
        ("CREATING", json!({ "status": "not_ready", "state": "creating" })),
        ("ARCHIVED", json!({ "status": "not_ready", "state": "archived" })),
        ("SOMETHING_NEW", json!({ "status": "not_ready", "state": "something_new" })),
    ] {
        let env = host.env.clone().with("AWS_ENDPOINT_URL_DYNAMODB", dynamodb(state).await);
        let status = host.look_at(&env).await;
        assert_eq!(status["tables"]["messages"], shown);
        assert_eq!(status["status"] == "ok", shown["status"] == "ok", "{status}");
    }
}

#[tokio::test]
async fn a_dynamodb_that_is_down_is_shown_to_the_command_line() {
    let host = Host::start().await;
    let env = host.env.clone().with("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1");
    let status = host.look_at(&env).await;
    let unwell = json!(["tables.users", "tables.chatrooms", "tables.messages", "oldest_pending"]);
    assert_eq!(status["needs_attention"], unwell);
    assert_eq!(status["oldest_pending"], json!({ "status": "unreachable" }));
    assert_eq!(status["queue"]["status"], "ok");
}
