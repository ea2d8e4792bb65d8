//! A deployment that is well, and what has to be set for one to be looked at.

use serde_json::json;

use crate::host::{Host, START};

#[tokio::test]
async fn a_deployment_that_is_well_is_shown_whole() {
    let host = Host::start().await;
    let mut status = host.status().await;
    let tables = status["tables"].take();
    for table in ["users", "chatrooms", "messages"] {
        assert_eq!(tables[table]["status"], "ok", "{tables}");
        assert!(tables[table]["approximate_items"].is_u64(), "{tables}");
        assert!(tables[table]["approximate_bytes"].is_u64(), "{tables}");
    }
    assert_eq!(tables.as_object().unwrap().len(), 3, "{tables}");
    let empty = json!({ "status": "ok", "visible": 0, "in_flight": 0, "delayed": 0 });
    assert_eq!(
        status,
        json!({
            "status": "ok",
            "needs_attention": [],
            "checked_at": START,
            "tables": null,
            "queue": empty,
            "dead_letter_queue": empty,
            "oldest_pending": { "status": "ok", "age_seconds": null },
            "cache": { "status": "off" },
            "model": { "status": "ok", "name": "gemini-3.8-flash" },
            "versions": { "parley": env!("CARGO_PKG_VERSION"), "stage": "test" },
        })
    );
}

#[tokio::test]
async fn the_command_line_sees_what_the_view_shows() {
    let host = Host::start().await;
    let (mut shown, mut seen) = (host.status().await, host.look_at(&host.env).await);
    for status in [&mut shown, &mut seen] {
        // To look at it through the view takes one more operator.
        status["tables"]["users"]["approximate_items"] = 0.into();
        status["tables"]["users"]["approximate_bytes"] = 0.into();
    }
    assert_eq!(shown, seen);
}

#[tokio::test]
async fn in_lambda_the_functions_own_version_is_shown() {
    let host = Host::start().await;
    let env = host.env.clone().with("AWS_LAMBDA_FUNCTION_VERSION", "12");
    assert_eq!(host.status_in(&env).await["versions"]["function"], "12");
}

#[tokio::test]
async fn a_missing_variable_fails_the_start_with_its_name() {
    let host = Host::start().await;
    for name in [
        "JWT_PUBLIC_KEYS",
        "USERS_TABLE",
        "CHATROOMS_TABLE",
        "MESSAGES_TABLE",
        "MESSAGE_QUEUE_URL",
        "DEAD_LETTER_QUEUE_URL",
        "GEMINI_API_KEY",
    ] {
        let refused = host.try_state(&host.env.clone().with(name, "")).err().unwrap();
        assert!(refused.to_string().contains(name), "{refused}");
    }
}
