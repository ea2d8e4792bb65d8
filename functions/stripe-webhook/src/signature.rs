//! Who signed a delivery: the `Stripe-Signature` header
//! (<https://docs.stripe.com/webhooks#verify-manually>).
//!
//! `t=1767225600,v1=5257a869…,v1=…,v0=…`: the time of signing in seconds since 1970, and under `v1`
//! the HMAC-SHA256, in lower-case hexadecimal, of that time as written, a dot and the body. While a
//! secret is being replaced there is a `v1` for the old one and one for the new. Other schemes are
//! passed over, so that nobody can have the check done by a weaker one.

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// How far the time of signing may lie from now, before or after: what Stripe's own libraries take.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);
/// The longest header, bytes. Stripe's has about 150, and 70 more for each further signature.
const LONGEST: usize = 4096;
/// So many signatures are looked at, the first ones. Stripe sends one for each live secret.
const MOST: usize = 16;

/// Why a delivery is not taken for Stripe's. Says nothing of what the header held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The header has more than 4 KiB.
    #[error("the signature header is too long")]
    TooLong,
    /// There is no `t`.
    #[error("the signature header has no timestamp")]
    NoTimestamp,
    /// There are two `t`.
    #[error("the signature header has more than one timestamp")]
    RepeatedTimestamp,
    /// `t` is not a number of seconds, or beyond the year 9999.
    #[error("the signature header's timestamp is not a time")]
    BadTimestamp,
    /// There is no `v1`.
    #[error("the signature header has no v1 signature")]
    NoSignature,
    /// A `v1` has not 64 digits.
    #[error("a v1 signature is of the wrong length")]
    BadLength,
    /// A `v1` has something else than lower-case hexadecimal digits.
    #[error("a v1 signature is not hexadecimal")]
    BadHex,
    /// No `v1` was made from this body with one of the secrets.
    #[error("no v1 signature matches")]
    Mismatch,
    /// Signed with one of the secrets, but more than five minutes before or after now: repeated by
    /// somebody, or the clock is wrong.
    #[error("the signature is too old or from the future")]
    Stale,
}

/// The endpoint has no secret, or too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one signing secret, or two separated by a comma")]
pub struct InvalidSecrets;

/// The endpoint's signing secrets: one, or while it is being replaced two.
#[derive(Debug, Clone)]
pub struct Secrets(Vec<SecretString>);

impl Secrets {
    /// Parses `whsec_…` or `whsec_…,whsec_…`. Space around a secret is no part of it.
    pub fn parse(text: &str) -> Result<Self, InvalidSecrets> {
        let secrets = text.split(',').map(str::trim).filter(|secret| !secret.is_empty());
        let secrets: Vec<_> = secrets.map(SecretString::from).collect();
        if matches!(secrets.len(), 1 | 2) { Ok(Self(secrets)) } else { Err(InvalidSecrets) }
    }

    /// Whether Stripe signed `body` not long ago: `header` is its `Stripe-Signature`.
    ///
    /// Takes as long whichever secret and signature belong together, and if none do.
    pub fn verify(&self, header: &str, body: &[u8], now: Timestamp) -> Result<(), SignatureError> {
        let header = Header::parse(header)?;
        let mut genuine = false;
        for secret in &self.0 {
            let mac = mac(secret, header.signed_at, body)?;
            for signature in &header.signatures {
                genuine |= mac.clone().verify_slice(signature).is_ok();
            }
        }
        if !genuine {
            return Err(SignatureError::Mismatch);
        }
        let age = now.duration_since(seconds(header.signed_at)?);
        if age.abs() > TOLERANCE { Err(SignatureError::Stale) } else { Ok(()) }
    }
}

/// The MAC of what Stripe signs, without a copy of the body.
fn mac(
    secret: &SecretString,
    signed_at: &str,
    body: &[u8],
) -> Result<Hmac<Sha256>, SignatureError> {
    // HMAC takes keys of any length (RFC 2104); the error is the trait's.
    let mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes());
    let mut mac = mac.map_err(|_| SignatureError::Mismatch)?;
    for part in [signed_at.as_bytes(), b".", body] {
        mac.update(part);
    }
    Ok(mac)
}

/// What a header says.
struct Header<'a> {
    /// `t`, as it stands: it is signed so.
    signed_at: &'a str,
    /// The first `v1`s.
    signatures: Vec<[u8; 32]>,
}

impl<'a> Header<'a> {
    fn parse(header: &'a str) -> Result<Self, SignatureError> {
        if header.len() > LONGEST {
            return Err(SignatureError::TooLong);
        }
        let mut signed_at = None;
        let mut signatures = Vec::new();
        for (scheme, value) in header.split(',').filter_map(|part| part.split_once('=')) {
            match scheme {
                "t" if signed_at.is_some() => return Err(SignatureError::RepeatedTimestamp),
                "t" => signed_at = Some(value),
                "v1" if signatures.len() < MOST => signatures.push(unhex(value)?),
                _ => {}
            }
        }
        let signed_at = signed_at.ok_or(SignatureError::NoTimestamp)?;
        seconds(signed_at)?;
        if signatures.is_empty() {
            return Err(SignatureError::NoSignature);
        }
        Ok(Self { signed_at, signatures })
    }
}

/// The time that digits stand for. Neither a sign nor a space is taken.
fn seconds(digits: &str) -> Result<Timestamp, SignatureError> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(SignatureError::BadTimestamp);
    }
    let seconds = digits.parse().map_err(|_| SignatureError::BadTimestamp)?;
    Timestamp::from_second(seconds).map_err(|_| SignatureError::BadTimestamp)
}

/// The bytes of a SHA-256 in lower-case hexadecimal.
fn unhex(text: &str) -> Result<[u8; 32], SignatureError> {
    let mut bytes = [0; 32];
    let (pairs, odd) = text.as_bytes().as_chunks();
    if pairs.len() != bytes.len() || !odd.is_empty() {
        return Err(SignatureError::BadLength);
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Ok(bytes)
}

fn nibble(digit: u8) -> Result<u8, SignatureError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(SignatureError::BadHex),
    }
}

#[cfg(test)]
mod tests;
