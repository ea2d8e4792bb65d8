use proptest::{prelude::*, sample::Index};
use stripe_oracle::Webhook;

use super::*;

const SECRET: &str = "whsec_one";
const NOW: i64 = 1_767_225_600;

fn secrets(text: &str) -> Secrets {
    Secrets::parse(text).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

/// A header by another implementation than ours.
fn header(body: &str, secret: &str) -> String {
    Webhook::generate_test_header(body, secret, Some(NOW))
}

/// The one `v1` of such a header.
fn v1(body: &str, secret: &str) -> String {
    header(body, secret).split_once(',').unwrap().1.to_owned()
}

fn verify(header: &str, body: &str) -> Result<(), SignatureError> {
    secrets(SECRET).verify(header, body.as_bytes(), at(NOW))
}

#[test]
fn one_or_two_secrets_are_taken_without_the_space_around_them() {
    for text in ["whsec_one", " whsec_one\n", "whsec_one,", "whsec_two , whsec_one"] {
        assert_eq!(secrets(text).verify(&header("{}", SECRET), b"{}", at(NOW)), Ok(()), "{text:?}");
    }
    for text in ["", " ", ",", " , ", "a,b,c"] {
        assert_eq!(Secrets::parse(text).unwrap_err(), InvalidSecrets, "{text:?}");
    }
}

#[test]
fn a_secret_is_not_shown() {
    assert!(!format!("{:?}", secrets("whsec_one,whsec_two")).contains("whsec"));
}

#[test]
fn while_a_secret_is_replaced_either_will_do_on_either_side() {
    let both = secrets("whsec_one,whsec_two");
    for secret in ["whsec_one", "whsec_two"] {
        assert_eq!(both.verify(&header("{}", secret), b"{}", at(NOW)), Ok(()));
        let of_both = format!("t={NOW},{},{}", v1("{}", "whsec_one"), v1("{}", "whsec_two"));
        assert_eq!(secrets(secret).verify(&of_both, b"{}", at(NOW)), Ok(()));
    }
    let other = both.verify(&header("{}", "whsec_three"), b"{}", at(NOW));
    assert_eq!(other, Err(SignatureError::Mismatch));
}

#[test]
fn a_signature_lives_for_five_minutes_before_and_after() {
    let header = header("{}", SECRET);
    let verify_at = |now| secrets(SECRET).verify(&header, b"{}", now);
    for seconds in [-300, -299, 0, 299, 300] {
        assert_eq!(verify_at(at(NOW + seconds)), Ok(()), "{seconds}");
    }
    for seconds in [-301, 301, -86_400, 86_400, -NOW] {
        assert_eq!(verify_at(at(NOW + seconds)), Err(SignatureError::Stale), "{seconds}");
    }
    let just_over = SignedDuration::from_nanos(300_000_000_001);
    assert_eq!(verify_at(at(NOW) + just_over), Err(SignatureError::Stale));
    assert_eq!(verify_at(at(NOW) - just_over), Err(SignatureError::Stale));
}

#[test]
fn a_forged_header_is_a_mismatch_however_old_it_is() {
    let forged = header("{}", "whsec_two");
    let result = secrets(SECRET).verify(&forged, b"{}", at(NOW + 86_400));
    assert_eq!(result, Err(SignatureError::Mismatch));
}

#[test]
fn only_v1_counts() {
    let v1 = v1("{}", SECRET);
    let digits = v1.strip_prefix("v1=").unwrap();
    for scheme in ["v0", "v2", "V1", "v1 ", " v1", ""] {
        let header = format!("t={NOW},{scheme}={digits}");
        assert_eq!(verify(&header, "{}"), Err(SignatureError::NoSignature), "{scheme:?}");
    }
    assert_eq!(verify(&format!("t={NOW},v0=nonsense,{v1},,alone,x=y=z"), "{}"), Ok(()));
}

#[test]
fn a_header_has_one_time() {
    let v1 = v1("{}", SECRET);
    assert_eq!(verify(&v1, "{}"), Err(SignatureError::NoTimestamp));
    assert_eq!(verify("", "{}"), Err(SignatureError::NoTimestamp));
    let repeated = format!("t={NOW},{v1},t={NOW}");
    assert_eq!(verify(&repeated, "{}"), Err(SignatureError::RepeatedTimestamp));
}

#[test]
fn a_time_is_digits_within_the_calendar() {
    let v1 = v1("{}", SECRET);
    let beyond =
        ["253402207201", "9223372036854775807", "9223372036854775808", "99999999999999999999999"];
    let no_digits =
        ["", " ", "-1767225600", "+1767225600", "1767225600 ", "1767225600.0", "0x10", "١", "now"];
    for t in beyond.into_iter().chain(no_digits) {
        let result = verify(&format!("t={t},{v1}"), "{}");
        assert_eq!(result, Err(SignatureError::BadTimestamp), "{t:?}");
    }
}

#[test]
fn the_time_is_signed_as_it_is_written() {
    let header = header("{}", SECRET).replace("t=", "t=0");
    assert_eq!(verify(&header, "{}"), Err(SignatureError::Mismatch));
}

#[test]
fn a_signature_is_sixty_four_lower_case_digits() {
    let good = v1("{}", SECRET);
    let digits = good.strip_prefix("v1=").unwrap();
    for bad in
        ["", "0", &digits[..63], &digits[..62], &format!("{digits}0"), &format!("{digits}00")]
    {
        let header = format!("t={NOW},v1={bad}");
        assert_eq!(verify(&header, "{}"), Err(SignatureError::BadLength), "{bad}");
    }
    for bad in [digits.to_uppercase(), "g".repeat(64), "ß".repeat(32), format!(" {}", &digits[1..])]
    {
        // Even beside a good one: Stripe sends no such thing.
        let header = format!("t={NOW},{good},v1={bad}");
        assert_eq!(verify(&header, "{}"), Err(SignatureError::BadHex), "{bad}");
    }
}

#[test]
fn sixteen_signatures_are_looked_at_and_no_more() {
    let other = v1("{}", "whsec_two");
    let after = |others: usize| {
        let others = vec![other.as_str(); others].join(",");
        verify(&format!("t={NOW},{others},{}", v1("{}", SECRET)), "{}")
    };
    assert_eq!(after(15), Ok(()));
    assert_eq!(after(16), Err(SignatureError::Mismatch));
}

#[test]
fn a_header_has_at_most_four_kibibytes() {
    let good = header("{}", SECRET);
    let padded = |length: usize| format!("{good},{}", "x".repeat(length - good.len() - 1));
    assert_eq!(verify(&padded(4096), "{}"), Ok(()));
    assert_eq!(verify(&padded(4097), "{}"), Err(SignatureError::TooLong));
}

#[test]
fn a_body_need_not_be_text() {
    let body = [0xff, 0x00, b'.', 0xfe];
    let signed = format!("t={NOW},{}", v1("{}", SECRET));
    let result = secrets(SECRET).verify(&signed, &body, at(NOW));
    assert_eq!(result, Err(SignatureError::Mismatch));
}

proptest! {
    #[test]
    fn what_is_signed_verifies(
        body: String,
        secret in "whsec_[A-Za-z0-9]{1,80}",
        t in 0..4_000_000_000_i64,
        off in -300..=300_i64,
    ) {
        let header = Webhook::generate_test_header(&body, &secret, Some(t));
        prop_assert_eq!(secrets(&secret).verify(&header, body.as_bytes(), at(t + off)), Ok(()));
    }

    #[test]
    fn with_another_secret_it_does_not(
        body: String,
        secret in "whsec_[a-z]{1,20}",
        other in "whsec_[A-Z]{1,20}",
    ) {
        let result = secrets(&other).verify(&header(&body, &secret), body.as_bytes(), at(NOW));
        prop_assert_eq!(result, Err(SignatureError::Mismatch));
    }

    #[test]
    fn one_flipped_bit_of_the_body_is_seen(body in ".{1,200}", at_byte: Index, bit in 0..8_u8) {
        let header = header(&body, SECRET);
        let mut bytes = body.into_bytes();
        let index = at_byte.index(bytes.len());
        bytes[index] ^= 1 << bit;
        let result = secrets(SECRET).verify(&header, &bytes, at(NOW));
        prop_assert_eq!(result, Err(SignatureError::Mismatch));
    }

    #[test]
    fn one_flipped_bit_of_the_time_or_the_signature_is_seen(
        body: String,
        at_byte: Index,
        bit in 0..7_u8,
    ) {
        let mut bytes = header(&body, SECRET).into_bytes();
        let index = at_byte.index(bytes.len());
        bytes[index] ^= 1 << bit;
        let header = String::from_utf8(bytes).unwrap();
        prop_assert!(verify(&header, &body).is_err(), "{}", header);
    }

    #[test]
    fn a_byte_more_or_less_of_the_body_is_seen(body in ".{1,50}", more: u8) {
        let header = header(&body, SECRET);
        let longer = [body.as_bytes(), &[more]].concat();
        for changed in [&longer[..], &body.as_bytes()[1..]] {
            let result = secrets(SECRET).verify(&header, changed, at(NOW));
            prop_assert_eq!(result, Err(SignatureError::Mismatch));
        }
    }

    #[test]
    fn the_parts_of_a_header_may_come_in_any_order(
        body: String,
        parts in Just(["t", "good", "other", "v0", "alone"]).prop_shuffle(),
    ) {
        let parts = parts.map(|part| match part {
            "t" => format!("t={NOW}"),
            "good" => v1(&body, SECRET),
            "other" => v1(&body, "whsec_two"),
            "v0" => format!("v0={}", "0".repeat(64)),
            _ => "alone".to_owned(),
        });
        prop_assert_eq!(verify(&parts.join(","), &body), Ok(()));
    }

    #[test]
    fn no_header_makes_it_panic(header in any::<String>(), body: Vec<u8>) {
        prop_assert!(secrets(SECRET).verify(&header, &body, at(NOW)).is_err());
    }

    #[test]
    fn no_near_header_makes_it_panic(
        header in "((t|v1|v0|)=?([0-9]{0,22}|[0-9a-fA-F]{60,66}|[0-9a-f]{64}|.{0,4}),){0,20}",
    ) {
        let result = verify(&header, "{}");
        prop_assert!(result.is_err());
    }
}
