//! <https://docs.stripe.com/api/events>

use serde_json::Value;

use super::{
    super::{
        account::{Account, Event},
        protocol::{Form, StripeError},
    },
    list,
};

pub(super) fn retrieve(account: &Account, id: &str, form: &Form) -> Result<Value, StripeError> {
    form.allow(&[])?;
    account.events.get(id).map(show).ok_or_else(|| StripeError::no_such("event", id))
}

pub(super) fn list(account: &Account, form: &Form) -> Result<Value, StripeError> {
    form.allow(&[&list::PARAMETERS[..], &["type", "types[*]"]].concat())?;
    let types = form.entries("types");
    let matches = |event: &&Event| {
        form.get("type").is_none_or(|kind| event.kind == kind)
            && (types.is_empty() || types.values().any(|kind| event.kind == *kind))
    };
    let all = account.events.all().iter().filter(matches);
    list::page(form, "/v1/events", all, |event| &event.id, |event| show(event))
}

/// The same as is delivered.
fn show(event: &Event) -> Value {
    serde_json::from_str(&event.body).unwrap_or_default()
}
