//! Who is asking: the bearer of an access token.

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{HeaderMap, header, request::Parts},
};

use super::problem::{Problem, Result};
use crate::{
    domain::{Caller, UserId},
    token::Verifier,
};

/// Extracts the [`Caller`] from the `Authorization` header.
#[derive(Debug, Clone, Copy)]
pub struct FromCaller(pub Caller);

impl<S> FromRequestParts<S> for FromCaller
where
    S: Send + Sync,
    Verifier: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let token = bearer(&parts.headers).ok_or_else(|| {
            Problem::unauthorized(
                "missing_token",
                "Send an access token: Authorization: Bearer <token>.",
            )
        })?;
        let claims = Verifier::from_ref(state).verify(token).map_err(|_| {
            Problem::unauthorized("invalid_token", "The access token is invalid or has expired.")
        })?;
        note_user(claims.sub);
        Ok(Self(Caller {
            user_id: claims.sub,
            session_id: claims.sid,
            generation: claims.generation,
            tier_hint: claims.tier,
            role_hint: claims.role,
        }))
    }
}

/// Notes for the log whom this request is about, once that is known.
pub fn note_user(user: UserId) {
    tracing::Span::current().record("user_id", tracing::field::display(user));
}

/// The token of `Authorization: Bearer …`; the scheme's case does not matter (RFC 9110, 11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())])
    }

    #[test]
    fn the_scheme_is_bearer_in_any_case() {
        assert_eq!(bearer(&headers("Bearer abc")), Some("abc"));
        assert_eq!(bearer(&headers("bearer abc")), Some("abc"));
        assert_eq!(bearer(&headers("Basic abc")), None);
        assert_eq!(bearer(&headers("Bearer ")), None);
        assert_eq!(bearer(&headers("abc")), None);
    }
}
