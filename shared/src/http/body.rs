//! JSON bodies: every way of being wrong has its own answer.

use axum::{
    body::{Bytes, HttpBody},
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::problem::{Problem, Result};

/// The largest body, bytes.
const LARGEST: usize = 64 * 1024;

/// A JSON body, and the bytes that it came in.
#[derive(Debug)]
pub struct JsonBody<T> {
    /// What it says.
    pub value: T,
    /// As it came: for a fingerprint.
    pub bytes: Bytes,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self> {
        let is_json = is_json(request.headers());
        let body = request.into_body();
        if body.size_hint().lower() > LARGEST as u64 {
            return Err(Problem::too_large());
        }
        let bytes = match Limited::new(body, LARGEST).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => return Err(Problem::too_large()),
            Err(_) => return Err(Problem::bad_request("unreadable_body", "The body broke off.")),
        };
        if !is_json {
            return Err(Problem::unsupported_media_type());
        }
        // A field that nobody reads is skipped as bytes, so text is checked as a whole.
        if std::str::from_utf8(&bytes).is_err() {
            return Err(Problem::bad_request("invalid_json", "The body is not UTF-8."));
        }
        let value = serde_json::from_slice(&bytes).map_err(|error| not_what_is_wanted(&error))?;
        // A derived `Deserialize` would take an array for the fields in their order, too.
        if bytes.trim_ascii_start().first() != Some(&b'{') {
            return Err(not_an_object());
        }
        Ok(Self { value, bytes })
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let Some(essence) = media_type.and_then(|value| value.split(';').next()) else { return false };
    let essence = essence.trim().to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn not_what_is_wanted(error: &serde_json::Error) -> Problem {
    if error.is_data() {
        Problem::unprocessable(
            "not_an_object",
            "The body must be a JSON object with distinct fields.",
        )
    } else {
        let detail =
            format!("The body is not JSON (line {}, column {}).", error.line(), error.column());
        Problem::bad_request("invalid_json", detail)
    }
}

fn not_an_object() -> Problem {
    Problem::unprocessable("not_an_object", "The body must be a JSON object with distinct fields.")
}
