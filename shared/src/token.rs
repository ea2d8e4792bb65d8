//! Access tokens: JWTs signed with Ed25519 (RFC 8037), in the profile of RFC 9068.
//!
//! Only `auth` holds the private key. Every function verifies on its own with the public keys it
//! was deployed with: no call to an authorizer or a key store, and a breach of one of them can't
//! mint tokens. Follows RFC 8725: the algorithm is pinned; type, issuer, audience and expiry are
//! checked.

mod ed25519;
mod known;

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use serde::{Deserialize, Serialize};

use crate::{
    config::{ConfigError, Env},
    domain::{Clock, Role, SessionId, Tier, UserId},
};

use known::Known;

pub use ed25519::use_ed25519;

/// The `typ` header of an access token (RFC 9068, section 2.1).
pub const TYPE: &str = "at+jwt";
/// The `iss` claim.
pub const ISSUER: &str = "parley";
/// The `aud` claim.
pub const AUDIENCE: &str = "parley-api";

/// What an access token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    /// Issuer: [`ISSUER`].
    pub iss: String,
    /// Audience: [`AUDIENCE`].
    pub aud: String,
    /// The user.
    pub sub: UserId,
    /// The session it was issued in.
    pub sid: SessionId,
    /// The user's session generation when it was issued: a password change starts a new one.
    #[serde(rename = "gen")]
    pub generation: u64,
    /// The tier when it was issued: a hint that saves a read, never a permission.
    pub tier: Tier,
    /// The role when it was issued; most have none. Never enough on its own: the profile is asked.
    #[serde(default, deserialize_with = "Role::known", skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Issued at, Unix seconds.
    pub iat: i64,
    /// Expires at, Unix seconds.
    pub exp: i64,
}

/// The token is not good; it doesn't matter to its bearer why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the access token is invalid or has expired")]
pub struct InvalidToken;

/// Checks access tokens against the public keys of `JWT_PUBLIC_KEYS`.
#[derive(Clone)]
pub struct Verifier {
    keys: Arc<Vec<(String, DecodingKey)>>,
    validation: Arc<Validation>,
    known: Arc<Known>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kids = self.keys.iter().map(|(kid, _)| kid);
        f.debug_set().entries(kids).finish()
    }
}

impl Verifier {
    /// From `JWT_PUBLIC_KEYS`, a JWK set (RFC 7517) with one key, or two during rotation.
    pub fn from_env(env: &Env, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        const NAME: &str = "JWT_PUBLIC_KEYS";
        const UNREADABLE: &str = "a key can't be read";
        use_ed25519();
        let set: JwkSet = serde_json::from_str(env.require(NAME)?)
            .map_err(|_| ConfigError::invalid(NAME, "not a JWK set"))?;
        let keys = set
            .keys
            .iter()
            .map(|jwk| {
                let kid = jwk.common.key_id.clone().ok_or("a key has no kid")?;
                let key = DecodingKey::from_jwk(jwk).map_err(|_| UNREADABLE)?;
                ed25519::verifying_key(&key).map_err(|_| UNREADABLE)?;
                Ok((kid, key))
            })
            .collect::<Result<Vec<_>, &str>>()
            .map_err(|reason| ConfigError::invalid(NAME, reason))?;
        if keys.is_empty() {
            return Err(ConfigError::invalid(NAME, "holds no key"));
        }
        let validation = Arc::new(validation());
        Ok(Self { keys: Arc::new(keys), validation, known: Arc::new(Known::new()), clock })
    }

    /// What a good token says. One that was good before is so until it expires.
    pub fn verify(&self, token: &str) -> Result<Claims, InvalidToken> {
        let digest = known::digest(token);
        if let Some(claims) = self.known.claims(&digest) {
            return self.current(claims);
        }
        let claims = self.current(self.signed(token)?)?;
        self.known.remember(digest, claims.clone());
        Ok(claims)
    }

    /// The claims, unless they have expired.
    fn current(&self, claims: Claims) -> Result<Claims, InvalidToken> {
        if self.clock.now() < expiry(&claims) { Ok(claims) } else { Err(InvalidToken) }
    }

    /// What a token says that is good but for its time.
    fn signed(&self, token: &str) -> Result<Claims, InvalidToken> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| InvalidToken)?;
        // No extension is known here, so none can be obeyed (RFC 7515, section 4.1.11).
        if header.typ.as_deref() != Some(TYPE) || header.crit.is_some() {
            return Err(InvalidToken);
        }
        let (_, key) = self
            .keys
            .iter()
            .find(|(kid, _)| header.kid.as_deref() == Some(kid))
            .ok_or(InvalidToken)?;
        let decoded = jsonwebtoken::decode::<Claims>(token, key, &self.validation);
        Ok(decoded.map_err(|_| InvalidToken)?.claims)
    }
}

fn expiry(claims: &Claims) -> Timestamp {
    Timestamp::from_second(claims.exp).unwrap_or(Timestamp::MIN)
}

fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    // The library would ask the wall clock; `verify` asks the injected one, without leeway.
    validation.validate_exp = false;
    validation
}

#[cfg(test)]
mod tests;
