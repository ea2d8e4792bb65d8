//! Tokens that have been found good, to be known again.

use std::{
    fmt,
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
};

use lru::LruCache;
use sha2::{Digest as _, Sha256};

use super::Claims;

/// How many are remembered: of one function's instance those of the last few minutes at the most; of some
/// 300 bytes each.
const MOST: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();

/// The claims of tokens whose signature and claims were found good, all but for the time. By the SHA-256
/// of the whole token: as hard to meet with another token as its signature, and worth nothing to a reader
/// of memory.
///
/// A signature takes as long to check as all the rest of a small request.
pub(super) struct Known(Mutex<LruCache<TokenDigest, Claims>>);

/// Of a token.
pub(super) type TokenDigest = [u8; 32];

impl Known {
    pub(super) fn new() -> Self {
        Self(Mutex::new(LruCache::new(MOST)))
    }

    /// The claims of the token of this digest, if it is known.
    pub(super) fn claims(&self, token: &TokenDigest) -> Option<Claims> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }

    /// Remembers a token, and forgets the one that has not been seen for longest if there are too many.
    pub(super) fn remember(&self, token: TokenDigest, claims: Claims) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(token, claims);
    }
}

pub(super) fn digest(token: &str) -> TokenDigest {
    Sha256::digest(token).into()
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Known")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(issued_at: usize) -> Claims {
        let claims = json!({
            "iss": "parley", "aud": "parley-api",
            "sub": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "sid": "01BX5ZZKBKACTAV9WEVGEMMVRZ",
            "gen": 3, "tier": "pro", "iat": issued_at, "exp": 0,
        });
        serde_json::from_value(claims).unwrap()
    }

    #[test]
    fn of_too_many_the_one_that_was_not_seen_for_longest_is_forgotten() {
        let known = Known::new();
        let token = |index: usize| digest(&index.to_string());
        for index in 0..MOST.get() {
            known.remember(token(index), claims(index));
        }
        assert!(known.claims(&token(0)).is_some());
        known.remember(token(MOST.get()), claims(0));
        assert!(known.claims(&token(1)).is_none());
        for index in [0, 2, MOST.get()] {
            assert!(known.claims(&token(index)).is_some(), "{index}");
        }
    }
}
