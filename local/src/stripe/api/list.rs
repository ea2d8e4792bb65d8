//! Pages of lists, the newest first: <https://docs.stripe.com/api/pagination>.

use serde_json::Value;

use super::super::{
    protocol::{Form, StripeError},
    wire,
};

const DEFAULT_LIMIT: usize = 10;
const MAX_LIMIT: usize = 100;

/// Parameters of every list.
pub(super) const PARAMETERS: [&str; 3] = ["limit", "starting_after", "ending_before"];

/// The page that `form` asks for. `all` is the oldest first, and `id` and `show` say what each is.
pub(super) fn page<T>(
    form: &Form,
    url: &str,
    all: impl DoubleEndedIterator<Item = T>,
    id: impl Fn(&T) -> &str,
    show: impl Fn(&T) -> Value,
) -> Result<Value, StripeError> {
    let limit = form.integer("limit")?.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        let message = format!("This value must be between 1 and {MAX_LIMIT}.");
        return Err(StripeError::bad_parameter("limit", "parameter_invalid_integer", message));
    }
    let all: Vec<T> = all.rev().collect();
    let place = |name: &str| match form.get(name) {
        None => Ok(None),
        Some(wanted) => {
            let place = all.iter().position(|item| id(item) == wanted);
            place.map(Some).ok_or_else(|| StripeError::no_such_in(name, "object", wanted))
        }
    };
    let first = place("starting_after")?.map_or(0, |place| place + 1);
    let (shown, has_more) = if let Some(end) = place("ending_before")? {
        (&all[end.saturating_sub(limit)..end], end > limit)
    } else {
        let end = all.len().min(first + limit);
        (&all[first..end], end < all.len())
    };
    Ok(wire::page(shown.iter().map(show).collect(), has_more, url))
}
