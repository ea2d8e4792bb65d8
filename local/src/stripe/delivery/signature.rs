//! The `Stripe-Signature` header: <https://docs.stripe.com/webhooks#verify-manually>.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

/// Signs what is delivered.
pub(crate) struct Signer {
    keys: Vec<Hmac<Sha256>>,
}

impl Signer {
    /// With one secret, or with several, separated by commas: each signs, as at Stripe while a secret
    /// is being replaced.
    pub(crate) fn new(secrets: &str) -> Result<Self, crate::Error> {
        let keys: Result<Vec<_>, _> = secrets
            .split(',')
            .map(str::trim)
            .filter(|secret| !secret.is_empty())
            .map(|secret| Hmac::new_from_slice(secret.as_bytes()))
            .collect();
        Ok(Self { keys: keys? })
    }

    /// The header for `body` as it is sent at `now`.
    pub(crate) fn header(&self, body: &str, now: Timestamp) -> String {
        let time = now.as_second();
        let mut header = format!("t={time}");
        for key in &self.keys {
            let mut mac = key.clone();
            mac.update(format!("{time}.").as_bytes());
            mac.update(body.as_bytes());
            header.push_str(",v1=");
            for byte in mac.finalize().into_bytes() {
                // Writing to a string can't fail.
                write!(header, "{byte:02x}").ok();
            }
        }
        header
    }
}
