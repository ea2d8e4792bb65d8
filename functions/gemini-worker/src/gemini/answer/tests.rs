use serde_json::{Value, json};

use super::*;

fn read_json(body: Value) -> Result<Answer, Failure> {
    read(serde_json::from_value(body).unwrap())
}

/// An answer that says `text` and stopped for `reason`, for 10 tokens in and 3 + 4 out.
fn candidate(text: Option<&str>, reason: &Value) -> Value {
    let content = text.map(|text| json!({"role": "model", "parts": [{"text": text}]}));
    json!({
        "candidates": [{"content": content, "finishReason": reason, "index": 0}],
        "usageMetadata": {
            "promptTokenCount": 10, "candidatesTokenCount": 3, "thoughtsTokenCount": 4,
            "totalTokenCount": 17,
        },
        "modelVersion": "gemini-3.8-flash",
    })
}

const USAGE: Usage = Usage { input_tokens: 10, output_tokens: 7 };

fn refused(cause: Cause) -> Result<Answer, Failure> {
    Err(Failure::Final { cause, usage: Some(USAGE) })
}

#[test]
fn an_answer_is_its_text_its_reason_and_its_tokens_with_thoughts_as_output() {
    let answer = read_json(candidate(Some("Hello."), &json!("STOP"))).unwrap();
    assert_eq!(answer.text, "Hello.");
    assert_eq!(answer.finish_reason, FinishReason::Stop);
    assert_eq!(answer.usage, USAGE);
}

#[test]
fn parts_are_joined_and_thoughts_and_other_kinds_are_skipped() {
    let answer = read_json(json!({"candidates": [{
        "content": {"parts": [
            {"text": "Let me think.", "thought": true},
            {"text": "One, "},
            {"functionCall": {"name": "f"}},
            {"text": "two.", "thought": false, "thoughtSignature": "c2ln"},
        ]},
        "finishReason": "STOP",
    }]}))
    .unwrap();
    assert_eq!(answer.text, "One, two.");
}

#[test]
fn nothing_but_thoughts_is_empty() {
    let failure = read_json(json!({"candidates": [{
        "content": {"parts": [{"text": "Let me think.", "thought": true}]},
        "finishReason": "STOP",
    }]}));
    assert_eq!(failure.unwrap_err(), Failure::Final { cause: Cause::Empty, usage: None });
}

#[test]
fn a_200_without_candidates_is_empty() {
    for body in [
        json!({}),
        json!({"candidates": []}),
        json!({"candidates": null, "promptFeedback": null}),
        json!({"promptFeedback": {"safetyRatings": []}}),
    ] {
        let failure = read_json(body).unwrap_err();
        assert_eq!(failure, Failure::Final { cause: Cause::Empty, usage: None });
    }
}

#[test]
fn a_candidate_without_content_parts_or_text_is_empty() {
    for candidate in [
        json!({}),
        json!({"finishReason": "STOP"}),
        json!({"content": null, "finishReason": "STOP"}),
        json!({"content": {"role": "model"}, "finishReason": "STOP"}),
        json!({"content": {"parts": null}, "finishReason": "STOP"}),
        json!({"content": {"parts": []}, "finishReason": "OTHER"}),
        json!({"content": {"parts": [{}]}, "finishReason": "MALFORMED_FUNCTION_CALL"}),
        json!({"content": {"parts": [{"text": " \n"}]}, "finishReason": "STOP"}),
    ] {
        let failure = read_json(json!({"candidates": [candidate]})).unwrap_err();
        assert_eq!(failure, Failure::Final { cause: Cause::Empty, usage: None });
    }
}

#[test]
fn max_tokens_is_an_answer_with_text_and_empty_without() {
    let reason = json!("MAX_TOKENS");
    let answer = read_json(candidate(Some("It was a dark and"), &reason)).unwrap();
    assert_eq!(answer.finish_reason, FinishReason::MaxTokens);
    assert_eq!(answer.finish_reason.as_str(), "MAX_TOKENS");
    assert_eq!(read_json(candidate(None, &reason)), refused(Cause::Empty));
}

#[test]
fn a_blocked_prompt_is_refused_whatever_the_reason_is_called() {
    for reason in [json!("SAFETY"), json!("PROHIBITED_CONTENT"), json!("NEW_IN_2027"), json!(9)] {
        let body = json!({
            "promptFeedback": {"blockReason": reason, "blockReasonMessage": "internal"},
            "usageMetadata": {"promptTokenCount": 10},
        });
        let usage = Some(Usage { input_tokens: 10, output_tokens: 0 });
        let failure = read_json(body).unwrap_err();
        assert_eq!(failure, Failure::Final { cause: Cause::Blocked, usage });
    }
}

#[test]
fn feedback_that_blocks_nothing_does_not_hide_the_answer() {
    let mut body = candidate(Some("Hello."), &json!("STOP"));
    body["promptFeedback"] = json!({"blockReason": "BLOCK_REASON_UNSPECIFIED"});
    assert_eq!(read_json(body).unwrap().text, "Hello.");
}

#[test]
fn an_answer_stopped_by_a_filter_is_refused_with_or_without_the_text_so_far() {
    for (reason, cause) in [
        ("SAFETY", Cause::Blocked),
        ("BLOCKLIST", Cause::Blocked),
        ("PROHIBITED_CONTENT", Cause::Blocked),
        ("SPII", Cause::Blocked),
        ("RECITATION", Cause::Recitation),
        ("LANGUAGE", Cause::Language),
    ] {
        for text in [Some("Here is how"), None] {
            assert_eq!(read_json(candidate(text, &json!(reason))), refused(cause), "{reason}");
        }
    }
}

#[test]
fn a_finish_reason_that_nobody_knows_yet_is_kept() {
    for (reason, kept) in [
        (json!("NEW_IN_2027"), "NEW_IN_2027"),
        (json!("OTHER"), "OTHER"),
        (json!(42), "42"),
        (Value::Null, "FINISH_REASON_UNSPECIFIED"),
    ] {
        let answer = read_json(candidate(Some("Hello."), &reason)).unwrap();
        assert_eq!(answer.finish_reason, FinishReason::Other(kept.to_owned()));
        assert_eq!(answer.finish_reason.as_str(), kept);
    }
}

#[test]
fn every_named_reason_is_spelled_as_it_came() {
    for name in [
        "STOP",
        "MAX_TOKENS",
        "SAFETY",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "RECITATION",
        "LANGUAGE",
    ] {
        let reason = FinishReason::from_wire(Some(EnumValue::Name(name.to_owned())));
        assert_eq!(reason.as_str(), name);
        assert_ne!(reason, FinishReason::Other(name.to_owned()));
    }
}

#[test]
fn missing_usage_counts_as_nothing() {
    for usage in [Value::Null, json!({}), json!({"candidatesTokenCount": null})] {
        let mut body = candidate(Some("Hello."), &json!("STOP"));
        body["usageMetadata"] = usage;
        assert_eq!(read_json(body).unwrap().usage, Usage::default());
    }
}

#[test]
fn an_error_under_a_200_is_an_error() {
    let failure = read_json(json!({"error": {"code": 503, "status": "UNAVAILABLE"}}));
    let expected = Failure::Retryable { cause: Cause::Unavailable, retry_after: None };
    assert_eq!(failure.unwrap_err(), expected);
}

#[test]
fn an_answer_does_not_show_its_text_when_it_is_debugged() {
    let answer = read_json(candidate(Some("a secret"), &json!("STOP"))).unwrap();
    assert!(!format!("{answer:?}").contains("secret"));
}

#[test]
fn a_body_that_is_no_answer_can_be_tried_again() {
    for body in ["", "<html></html>", r#"{"candidates": [{"content""#, "null"] {
        let read = Answer::read(body.as_bytes());
        assert_eq!(read, Err(Failure::retryable(Cause::Unreadable)), "{body}");
    }
}
