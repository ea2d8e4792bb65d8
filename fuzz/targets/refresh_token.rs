//! Refresh tokens: one text for one token, and no other secret will do.
//!
//! Input: as a text, what a client sent; as bytes, the 80 of a token, one byte to damage, and how.
#![no_main]

use auth::RefreshToken;
use fuzz::{bounded, keys::base64url};
use libfuzzer_sys::fuzz_target;
use ring::digest::{SHA256, digest};
use shared::store::Session;

fuzz_target!(|input: &[u8]| bounded(input, |input| {
    if let Some(token) =
        std::str::from_utf8(input).ok().and_then(|text| Some((text, RefreshToken::parse(text)?)))
    {
        let (text, token) = token;
        assert_eq!(token.to_text(), text);
    }
    if let Some((bytes, [at, flip, ..])) = input.split_first_chunk::<80>() {
        damage(bytes, usize::from(*at) % 80, *flip);
    }
}));

/// Holds the token of `bytes`, and the same with one byte changed, against what is kept of it.
fn damage(bytes: &[u8; 80], at: usize, flip: u8) {
    let token = RefreshToken::parse(&base64url(bytes)).expect("any 80 bytes are a token");
    assert_eq!(token.user_id().to_bytes(), bytes[..16]);
    assert_eq!(token.session_id().to_bytes(), bytes[16..32]);
    let session = kept(&token, &bytes[32..64], &bytes[64..]);
    assert!(token.is_of(&session) && token.is_latest_of(&session));

    let mut damaged = *bytes;
    damaged[at] ^= flip;
    let token = RefreshToken::parse(&base64url(damaged)).expect("any 80 bytes are a token");
    let (secret, family) = (flip != 0 && (32..64).contains(&at), flip != 0 && at >= 64);
    assert_eq!((token.is_latest_of(&session), token.is_of(&session)), (!secret, !family));
}

/// What the table has of a token, hashed by another implementation.
fn kept(token: &RefreshToken, secret: &[u8], family: &[u8]) -> Session {
    let hash = |secret| base64url(digest(&SHA256, secret));
    Session {
        session_id: token.session_id(),
        user_id: token.user_id(),
        family_hash: hash(family),
        token_hash: hash(secret),
        generation: 0,
        expires_at: 0,
    }
}
