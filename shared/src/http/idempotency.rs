//! The `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header).

use axum::{
    extract::OptionalFromRequestParts,
    http::{Method, request::Parts},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::problem::{FieldError, Problem, Result};

/// The longest key, characters.
const LONGEST: usize = 255;

/// A client's idempotency key: 1 to 255 visible ASCII characters.
#[derive(Debug, Clone)]
pub struct IdempotencyKey(pub String);

impl<S: Send + Sync> OptionalFromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>> {
        let Some(value) = parts.headers.get("idempotency-key") else { return Ok(None) };
        let key = value.to_str().unwrap_or_default();
        if key.is_empty() || key.len() > LONGEST {
            return Err(Problem::invalid(vec![FieldError {
                field: "Idempotency-Key".to_owned(),
                message: "must have 1 to 255 visible ASCII characters".to_owned(),
            }]));
        }
        Ok(Some(Self(key.to_owned())))
    }
}

/// A digest of what a request asks for: the same key with another one is a client's mistake.
#[must_use]
pub fn fingerprint(method: &Method, path: &str, body: &[u8]) -> String {
    let mut digest = Sha256::new();
    for part in [method.as_str().as_bytes(), path.as_bytes(), body] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    URL_SAFE_NO_PAD.encode(digest.finalize())
}

/// 422: an idempotency key stands for one request.
#[must_use]
pub fn key_reused() -> Problem {
    let detail = "This idempotency key was used for another request.";
    Problem::unprocessable("idempotency_key_reused", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_request_changes_its_fingerprint() {
        let of = |method: &Method, path, body: &str| fingerprint(method, path, body.as_bytes());
        let one = of(&Method::POST, "/chatroom", "{}");
        assert_eq!(one, of(&Method::POST, "/chatroom", "{}"));
        assert_ne!(one, of(&Method::PUT, "/chatroom", "{}"));
        assert_ne!(one, of(&Method::POST, "/chatroo", "m{}"));
        assert_ne!(one, of(&Method::POST, "/chatroom", "{ }"));
    }
}
