//! The public keys that access tokens are verified with, as JWKs (RFC 7517), and
//! `GET /.well-known/jwks.json`.

use axum::{Json, extract::State, http::header, response::IntoResponse};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{SigningKey, VerifyingKey, pkcs8::DecodePrivateKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use shared::{
    config::{ConfigError, Env},
    http::answers::Failures,
};
use utoipa::ToSchema;

/// How long others may keep the keys: they are published well before they are used.
const CACHE_CONTROL: &str = "public, max-age=300";

/// A public key (RFC 8037, section 2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublicKey {
    /// Octet key pair.
    #[schema(pattern = "^OKP$", example = "OKP")]
    kty: String,
    /// The curve.
    #[schema(pattern = "^Ed25519$", example = "Ed25519")]
    crv: String,
    /// The key itself, base64url.
    #[schema(
        pattern = "^[A-Za-z0-9_-]{43}$",
        example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    )]
    x: String,
    /// The key's thumbprint (RFC 7638), as in the header of the tokens that it verifies.
    #[schema(example = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")]
    kid: String,
    /// For signatures only.
    #[serde(rename = "use", default = "signatures")]
    #[schema(pattern = "^sig$", example = "sig")]
    usage: String,
    /// The one algorithm that it is used with (RFC 8037, section 3.1).
    #[serde(default = "eddsa")]
    #[schema(pattern = "^EdDSA$", example = "EdDSA")]
    alg: String,
}

/// A JWK set: one key, or two during a rotation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublicKeys {
    keys: Vec<PublicKey>,
}

fn signatures() -> String {
    "sig".to_owned()
}

fn eddsa() -> String {
    "EdDSA".to_owned()
}

impl PublicKey {
    /// The public half of a key pair, under its thumbprint: SHA-256 of the required members in
    /// lexicographic order (RFC 7638, section 3; RFC 8037, section 2).
    pub(crate) fn of(key: &VerifyingKey) -> Self {
        let x = URL_SAFE_NO_PAD.encode(key.as_bytes());
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(members));
        let (kty, crv) = ("OKP".to_owned(), "Ed25519".to_owned());
        Self { kty, crv, x, kid, usage: signatures(), alg: eddsa() }
    }

    /// Its id.
    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }
}

impl PublicKeys {
    /// From `JWT_PUBLIC_KEYS`. Only the members of a [`PublicKey`] are taken over: whatever else
    /// the set holds is not published.
    pub(crate) fn from_env(env: &Env) -> Result<Self, ConfigError> {
        const NAME: &str = "JWT_PUBLIC_KEYS";
        serde_json::from_str(env.require(NAME)?)
            .map_err(|_| ConfigError::invalid(NAME, "not a JWK set of Ed25519 keys"))
    }

    /// Whether `key` is one of them.
    pub(crate) fn contains(&self, key: &PublicKey) -> bool {
        self.keys.contains(key)
    }
}

/// The key pair in `pem` (PKCS#8).
pub(crate) fn key_pair(pem: &str) -> Result<SigningKey, ConfigError> {
    SigningKey::from_pkcs8_pem(pem).map_err(|_| {
        ConfigError::invalid("JWT_PRIVATE_KEY", "not an Ed25519 private key in PKCS#8 PEM")
    })
}

/// The value of `JWT_PUBLIC_KEYS` that goes with the `JWT_PRIVATE_KEY` in `pem` (PKCS#8).
pub fn public_keys_of(pem: &str) -> Result<String, ConfigError> {
    let keys = PublicKeys { keys: vec![PublicKey::of(&key_pair(pem)?.verifying_key())] };
    serde_json::to_string(&keys).map_err(|error| ConfigError::invalid("JWT_PUBLIC_KEYS", error))
}

/// The public keys
///
/// Access tokens are JWTs, signed with one of these keys: anybody can verify them.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    operation_id = "get_jwks",
    tag = "auth",
    security(()),
    responses(
        (status = 200, description = "A JWK set (RFC 7517)", body = PublicKeys),
        Failures,
    )
)]
pub(crate) async fn jwks(State(state): State<crate::State>) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, CACHE_CONTROL)], Json(state.public_keys.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, appendices A.1 to A.3.
    #[test]
    fn the_thumbprint_is_the_one_of_the_rfc() {
        let d = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
        let d = URL_SAFE_NO_PAD.decode(d).unwrap().try_into().unwrap();
        let key = PublicKey::of(&SigningKey::from_bytes(&d).verifying_key());
        assert_eq!(key.x, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_private_member_in_the_configured_set_is_not_published() {
        let set = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"x","kid":"k","d":"private"}]}"#;
        let keys = PublicKeys::from_env(&Env::default().with("JWT_PUBLIC_KEYS", set)).unwrap();
        let published = serde_json::to_string(&keys).unwrap();
        assert!(!published.contains("private"), "{published}");
        assert!(published.contains(r#""use":"sig","alg":"EdDSA""#), "{published}");
    }

    #[test]
    fn a_set_of_other_keys_is_refused() {
        for set in ["", "[]", r#"{"keys":[{"kty":"RSA","n":"n","e":"AQAB","kid":"k"}]}"#] {
            assert!(PublicKeys::from_env(&Env::default().with("JWT_PUBLIC_KEYS", set)).is_err());
        }
    }
}
