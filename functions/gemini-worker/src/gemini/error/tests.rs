use serde_json::{Value, json};

use super::*;

fn read_json(http_status: u16, body: &Value) -> Failure {
    ErrorReply::read(http_status, None, body.to_string().as_bytes()).failure
}

/// An error as Google sends it, with a message that must never show.
fn error(code: u16, status: &str, details: &Value) -> Value {
    json!({"error": {
        "code": code, "message": "internal-message", "status": status, "details": details,
    }})
}

fn retryable(cause: Cause, retry_after: Option<Duration>) -> Failure {
    Failure::Retryable { cause, retry_after }
}

fn retry_info(delay: &str) -> Value {
    json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}])
}

fn quota_failure(quota_id: &str) -> Value {
    json!([
        {"@type": "type.googleapis.com/google.rpc.Help", "links": [{"url": "https://x.example"}]},
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [
            {"quotaMetric": "m", "quotaId": quota_id, "quotaDimensions": {"model": "gemini-3.8-flash"}},
        ]},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "33s"},
    ])
}

#[test]
fn what_passes_by_itself_is_retryable() {
    for status in [408, 500, 502, 503, 504, 520, 529] {
        let body = error(status, "UNAVAILABLE", &Value::Null);
        assert_eq!(read_json(status, &body), retryable(Cause::Unavailable, None), "{status}");
    }
    let body = error(429, "RESOURCE_EXHAUSTED", &Value::Null);
    assert_eq!(read_json(429, &body), retryable(Cause::Throttled, None));
}

#[test]
fn what_stays_wrong_is_final() {
    for (status, cause) in [
        (400, Cause::BadRequest),
        (401, Cause::BadKey),
        (402, Cause::Forbidden),
        (403, Cause::Forbidden),
        (404, Cause::ModelGone),
        (410, Cause::ModelGone),
        (413, Cause::BadRequest),
        (302, Cause::Unexpected),
        (405, Cause::Unexpected),
        (501, Cause::Unexpected),
    ] {
        let body = error(status, "INVALID_ARGUMENT", &Value::Null);
        assert_eq!(read_json(status, &body), Failure::Final { cause, usage: None }, "{status}");
    }
}

#[test]
fn a_bad_key_is_told_from_a_bad_request_by_its_reason() {
    let details = json!([
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "API_KEY_INVALID",
            "domain": "googleapis.com",
            "metadata": {"service": "generativelanguage.googleapis.com"},
        },
        {
            "@type": "type.googleapis.com/google.rpc.LocalizedMessage",
            "locale": "en-US",
            "message": "API key not valid. Please pass a valid API key.",
        },
    ]);
    let failure = read_json(400, &error(400, "INVALID_ARGUMENT", &details));
    assert_eq!(failure, Failure::r#final(Cause::BadKey));

    let restricted = json!([{"reason": "API_KEY_IP_ADDRESS_BLOCKED"}]);
    let failure = read_json(403, &error(403, "PERMISSION_DENIED", &restricted));
    assert_eq!(failure, Failure::r#final(Cause::BadKey));
}

#[test]
fn a_failed_precondition_is_the_projects_not_the_requests() {
    let body = error(400, "FAILED_PRECONDITION", &Value::Null);
    assert_eq!(read_json(400, &body), Failure::r#final(Cause::Forbidden));
}

#[test]
fn retry_info_is_honoured_within_a_bound() {
    for (delay, expected) in [
        ("38.2s", Some(Duration::from_millis(38_200))),
        ("0s", Some(Duration::ZERO)),
        ("0.5s", Some(Duration::from_millis(500))),
        ("21599.960323804s", Some(MAX_RETRY_AFTER)),
        ("1e300s", Some(MAX_RETRY_AFTER)),
        ("infs", None),
        ("NaNs", None),
        ("-3s", None),
        ("soon", None),
        ("38", None),
        ("s", None),
        ("", None),
    ] {
        for (status, cause) in [(429, Cause::Throttled), (503, Cause::Unavailable)] {
            let failure = read_json(status, &error(status, "UNAVAILABLE", &retry_info(delay)));
            assert_eq!(failure, retryable(cause, expected), "{delay}");
        }
    }
}

#[test]
fn a_retry_after_header_is_read_where_there_is_no_retry_info() {
    let read = |header: &str, body: &Value| {
        ErrorReply::read(503, Some(header), body.to_string().as_bytes()).failure
    };
    let unavailable = |seconds| retryable(Cause::Unavailable, Some(Duration::from_secs(seconds)));
    assert_eq!(read("7", &Value::Null), unavailable(7));
    assert_eq!(read("86400", &Value::Null), unavailable(120));
    assert_eq!(read("7", &error(503, "UNAVAILABLE", &retry_info("2s"))), unavailable(2));
    let date = read("Wed, 21 Oct 2026 07:28:00 GMT", &Value::Null);
    assert_eq!(date, retryable(Cause::Unavailable, None));
}

#[test]
fn a_quota_per_day_is_final_and_a_quota_per_minute_is_not() {
    let daily = quota_failure("GenerateRequestsPerDayPerProjectPerModel-FreeTier");
    let failure = read_json(429, &error(429, "RESOURCE_EXHAUSTED", &daily));
    assert_eq!(failure, Failure::r#final(Cause::QuotaExhausted));

    let minute = quota_failure("GenerateContentPaidTierInputTokensPerModelPerMinute");
    let failure = read_json(429, &error(429, "RESOURCE_EXHAUSTED", &minute));
    assert_eq!(failure, retryable(Cause::Throttled, Some(Duration::from_secs(33))));
}

#[test]
fn a_body_that_is_not_geminis_leaves_the_status_to_go_by() {
    let whole = error(503, "UNAVAILABLE", &retry_info("2s")).to_string();
    let truncated = &whole[..whole.len() / 2];
    let bodies = [
        "<!DOCTYPE html><title>502 Bad Gateway</title>",
        "",
        truncated,
        "null",
        "[]",
        r#"{"error":"unavailable"}"#,
        r#"{"error":{"code":"503"}}"#,
    ];
    for body in bodies {
        let reply = ErrorReply::read(503, None, body.as_bytes());
        assert_eq!(reply.failure, retryable(Cause::Unavailable, None), "{body}");
        assert_eq!(reply.google_status, None, "{body}");
        let reply = ErrorReply::read(404, None, body.as_bytes());
        assert_eq!(reply.failure, Failure::r#final(Cause::ModelGone), "{body}");
    }
    let not_text = ErrorReply::read(500, None, &[0xff, 0xfe, 0x00]);
    assert_eq!(not_text.failure, retryable(Cause::Unavailable, None));
}

#[test]
fn only_a_canonical_status_name_is_kept() {
    let status_of = |status: &str| {
        let body = error(500, status, &Value::Null).to_string();
        ErrorReply::read(500, None, body.as_bytes()).google_status
    };
    assert_eq!(status_of("INTERNAL"), Some("INTERNAL"));
    assert_eq!(status_of("internal"), None);
    assert_eq!(status_of("see https://internal.example"), None);
}

const CAUSES: [Cause; 16] = [
    Cause::Throttled,
    Cause::Unavailable,
    Cause::TimedOut,
    Cause::Connection,
    Cause::Unreadable,
    Cause::Blocked,
    Cause::Recitation,
    Cause::Language,
    Cause::Empty,
    Cause::TooLarge,
    Cause::BadRequest,
    Cause::BadKey,
    Cause::Forbidden,
    Cause::ModelGone,
    Cause::QuotaExhausted,
    Cause::Unexpected,
];

#[test]
fn nothing_of_googles_text_is_in_a_failure() {
    let details = json!([{"reason": "internal-reason", "metadata": {"m": "internal-metadata"}}]);
    for status in 300..600 {
        let body = error(status, "internal-status", &details).to_string();
        let reply = ErrorReply::read(status, Some("internal-header"), body.as_bytes());
        let shown = format!("{reply:?} {}", reply.failure);
        assert!(!shown.contains("internal-"), "{shown}");
    }
}

#[test]
fn names_are_distinct_snake_case() {
    let names: std::collections::BTreeSet<_> = CAUSES.map(Cause::name).into();
    assert_eq!(names.len(), CAUSES.len());
    for name in names {
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}");
    }
}

#[test]
fn every_cause_has_a_sentence_for_people() {
    for cause in CAUSES {
        let sentence = cause.sentence();
        assert!(sentence.ends_with('.') && !sentence.contains("  "), "{sentence}");
        assert!(!sentence.contains(cause.name()) || cause == Cause::Language, "{sentence}");
    }
    assert_eq!(
        Cause::Blocked.sentence(),
        "Gemini declined to answer this message because of its safety rules. Try rephrasing it."
    );
    assert_eq!(
        Cause::TimedOut.sentence(),
        "Sorry, no answer could be made for this message. It was not counted against your daily \
         limit; please send it again."
    );
}
