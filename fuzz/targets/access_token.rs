//! Access tokens. Those that the fuzzer writes itself, and those that it has signed: with a published
//! key, one that is not, none, or the public key as an HMAC's secret.
//!
//! Input: how to sign, a line; the header, a line; the claims. Or `raw`, a line, and a token.
#![no_main]

use std::sync::LazyLock;

use fuzz::{
    NOW, bounded, first_line,
    keys::{TokenKey, base64url, from_base64url, verifier},
};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use shared::token::{Claims, Verifier};

struct Keys {
    new: TokenKey,
    old: TokenKey,
    stranger: TokenKey,
    verifier: Verifier,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let (new, old, stranger) = (TokenKey::new(1), TokenKey::new(2), TokenKey::new(3));
    let verifier = verifier(&[&new, &old]);
    assert!(verifier.verify(&new.token()).is_ok() && verifier.verify(&old.token()).is_ok());
    Keys { new, old, stranger, verifier }
});

fuzz_target!(|input: &[u8]| bounded(input, |input| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (how, rest) = first_line(text);
    let token = match how {
        "raw" => rest.to_owned(),
        _ => signed(how, rest),
    };
    if let Ok(claims) = KEYS.verifier.verify(&token) {
        assert!(matches!(how, "raw" | "new" | "old"), "{how} is no way to sign");
        assert!(is_genuine(&token, &claims), "accepted: {token}");
    }
}));

/// The token of header and claims. `$new` and `$old` stand for the ids of the keys.
fn signed(how: &str, rest: &str) -> String {
    let (header, claims) = first_line(rest);
    let header = header.replace("$new", &KEYS.new.kid()).replace("$old", &KEYS.old.kid());
    let signed = format!("{}.{}", base64url(header), base64url(claims));
    let signature = match how {
        "new" => KEYS.new.sign(&signed),
        "old" => KEYS.old.sign(&signed),
        "stranger" => KEYS.stranger.sign(&signed),
        "confused" => KEYS.new.confused(&signed),
        _ => String::new(),
    };
    format!("{signed}.{signature}")
}

/// Worked out once more: RFC 7519, 8037 and 9068 by hand.
fn is_genuine(token: &str, claims: &Claims) -> bool {
    let parts: Vec<_> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { return false };
    let (header, said) = (json(header), json(payload));
    let Some(key) = [&KEYS.new, &KEYS.old].into_iter().find(|key| header["kid"] == key.kid())
    else {
        return false;
    };
    let signed = &token[..token.len() - signature.len() - 1];
    header["alg"] == "EdDSA"
        && header["typ"] == "at+jwt"
        && from_base64url(signature).is_some_and(|bytes| key.has_signed(signed, &bytes))
        && said["iss"] == "parley"
        && said["aud"] == "parley-api"
        && said["sub"].as_str().is_some_and(|sub| sub.parse() == Ok(claims.sub))
        && said["sid"].as_str().is_some_and(|sid| sid.parse() == Ok(claims.sid))
        && said["exp"].as_i64().is_some_and(|exp| exp > NOW)
}

/// A part of a token, which has to be the one way of writing its bytes.
fn json(part: &str) -> Value {
    let bytes = from_base64url(part).expect("a part that is no base64url was accepted");
    serde_json::from_slice(&bytes).expect("a part that is no JSON was accepted")
}
