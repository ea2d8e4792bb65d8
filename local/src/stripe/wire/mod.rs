//! Stripe's JSON: every field that an object of the API version has, most of them null here.
//!
//! The shapes are those of <https://docs.stripe.com/api> and of recorded events.

mod customer;
mod invoice;
mod price;
mod session;
mod subscription;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

pub(crate) use customer::{customer, deleted_customer, portal_session};
pub(crate) use invoice::invoice;
pub(crate) use price::AMOUNT as PRICE_FOR_PEOPLE;
pub(crate) use session::{line_items, session};
pub(crate) use subscription::subscription;

/// A list that is complete.
pub(crate) fn list(data: Vec<Value>, url: &str) -> Value {
    page(data, false, url)
}

/// A list, of which there may be more.
pub(crate) fn page(data: Vec<Value>, has_more: bool, url: &str) -> Value {
    json!({"object": "list", "data": data, "has_more": has_more, "url": url})
}

/// What `previous_attributes` says of an object that was `before` and is `after`: the old values of
/// what changed, whole where they are arrays, and only what changed of them where they are objects.
pub(crate) fn previous_attributes(before: &Value, after: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        return before.clone();
    };
    let mut previous = Map::new();
    for name in old.keys().chain(new.keys()) {
        let (old, new) = (&before[name], &after[name]);
        if old != new {
            previous.insert(name.clone(), previous_attributes(old, new));
        }
    }
    Value::Object(previous)
}

/// One object of the fields of all of them.
fn merged(parts: impl IntoIterator<Item = Value>) -> Value {
    let fields = parts.into_iter().filter_map(|part| match part {
        Value::Object(fields) => Some(fields),
        _ => None,
    });
    Value::Object(fields.flatten().collect())
}

/// Stripe's times are seconds since 1970.
fn seconds(at: Timestamp) -> i64 {
    at.as_second()
}

fn optional_seconds(at: Option<Timestamp>) -> Option<i64> {
    at.map(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn previous_attributes_hold_what_changed_and_nothing_else() {
        let before = json!({
            "id": "sub_1", "status": "active", "metadata": {"a": "1", "b": "2"}, "list": [1, 2],
        });
        let after = json!({
            "id": "sub_1", "status": "past_due", "metadata": {"a": "1", "c": "3"}, "list": [1],
        });
        assert_eq!(
            previous_attributes(&before, &after),
            json!({"status": "active", "metadata": {"b": "2", "c": null}, "list": [1, 2]})
        );
    }
}
