//! Answers of Stripe's API, each body as every kind of answer, against another parser of JSON.
#![no_main]

use billing::{SessionState, StripeFailed, answer};
use fuzz::bounded;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|input: &[u8]| bounded(input, |body| {
    let json = serde_json::from_slice::<Value>(body).ok();
    let said = |field: &str| json.as_ref().map(|json| &json[field]);
    let agrees = |field: &str, value: &str| said(field).is_none_or(|said| said == value);

    if let Ok(Some(customer)) = answer::customer(body) {
        assert!(agrees("id", customer.as_str()));
    }
    if let Ok(session) = answer::session(body) {
        assert!(agrees("id", session.id.as_str()));
        assert!(said("expires_at").is_none_or(|at| at.as_i64() == Some(session.expires)));
        if let SessionState::Open(url) = &session.state {
            assert!(agrees("url", url) && agrees("status", "open"));
        }
    }
    if let Ok(subscriptions) = answer::subscriptions(body)
        && let Some(data) = said("data")
    {
        let ids = data.as_array().expect("a page is a list").iter().map(|one| &one["id"]);
        assert!(ids.eq(subscriptions.iter().map(|one| one.id.as_str())));
    }
    if let Ok(url) = answer::portal(body) {
        assert!(agrees("url", &url));
    }
    // Whatever a refusal holds, it is one, and repeats no more than it was told.
    let StripeFailed::Refused { status: 402, code, param } = answer::refusal(402, body) else {
        panic!("402 is a refusal");
    };
    assert!(code.len() + param.len() <= body.len());
    assert!(matches!(answer::refusal(503, body), StripeFailed::Failed(503)));
}));
