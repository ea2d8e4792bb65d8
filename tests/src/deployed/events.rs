//! The events in `events/`, and what tests put into them.

use std::fs;

use local::testing;
use serde_json::Value;

/// What stands in an event for an access token.
const NO_TOKEN: &str = "Bearer ACCESS_TOKEN";

/// The event of this function.
#[must_use]
pub fn event(function: &str) -> Value {
    testing::event(function)
}

/// The functions that have an event.
#[must_use]
pub fn names() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../events");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
    files.map(|name| name.to_str().unwrap().strip_suffix(".json").unwrap().to_owned()).collect()
}

/// Whether this event is one of somebody who has signed in.
#[must_use]
pub fn needs_token(event: &Value) -> bool {
    event["headers"]["authorization"] == NO_TOKEN
}

/// The same event from somebody who has this token.
#[must_use]
pub fn with_token(mut event: Value, token: &str) -> Value {
    event["headers"]["authorization"] = format!("Bearer {token}").into();
    event
}

/// The same event with another request in it.
#[must_use]
pub fn with_request(mut event: Value, method: &str, path: &str, body: &Value) -> Value {
    event["rawPath"] = path.into();
    event["requestContext"]["http"]["path"] = path.into();
    event["requestContext"]["http"]["method"] = method.into();
    event["body"] = body.to_string().into();
    event
}
