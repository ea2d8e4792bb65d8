//! API keys: <https://docs.stripe.com/api/authentication>.

use axum::http::{HeaderMap, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::super::protocol::StripeError;

/// A key that is never good.
const INVALID: &str = "sk_invalid";

/// Any secret key of a plausible form is good, as a bearer token or as the user of Basic.
pub(super) fn check(headers: &HeaderMap) -> Result<(), StripeError> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let key = header.and_then(key).ok_or_else(StripeError::no_key)?;
    let plausible = ["sk_", "rk_"].iter().any(|prefix| key.starts_with(prefix));
    if plausible && key != INVALID { Ok(()) } else { Err(StripeError::bad_key()) }
}

fn key(header: &str) -> Option<String> {
    let (scheme, credentials) = header.split_once(' ')?;
    let key = if scheme.eq_ignore_ascii_case("bearer") {
        credentials.trim().to_owned()
    } else if scheme.eq_ignore_ascii_case("basic") {
        let decoded = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
        decoded.split(':').next().unwrap_or_default().to_owned()
    } else {
        return None;
    };
    Some(key).filter(|key| !key.is_empty())
}
