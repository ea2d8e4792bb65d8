//! One-time codes: what they are, when one may be sent, and what is kept of it.
//!
//! Rules only: time and randomness are passed in, and nothing is read or written here.
//! NIST SP 800-63B-4 (3.1.3.2) asks for at least six digits, a life of at most ten minutes and a
//! single use; OWASP for a bound on the tries.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use rand::{CryptoRng, RngExt};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use shared::{
    config::ConfigError,
    domain::MobileNumber,
    store::{Challenge, Purpose},
};
use subtle::ConstantTimeEq;

/// How long a code lives.
pub(crate) const LIFE: SignedDuration = SignedDuration::from_mins(5);
/// How often a code may be tried.
pub(crate) const TRIES: u32 = 5;
/// The least time from one code to the next, per number and purpose.
pub(crate) const GAP: SignedDuration = SignedDuration::from_secs(30);
/// At most this many codes are sent within any `WINDOW`, per number and purpose.
const MOST: usize = 5;
const WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// A code: six digits.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct OtpCode(String);

impl OtpCode {
    /// Draws one; every code is as likely as any other.
    pub(crate) fn draw(rng: &mut impl CryptoRng) -> Self {
        Self(format!("{:06}", rng.random_range(0..1_000_000_u32)))
    }

    /// The digits.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for OtpCode {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text))
        } else {
            Err("must be 6 digits")
        }
    }
}

impl fmt::Debug for OtpCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OtpCode(…)")
    }
}

/// The key that codes are hashed with. A million codes are soon tried: without the key, which is
/// not kept beside them, the hashes say nothing.
pub(crate) struct Pepper(Hmac<Sha256>);

impl Pepper {
    /// From `OTP_PEPPER`: at least 32 bytes.
    pub(crate) fn new(secret: &SecretString) -> Result<Self, ConfigError> {
        let invalid = || ConfigError::invalid("OTP_PEPPER", "must have at least 32 bytes");
        let key = secret.expose_secret().as_bytes();
        if key.len() < 32 {
            return Err(invalid());
        }
        Hmac::new_from_slice(key).map(Self).map_err(|_| invalid())
    }

    /// What is kept of a code. It is bound to its number and purpose: moved to another item, it
    /// matches nothing.
    pub(crate) fn hash(&self, number: &MobileNumber, purpose: Purpose, code: &OtpCode) -> String {
        let mut mac = self.0.clone();
        for part in [number.as_str(), purpose.as_str(), code.as_str()] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }

    /// Whether `code` is the one of `challenge`. Takes the same time for every wrong one.
    pub(crate) fn matches(
        &self,
        number: &MobileNumber,
        challenge: &Challenge,
        code: &OtpCode,
    ) -> bool {
        let given = self.hash(number, challenge.purpose, code);
        let kept = challenge.code_hash.as_deref().unwrap_or_default();
        given.as_bytes().ct_eq(kept.as_bytes()).into()
    }
}

/// The challenge that a new code makes at `now`, after what was `seen` before; or when the next
/// one may be sent.
pub(crate) fn issue(
    seen: Option<&Challenge>,
    purpose: Purpose,
    code_hash: String,
    now: Timestamp,
) -> Result<Challenge, Timestamp> {
    let window = now.saturating_add(-WINDOW).unwrap_or(Timestamp::MIN).as_millisecond();
    let sent = seen.map_or(&[][..], |challenge| &challenge.sent_at);
    let mut sent_at: Vec<_> = sent.iter().copied().filter(|at| *at > window).collect();
    let fifth_last = sent_at.len().checked_sub(MOST).map(|at| sent_at[at]);
    let until = later(sent_at.last().copied(), GAP).max(later(fifth_last, WINDOW));
    if let Some(until) = until.filter(|until| *until > now) {
        return Err(until);
    }
    sent_at.push(now.as_millisecond());
    Ok(Challenge {
        purpose,
        code_hash: Some(code_hash),
        attempts: 0,
        code_expires_at: now.saturating_add(LIFE).unwrap_or(now).as_millisecond(),
        sent_at,
        expires_at: now.saturating_add(WINDOW).unwrap_or(now).as_second() + 1,
    })
}

fn later(at: Option<i64>, by: SignedDuration) -> Option<Timestamp> {
    Timestamp::from_millisecond(at?).ok()?.checked_add(by).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_795_255_200 + seconds).unwrap()
    }

    fn pepper(secret: &str) -> Pepper {
        Pepper::new(&secret.to_owned().into()).unwrap()
    }

    fn number(text: &str) -> MobileNumber {
        MobileNumber::parse(text).unwrap()
    }

    /// Sends codes at these seconds; what was kept, or when the next one may be sent.
    fn send(times: &[i64]) -> Result<Challenge, i64> {
        let mut seen = None;
        for second in times {
            let issued = issue(seen.as_ref(), Purpose::Login, "hash".to_owned(), at(*second));
            seen = Some(issued.map_err(|until| until.as_second() - at(0).as_second())?);
        }
        Ok(seen.unwrap())
    }

    #[test]
    fn a_code_lives_for_five_minutes_and_has_not_been_tried() {
        let challenge = send(&[0]).unwrap();
        assert_eq!(challenge.code_expires_at, at(300).as_millisecond());
        assert_eq!(challenge.attempts, 0);
        assert_eq!(challenge.code_hash.as_deref(), Some("hash"));
    }

    #[test]
    fn the_next_code_is_sent_after_half_a_minute_and_not_before() {
        assert_eq!(send(&[0, 29]).unwrap_err(), 30);
        assert!(send(&[0, 30]).is_ok());
    }

    #[test]
    fn there_are_five_codes_in_any_hour() {
        assert!(send(&[0, 30, 60, 90, 120]).is_ok());
        assert_eq!(send(&[0, 30, 60, 90, 120, 150]).unwrap_err(), 3_600);
        assert!(send(&[0, 30, 60, 90, 120, 3_600]).is_ok());
        // Not five at the end of one hour and five at the beginning of the next.
        assert_eq!(send(&[0, 3_300, 3_330, 3_360, 3_390, 3_600, 3_630]).unwrap_err(), 6_900);
    }

    #[test]
    fn what_the_limits_no_longer_look_at_is_forgotten() {
        let challenge = send(&[0, 30, 3_620]).unwrap();
        assert_eq!(challenge.sent_at, [at(30), at(3_620)].map(Timestamp::as_millisecond));
        assert!(challenge.expires_at > at(3_620 + 3_600).as_second());
    }

    #[test]
    fn a_clock_that_stepped_back_asks_for_patience() {
        assert_eq!(send(&[100, 90]).unwrap_err(), 130);
    }

    #[test]
    fn codes_are_six_digits_and_spread_evenly() {
        let mut rng = StdRng::seed_from_u64(7);
        let mut first_digits = [0_u32; 10];
        for _ in 0..100_000 {
            let code = OtpCode::draw(&mut rng);
            assert_eq!(OtpCode::try_from(code.as_str().to_owned()), Ok(code.clone()));
            first_digits[usize::from(code.as_str().as_bytes()[0] - b'0')] += 1;
        }
        // 10,000 of each are expected; 4 standard deviations are 380.
        assert!(first_digits.iter().all(|count| count.abs_diff(10_000) < 400), "{first_digits:?}");
    }

    #[test]
    fn anything_but_six_ascii_digits_is_no_code() {
        for text in ["", "12345", "1234567", "12345a", " 12345", "٠١٢٣٤٥", "+12345"] {
            assert!(OtpCode::try_from(text.to_owned()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_hash_belongs_to_one_key_number_purpose_and_code() {
        let (one, other) = (pepper(&"k".repeat(32)), pepper(&"l".repeat(32)));
        let code = |text: &str| OtpCode::try_from(text.to_owned()).unwrap();
        let ada = number("+14155550123");
        let hash = one.hash(&ada, Purpose::Login, &code("123456"));
        let login = issue(None, Purpose::Login, hash.clone(), at(0)).unwrap();
        let reset = issue(None, Purpose::Reset, hash, at(0)).unwrap();
        assert!(one.matches(&ada, &login, &code("123456")));
        assert!(!one.matches(&ada, &login, &code("123457")));
        assert!(!one.matches(&ada, &reset, &code("123456")));
        assert!(!one.matches(&number("+14155550124"), &login, &code("123456")));
        assert!(!other.matches(&ada, &login, &code("123456")));
        let used = Challenge { code_hash: None, ..login };
        assert!(!one.matches(&ada, &used, &code("123456")));
    }

    #[test]
    fn a_short_pepper_is_refused_and_not_shown() {
        let refused = Pepper::new(&"short-secret".to_owned().into()).err().unwrap().to_string();
        assert!(refused.contains("OTP_PEPPER") && !refused.contains("short-secret"), "{refused}");
    }

    #[test]
    fn debug_output_hides_the_code() {
        let code = OtpCode::try_from("123456".to_owned()).unwrap();
        assert!(!format!("{code:?}").contains("123456"));
    }
}
