//! JSON bodies: every way of being wrong has its own answer.

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{FromRequest, OptionalFromRequest, Request},
    http::{HeaderMap, header},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::problem::{Problem, Result};

/// The largest JSON body, bytes.
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
        let bytes = read_body(request.into_body(), LARGEST).await?;
        Self::read(bytes, is_json)
    }
}

/// None where there is no body at all.
impl<S: Send + Sync, T: DeserializeOwned> OptionalFromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Option<Self>> {
        let is_json = is_json(request.headers());
        let bytes = read_body(request.into_body(), LARGEST).await?;
        if bytes.is_empty() { Ok(None) } else { Self::read(bytes, is_json).map(Some) }
    }
}

/// The bytes of a body of at most `largest` bytes.
pub async fn read_body(body: Body, largest: usize) -> Result<Bytes> {
    if body.size_hint().lower() > largest as u64 {
        return Err(Problem::too_large(largest));
    }
    match Limited::new(body, largest).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Problem::too_large(largest)),
        Err(_) => Err(Problem::bad_request("unreadable_body", "The body broke off.")),
    }
}

impl<T: DeserializeOwned> JsonBody<T> {
    fn read(bytes: Bytes, is_json: bool) -> Result<Self> {
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
