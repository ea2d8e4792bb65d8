//! The stand-in for Gemini, as the tests use it.

use local::gemini::{ERROR_MESSAGE, Received, StandIn};

/// The API key that every process of the suite is given.
pub const KEY: &str = "the-key-of-the-end-to-end-tests";

/// What the model service says about itself and its errors, and no user may ever read.
pub(crate) const INTERNALS: [&str; 6] = [
    ERROR_MESSAGE,
    KEY,
    "generativelanguage",
    "type.googleapis.com",
    "API_KEY_INVALID",
    "INVALID_ARGUMENT",
];

/// What the model was asked whose last turn contains `text`, oldest first.
#[must_use]
pub fn asked_about(model: &StandIn, text: &str) -> Vec<Received> {
    let about = |asked: &Received| asked.turns().last().is_some_and(|turn| turn.contains(text));
    model.requests().into_iter().filter(about).collect()
}

/// The roles of a request's turns, in order.
#[must_use]
pub fn roles(asked: &Received) -> Vec<&str> {
    let turns = asked.body["contents"].as_array().map_or(&[][..], Vec::as_slice);
    turns.iter().map(|turn| turn["role"].as_str().unwrap_or("user")).collect()
}
