//! `expand`: ids replaced by the objects that they name. <https://docs.stripe.com/api/expanding_objects>

use serde_json::Value;

use super::super::{
    account::Account,
    protocol::{Form, StripeError},
    wire,
};

/// The parameter's name, for lists of what is allowed.
pub(super) const PARAMETER: &str = "expand[*]";

/// Expands what `form` asks for in `object`, or in all objects of a list.
pub(super) fn expand(
    account: &Account,
    form: &Form,
    mut object: Value,
) -> Result<Value, StripeError> {
    for path in form.entries("expand").into_values() {
        let known = match (path.strip_prefix("data."), object["data"].as_array_mut()) {
            (Some(name), Some(all)) => all.iter_mut().all(|one| expand_one(account, one, name)),
            _ => expand_one(account, &mut object, &path),
        };
        if !known {
            let message = format!("This property cannot be expanded ({path}).");
            return Err(StripeError::invalid(message).param("expand"));
        }
    }
    Ok(object)
}

/// Whether there is anything of that name to expand.
fn expand_one(account: &Account, object: &mut Value, name: &str) -> bool {
    let id = object[name].as_str().unwrap_or_default().to_owned();
    let found = match name {
        "customer" => account.customer(&id).map(wire::customer),
        "subscription" => account.subscription(&id).map(|it| account.show_subscription(it)),
        "invoice" | "latest_invoice" => account.show_invoice(&id),
        "line_items" => {
            let session = account.session(object["id"].as_str().unwrap_or_default());
            session.map(|session| account.show_line_items(session))
        }
        _ => return false,
    };
    if let Some(found) = found {
        object[name] = found;
    }
    // What is null stays null.
    name == "line_items" || object.get(name).is_some()
}
