//! Gemini's responses: an answer or a failure, and nothing of a failure's body gets out.
//!
//! Input: the status and the `Retry-After` header, a line; the body. The worker asks for whole answers,
//! so there is no stream to read; the body of one (`data: {…}`) is among the seeds, as what a proxy
//! might send.
#![no_main]

use fuzz::{bounded, first_line_of};
use gemini_worker::gemini::{Answer, ErrorReply, Failure, MAX_RETRY_AFTER};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| bounded(input, |input| {
    let Some((first, body)) = first_line_of(input) else { return };
    let (status, retry_after) = first.split_once(' ').unwrap_or((first, ""));
    let Ok(status) = status.parse::<u16>() else { return };
    if (200..300).contains(&status) {
        match Answer::read(body) {
            Ok(answer) => hold(&answer, body),
            Err(failure) => hold_back(&failure),
        }
    } else {
        let reply = ErrorReply::read(status, Some(retry_after), body);
        hold_back(&reply.failure);
        // A status that stays is not overruled by what the body says.
        assert!(!matches!(status, 401 | 404) || matches!(reply.failure, Failure::Final { .. }));
    }
}));

/// What is shown, stored and logged of an answer.
fn hold(answer: &Answer, body: &[u8]) {
    assert!(!answer.text.trim().is_empty());
    // JSON never takes fewer bytes for a text than the text has.
    assert!(answer.text.len() <= body.len());
    let reason = answer.finish_reason.as_str();
    assert!((1..=64).contains(&reason.len()));
    assert!(
        reason.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b"_-".contains(&b))
    );
    // Whatever the answer says, its debug output is a few numbers.
    assert!(format!("{answer:?}").len() < 300);
}

/// A failure has a name and a time; whoever wrote the body has no say in the words.
fn hold_back(failure: &Failure) {
    if let Failure::Retryable { retry_after: Some(wait), .. } = failure {
        assert!(*wait <= MAX_RETRY_AFTER);
    }
    assert!(failure.to_string().ends_with(failure.cause().name()));
    assert!(format!("{failure:?}").len() < 300);
    assert!(!failure.cause().sentence().is_empty());
}
