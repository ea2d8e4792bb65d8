//! What `jsonwebtoken` signs and verifies with: Ed25519 by `ed25519-dalek`, and nothing else. The
//! library's own choices bring every algorithm along, RSA too, in each function.

use ed25519_dalek::{
    PUBLIC_KEY_LENGTH, Signature, SigningKey, VerifyingKey, pkcs8::DecodePrivateKey as _,
};
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, EncodingKey,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{Error, ErrorKind},
    signature::{self, Signer, Verifier},
};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| {
        expect_eddsa(*algorithm, key.family())?;
        Ok(Box::new(Signing(signing_key(key)?)))
    },
    verifier_factory: |algorithm, key| {
        expect_eddsa(*algorithm, key.family())?;
        Ok(Box::new(Verifying(verifying_key(key)?)))
    },
    // For JWKs that the library would make itself: `auth` makes its own.
    key_utils: KeyUtils::new_unimplemented(),
};

/// Has `jsonwebtoken` sign and verify with this, for as long as the process lives. To be called before
/// the first token is; once more does no harm.
pub fn use_ed25519() {
    // Refused where it has been installed before.
    PROVIDER.install_default().ok();
}

struct Signing(SigningKey);

struct Verifying(VerifyingKey);

impl JwtSigner for Signing {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

impl Signer<Vec<u8>> for Signing {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(self.0.try_sign(message)?.to_vec())
    }
}

impl JwtVerifier for Verifying {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

impl Verifier<Vec<u8>> for Verifying {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        self.0.verify_strict(message, &Signature::from_slice(signature)?)
    }
}

/// PKCS#8 (RFC 8410, section 7).
fn signing_key(key: &EncodingKey) -> Result<SigningKey, Error> {
    SigningKey::from_pkcs8_der(key.as_bytes()).map_err(|_| ErrorKind::InvalidEddsaKey.into())
}

/// A point of the curve, compressed (RFC 8032, section 5.1.5).
pub(super) fn verifying_key(key: &DecodingKey) -> Result<VerifyingKey, Error> {
    let bytes = <&[u8; PUBLIC_KEY_LENGTH]>::try_from(key.try_get_as_bytes()?);
    let key = bytes.ok().and_then(|bytes| VerifyingKey::from_bytes(bytes).ok());
    key.ok_or_else(|| ErrorKind::InvalidEddsaKey.into())
}

fn expect_eddsa(algorithm: Algorithm, family: AlgorithmFamily) -> Result<(), Error> {
    match (algorithm, family) {
        (Algorithm::EdDSA, AlgorithmFamily::Ed) => Ok(()),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}
