use std::sync::Mutex;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};
use sha2::Sha256;

use super::*;

/// The key pair of RFC 8037, appendix A (as RFC 8410, section 10.3 writes it), and another one: published
/// examples, and keys of nothing.
const KEY: &str = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g";
const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const OTHER_KEY: &str = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";
const OTHER_X: &str = "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE";

const NOW: i64 = 1_795_255_200;
const HOUR: i64 = 3_600;

#[derive(Debug)]
struct StoppedClock(Mutex<Timestamp>);

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

fn jwk(kid: &str, x: &str) -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid})
}

fn from_env(keys: &str) -> Result<Verifier, ConfigError> {
    let clock = Arc::new(StoppedClock(Timestamp::from_second(NOW).unwrap().into()));
    Verifier::from_env(&Env::default().with("JWT_PUBLIC_KEYS", keys), clock)
}

/// One that knows both keys, as during a rotation.
fn verifier() -> Verifier {
    from_env(&json!({"keys": [jwk("one", X), jwk("two", OTHER_X)]}).to_string()).unwrap()
}

fn claims() -> Value {
    json!({
        "iss": "parley", "aud": "parley-api",
        "sub": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "sid": "01BX5ZZKBKACTAV9WEVGEMMVRZ",
        "gen": 3, "tier": "pro", "iat": NOW - 60, "exp": NOW + HOUR,
    })
}

fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn header(typ: Option<&str>, kid: Option<&str>) -> Header {
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = typ.map(str::to_owned);
    header.kid = kid.map(str::to_owned);
    header
}

fn good_header() -> Header {
    header(Some("at+jwt"), Some("one"))
}

fn sign(header: &Header, claims: &Value, key: &str) -> String {
    use_ed25519();
    let key = EncodingKey::from_ed_der(&STANDARD.decode(key).unwrap());
    jsonwebtoken::encode(header, claims, &key).unwrap()
}

fn verify(token: &str) -> Result<Claims, InvalidToken> {
    verifier().verify(token)
}

#[test]
fn a_good_token_says_what_was_signed() {
    for (kid, key) in [("one", KEY), ("two", OTHER_KEY)] {
        let said = verify(&sign(&header(Some("at+jwt"), Some(kid)), &claims(), key)).unwrap();
        assert_eq!(serde_json::to_value(said).unwrap(), claims(), "{kid}");
    }
}

#[test]
fn a_role_is_taken_over_and_one_of_a_later_version_passed_over() {
    let role = |name| verify(&sign(&good_header(), &claims_with("role", json!(name)), KEY));
    assert_eq!(role("operator").unwrap().role, Some(Role::Operator));
    assert_eq!(role("janitor").unwrap().role, None);
}

#[test]
fn a_token_is_good_until_the_very_second_of_its_expiry() {
    let expiring =
        |exp| verify(&sign(&good_header(), &claims_with("exp", json!(exp)), KEY)).is_ok();
    assert!(expiring(NOW + 1) && expiring(NOW + HOUR));
    assert!(!expiring(NOW) && !expiring(NOW - 1) && !expiring(0));
    assert!(!expiring(i64::MIN) && !expiring(i64::MAX), "no time that there is");
}

#[test]
fn a_token_that_was_good_is_good_again_and_not_a_second_longer() {
    let clock = Arc::new(StoppedClock(Timestamp::from_second(NOW).unwrap().into()));
    let keys = json!({"keys": [jwk("one", X)]}).to_string();
    let env = Env::default().with("JWT_PUBLIC_KEYS", keys);
    let verifier = Verifier::from_env(&env, Arc::<StoppedClock>::clone(&clock)).unwrap();
    let token = sign(&good_header(), &claims(), KEY);
    for _ in 0..3 {
        let said = verifier.verify(&token).unwrap();
        assert_eq!(serde_json::to_value(said).unwrap(), claims());
    }
    let mut forged = token.clone().into_bytes();
    *forged.last_mut().unwrap() ^= 1;
    let forged = String::from_utf8(forged).unwrap();
    assert!(verifier.verify(&forged).is_err(), "known by all of it, the signature too");
    *clock.0.lock().unwrap() = Timestamp::from_second(NOW + HOUR).unwrap();
    assert!(verifier.verify(&token).is_err());
    assert!(verifier.verify(&token).is_err());
}

#[test]
fn what_was_refused_is_looked_at_again() {
    let clock = Arc::new(StoppedClock(Timestamp::from_second(NOW + HOUR).unwrap().into()));
    let keys = json!({"keys": [jwk("one", X)]}).to_string();
    let env = Env::default().with("JWT_PUBLIC_KEYS", keys);
    let verifier = Verifier::from_env(&env, Arc::<StoppedClock>::clone(&clock)).unwrap();
    let token = sign(&good_header(), &claims(), KEY);
    assert!(verifier.verify(&token).is_err());
    *clock.0.lock().unwrap() = Timestamp::from_second(NOW).unwrap();
    assert!(verifier.verify(&token).is_ok(), "the clock was put back");
}

#[test]
fn only_the_type_of_an_access_token_is_one() {
    for typ in [None, Some("JWT"), Some("jwt"), Some("rt+jwt"), Some("AT+JWT"), Some("")] {
        let token = sign(&header(typ, Some("one")), &claims(), KEY);
        assert_eq!(verify(&token).unwrap_err(), InvalidToken, "{typ:?}");
    }
}

#[test]
fn no_extension_is_obeyed_so_none_is_taken() {
    for names in [vec![], vec!["exp".to_owned()], vec!["b64".to_owned()]] {
        let header = Header { crit: Some(names), ..good_header() };
        assert_eq!(verify(&sign(&header, &claims(), KEY)).unwrap_err(), InvalidToken);
    }
}

#[test]
fn a_token_is_checked_with_the_key_that_it_names_and_no_other() {
    for kid in [None, Some("two"), Some("three"), Some("")] {
        let token = sign(&header(Some("at+jwt"), kid), &claims(), KEY);
        assert_eq!(verify(&token).unwrap_err(), InvalidToken, "{kid:?}");
    }
    assert!(verify(&sign(&good_header(), &claims(), OTHER_KEY)).is_err());
}

#[test]
fn issuer_and_audience_are_ours() {
    for (name, value) in [
        ("iss", json!("somebody")),
        ("iss", json!("")),
        ("aud", json!("another-api")),
        ("aud", json!("")),
        ("aud", json!([])),
    ] {
        let token = sign(&good_header(), &claims_with(name, value.clone()), KEY);
        assert_eq!(verify(&token).unwrap_err(), InvalidToken, "{name} {value}");
    }
}

#[test]
fn every_claim_has_to_be_there() {
    for name in ["iss", "aud", "sub", "sid", "gen", "tier", "iat", "exp"] {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(name);
        assert_eq!(
            verify(&sign(&good_header(), &claims, KEY)).unwrap_err(),
            InvalidToken,
            "{name}"
        );
    }
}

#[test]
fn the_algorithm_is_pinned() {
    let public = URL_SAFE_NO_PAD.decode(X).unwrap();
    let part = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
    for secret in [X.as_bytes(), &public] {
        let header = part(json!({"typ": "at+jwt", "kid": "one", "alg": "HS256"}));
        let signed = format!("{header}.{}", part(claims()));
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
        mac.update(signed.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        assert_eq!(verify(&format!("{signed}.{signature}")).unwrap_err(), InvalidToken);
    }
    for alg in ["none", "None", "NONE", "", "EdDSA"] {
        let unsigned = part(json!({"typ": "at+jwt", "kid": "one", "alg": alg}));
        let unsigned = format!("{unsigned}.{}.", part(claims()));
        assert_eq!(verify(&unsigned).unwrap_err(), InvalidToken, "{alg}");
    }
}

#[test]
fn one_changed_character_is_seen() {
    let token = sign(&good_header(), &claims(), KEY);
    assert!(verify(&token).is_ok());
    for at in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[at] = if changed[at] == b'B' { b'C' } else { b'B' };
        assert!(verify(&String::from_utf8(changed).unwrap()).is_err(), "{at}");
    }
}

#[test]
fn without_a_readable_key_nothing_starts() {
    let no_kid = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": X}]}).to_string();
    let unreadable = json!({"keys": [jwk("one", "no key")]}).to_string();
    let short = json!({"keys": [jwk("one", &X[..42])]}).to_string();
    for keys in ["", "{}", r#"{"keys":[]}"#, &no_kid, &unreadable, &short] {
        assert!(from_env(keys).is_err(), "{keys}");
    }
}

#[test]
fn debug_output_shows_the_names_of_the_keys_alone() {
    let shown = format!("{:?}", verifier());
    assert_eq!(shown, r#"{"one", "two"}"#);
}

#[test]
fn a_role_of_a_later_version_is_none_and_what_is_no_text_is_refused() {
    assert_eq!(serde_json::to_value(Role::Operator).unwrap(), Role::Operator.as_str());
    assert_eq!(Role::known(json!("operator")).unwrap(), Some(Role::Operator));
    for unknown in [json!("janitor"), json!("Operator"), json!(""), Value::Null] {
        assert_eq!(Role::known(unknown).unwrap(), None);
    }
    assert!(Role::known(json!(7)).is_err());
}
