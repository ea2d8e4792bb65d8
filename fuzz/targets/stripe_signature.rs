//! `Stripe-Signature`: accepted exactly if it should be.
//!
//! Input: the time now, a line; the header, a line; the body. In the header, `$1` and `$2` stand for
//! the body's signatures by the two live secrets, `$3` for the one by a secret that is not.
#![no_main]

use std::{fmt::Write, sync::LazyLock};

use fuzz::{bounded, first_line_of};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use ring::hmac;
use stripe_webhook::signature::Secrets;

static SECRETS: LazyLock<Secrets> =
    LazyLock::new(|| Secrets::parse("whsec_one,whsec_two").unwrap());

fuzz_target!(|input: &[u8]| bounded(input, |input| {
    let Some((now, rest)) = first_line_of(input) else { return };
    let Some((header, body)) = first_line_of(rest) else { return };
    let Some(now) = now.parse().ok().and_then(|now| Timestamp::from_second(now).ok()) else {
        return;
    };
    let signatures =
        ["whsec_one", "whsec_two", "whsec_three"].map(|secret| sign(secret, time(header), body));
    let header = header
        .replace("$1", &signatures[0])
        .replace("$2", &signatures[1])
        .replace("$3", &signatures[2]);
    let verified = SECRETS.verify(&header, body, now);
    let should = is_genuine(&header, &signatures[..2], now);
    assert_eq!(verified.is_ok(), should, "{verified:?} for {header}");
}));

/// The time of signing, as it stands in the header.
fn time(header: &str) -> &str {
    header.split(',').find_map(|part| part.strip_prefix("t=")).unwrap_or_default()
}

/// The signature by another implementation than the one that verifies it, in hexadecimal.
fn sign(secret: &str, time: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, &[time.as_bytes(), b".", body].concat());
    tag.as_ref().iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

/// The rule in other words: one time, well-formed signatures, one of them ours, not long ago.
fn is_genuine(header: &str, ours: &[String], now: Timestamp) -> bool {
    let with = |scheme| header.split(',').filter_map(move |part| part.strip_prefix(scheme));
    let is_hex =
        |text: &&str| text.len() == 64 && text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
    let time = time(header);
    let is_recent = time.bytes().all(|byte| byte.is_ascii_digit())
        && time.parse::<i64>().is_ok_and(|time| {
            let age = i128::from(now.as_second()) - i128::from(time);
            age.abs() <= 300 && Timestamp::from_second(time).is_ok()
        });
    header.len() <= 4096
        && with("t=").count() == 1
        && is_recent
        && with("v1=").take(16).all(|v1| is_hex(&v1))
        && with("v1=").take(16).any(|v1| ours.iter().any(|own| own == v1))
}
