//! Keys and tokens as `auth` makes them, by another implementation than the one that verifies them.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest, hmac,
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use serde_json::{Value, json};
use shared::{config::Env, token::Verifier};

use crate::{NOW, StoppedClock};

/// A key pair that signs access tokens.
pub struct TokenKey {
    pair: Ed25519KeyPair,
    x: String,
}

impl TokenKey {
    /// The pair whose private half is 32 times `byte`.
    #[must_use]
    pub fn new(byte: u8) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[byte; 32]).unwrap();
        let x = base64url(pair.public_key().as_ref());
        Self { pair, x }
    }

    /// Its id: the thumbprint of RFC 7638.
    #[must_use]
    pub fn kid(&self) -> String {
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, self.x);
        base64url(digest::digest(&digest::SHA256, members.as_bytes()).as_ref())
    }

    /// Its public half (RFC 8037).
    #[must_use]
    pub fn jwk(&self) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "x": self.x, "kid": self.kid(), "alg": "EdDSA"})
    }

    /// Its signature of `signed`.
    #[must_use]
    pub fn sign(&self, signed: &str) -> String {
        base64url(self.pair.sign(signed.as_bytes()).as_ref())
    }

    /// What somebody gets who takes the public key for a secret: RFC 8725, section 2.1.
    #[must_use]
    pub fn confused(&self, signed: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.pair.public_key().as_ref());
        base64url(hmac::sign(&key, signed.as_bytes()).as_ref())
    }

    /// Whether it signed `signed` so.
    #[must_use]
    pub fn has_signed(&self, signed: &str, signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.pair.public_key().as_ref())
            .verify(signed.as_bytes(), signature)
            .is_ok()
    }

    /// A token that is good for another hour.
    #[must_use]
    pub fn token(&self) -> String {
        let header = json!({"typ": "at+jwt", "alg": "EdDSA", "kid": self.kid()});
        let claims = json!({
            "iss": "parley", "aud": "parley-api", "sub": "01M7W6C3804TFF59TDWH9EDD1R",
            "sid": "01M7YNAYM01HEAD8X4A1JH69RE", "gen": 0, "tier": "basic",
            "iat": NOW, "exp": NOW + 3600,
        });
        let signed = format!("{}.{}", base64url(header.to_string()), base64url(claims.to_string()));
        format!("{signed}.{}", self.sign(&signed))
    }
}

/// What verifies the tokens of `keys`.
#[must_use]
pub fn verifier(keys: &[&TokenKey]) -> Verifier {
    let set = json!({"keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>()});
    let env = Env::default().with("JWT_PUBLIC_KEYS", set.to_string());
    Verifier::from_env(&env, Arc::new(StoppedClock)).unwrap()
}

/// Without padding, as JOSE has it.
#[must_use]
pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What `text` stands for, if it is how [`base64url`] would write it.
#[must_use]
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    (base64url(&bytes) == text).then_some(bytes)
}
