//! Stripe's events, signed or not: everything that is taken from one stands in it.
#![no_main]

use fuzz::bounded;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use stripe_webhook::event::Event;

fuzz_target!(|input: &[u8]| bounded(input, |body| {
    let Ok(event) = Event::parse(body) else { return };
    let json: Value = serde_json::from_slice(body).expect("an event is JSON");
    assert_eq!(json["id"], event.id.as_str());
    assert_eq!(json["type"], event.kind.as_str());
    let about = &event.about;
    let object = &json["data"]["object"];
    if let Some(customer) = &about.customer {
        assert!(holds(object, customer.as_str()), "{customer} is not in it");
    }
    if let Some(subscription) = &about.subscription {
        assert!(holds(object, subscription.as_str()), "{subscription} is not in it");
    }
    if let Some(session) = &about.checkout_session {
        assert_eq!(object["id"], session.as_str());
    }
    assert!(event.ends_checkout().is_none() || event.matters());
    // Another layout of the same JSON says the same.
    assert_eq!(Event::parse(&serde_json::to_vec(&json).unwrap()), Ok(event));
}));

/// Whether `text` is one of the strings in `json`.
fn holds(json: &Value, text: &str) -> bool {
    match json {
        Value::String(own) => own == text,
        Value::Array(items) => items.iter().any(|item| holds(item, text)),
        Value::Object(fields) => fields.values().any(|field| holds(field, text)),
        _ => false,
    }
}
