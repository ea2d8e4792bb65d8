//! Access tokens: what they say, who can check them, and what is not one.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use ed25519_dalek::{
    Signature, Signer, SigningKey, VerifyingKey,
    pkcs8::{DecodePrivateKey, EncodePrivateKey, spki::der::pem::LineEnding},
};
use hmac::{Hmac, KeyInit, Mac};
use jiff::SignedDuration;
use serde_json::{Value, json};
use sha2::Sha256;
use shared::domain::Role;

use crate::{
    App, NUMBER,
    app::{PASSWORD, PRIVATE_KEY},
};

/// A JWS in compact form (RFC 7515), taken apart.
struct Jws {
    header: Value,
    claims: Value,
    signed: String,
    signature: Vec<u8>,
}

impl Jws {
    fn read(token: &str) -> Self {
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (header, claims) = signed.split_once('.').unwrap();
        let json = |part| serde_json::from_slice(&BASE64.decode(part).unwrap()).unwrap();
        Self {
            header: json(header),
            claims: json(claims),
            signed: signed.to_owned(),
            signature: BASE64.decode(signature).unwrap(),
        }
    }
}

fn forge(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let encode = |json: &Value| BASE64.encode(json.to_string());
    let signed = format!("{}.{}", encode(header), encode(claims));
    let signature = sign(signed.as_bytes());
    format!("{signed}.{}", BASE64.encode(signature))
}

fn with(json: &Value, name: &str, value: Value) -> Value {
    let mut json = json.clone();
    json[name] = value;
    json
}

#[tokio::test]
async fn anybody_can_verify_a_token_with_the_published_keys() {
    let app = App::start().await;
    let token = Jws::read(&app.user().await.access);
    let set = app.get("/.well-known/jwks.json").await.expect(200);
    assert_eq!(set.headers["cache-control"], "public, max-age=300");
    let keys = set.json();
    let jwk = &keys["keys"].as_array().unwrap()[0];
    assert_eq!(jwk.as_object().unwrap().len(), 6, "nothing but public members: {jwk}");
    for (member, value) in [("kty", "OKP"), ("crv", "Ed25519"), ("alg", "EdDSA"), ("use", "sig")] {
        assert_eq!(jwk[member], value);
    }
    assert_eq!(jwk["kid"], token.header["kid"]);

    let x = BASE64.decode(jwk["x"].as_str().unwrap()).unwrap().try_into().unwrap();
    let signature = Signature::from_slice(&token.signature).unwrap();
    let key = VerifyingKey::from_bytes(&x).unwrap();
    key.verify_strict(token.signed.as_bytes(), &signature).unwrap();
}

#[tokio::test]
async fn a_token_says_whose_it_is_and_nothing_private() {
    let app = App::start().await;
    let id = app.signup(json!({"full_name": "Ada"})).await.expect(201).str("id");
    let token = Jws::read(&app.sign_in().await.access);
    let kid = token.header["kid"].clone();
    assert_eq!(token.header, json!({"typ": "at+jwt", "alg": "EdDSA", "kid": kid}));
    let now = 1_795_255_200;
    assert_eq!(
        token.claims,
        json!({
            "iss": "parley", "aud": "parley-api", "sub": id, "sid": token.claims["sid"],
            "gen": 0, "tier": "basic", "iat": now, "exp": now + 3_600,
        })
    );
    assert_eq!(token.claims["sid"].as_str().unwrap().len(), 26);
}

#[tokio::test]
async fn a_token_names_the_role_and_the_next_one_no_longer_if_it_is_gone() {
    let app = App::start().await;
    let before = app.user_with_password().await;
    let role = |token: &str| Jws::read(token).claims.get("role").cloned();
    assert_eq!(role(&before.access), None);

    app.set_role(&before.access, Some(Role::Operator)).await;
    let refreshed = app.refresh(&before.refresh).await.tokens();
    app.pass(SignedDuration::from_mins(1));
    let by_code = app.sign_in().await;
    let by_password = app.login(NUMBER, PASSWORD).await.tokens();
    for tokens in [&refreshed, &by_code, &by_password] {
        assert_eq!(role(&tokens.access), Some(json!("operator")));
    }

    app.set_role(&before.access, None).await;
    assert_eq!(role(&app.refresh(&refreshed.refresh).await.tokens().access), None);
}

#[tokio::test]
async fn how_long_a_token_lives_can_be_configured() {
    let app = App::start_with(|env| env.with("ACCESS_TOKEN_SECONDS", "60")).await;
    let user = app.user().await;
    app.pass(SignedDuration::from_secs(59));
    app.post_as(&user.access, "/auth/logout", &json!({})).await.expect(204);
    app.pass(SignedDuration::from_secs(1));
    app.post_as(&user.access, "/auth/logout", &json!({})).await.refused(401, "invalid_token");
}

/// The same token with the group's order added to S of its signature (R, S): a verifier that does not
/// ask for S to be the lowest takes it as well (RFC 8032, section 8.4).
fn malleable(token: &str) -> String {
    /// 2^252 + 27742317777372353535851937790883648493, little-endian.
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let Jws { signed, mut signature, .. } = Jws::read(token);
    let mut carry = 0;
    for (byte, add) in signature[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    format!("{signed}.{}", BASE64.encode(signature))
}

#[tokio::test]
async fn what_is_no_token_of_ours_is_refused() {
    let app = App::start().await;
    let user = app.user().await;
    let Jws { header, claims, signature, .. } = Jws::read(&user.access);
    let ours = SigningKey::from_pkcs8_pem(PRIVATE_KEY).unwrap();
    let strangers = SigningKey::from_bytes(&[7; 32]);
    let by = |key: &SigningKey, header: &Value, claims: &Value| {
        forge(header, claims, |signed| key.sign(signed).to_bytes().to_vec())
    };
    let none = |alg: &str| forge(&with(&header, "alg", json!(alg)), &claims, |_| Vec::new());
    let hs256 = |key: &[u8]| {
        forge(&with(&header, "alg", json!("HS256")), &claims, |signed| {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
            mac.update(signed);
            mac.finalize().into_bytes().to_vec()
        })
    };
    let without = |name: &str| {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().remove(name);
        by(&ours, &header, &claims)
    };
    let public = ours.verifying_key();

    // The forger works: what is signed with our key and says what ours say is taken.
    let copy = by(&ours, &header, &claims);
    app.post_as(&copy, "/auth/change-password", &json!({"new_password": "12345678"}))
        .await
        .expect(200);

    let claim = |name: &str, value: Value| by(&ours, &header, &with(&claims, name, value));
    let head = |name: &str, value: Value| by(&ours, &with(&header, name, value), &claims);
    let bad = [
        ("nonsense", "nonsense".to_owned()),
        ("only dots", "..".to_owned()),
        ("the refresh token", user.refresh.clone()),
        (
            "a longer life",
            forge(&header, &with(&claims, "exp", json!(4_000_000_000_i64)), |_| signature),
        ),
        ("alg none", none("none")),
        ("alg None", none("None")),
        ("HS256 with the public key", hs256(public.as_bytes())),
        ("HS256 with the published key", hs256(BASE64.encode(public).as_bytes())),
        ("another key", by(&strangers, &header, &claims)),
        ("another key and kid", by(&strangers, &with(&header, "kid", json!("mine")), &claims)),
        ("an unknown kid", head("kid", json!("mine"))),
        ("no kid", head("kid", json!(null))),
        ("another type", head("typ", json!("JWT"))),
        ("no type", head("typ", json!(null))),
        ("another audience", claim("aud", json!("another-api"))),
        ("another issuer", claim("iss", json!("somebody"))),
        ("expired", claim("exp", claims["iat"].clone())),
        ("no user", claim("sub", json!("nobody"))),
        ("an audience among others", claim("aud", json!(["parley-api-2", "x"]))),
        ("an expiry in words", claim("exp", json!("4000000000"))),
        ("an expiry beyond all time", claim("exp", json!(i64::MAX))),
        ("an expiry before all time", claim("exp", json!(i64::MIN))),
        ("another key, at an address of its own", {
            let header = with(&header, "jku", json!("https://evil.example.org/jwks.json"));
            by(&strangers, &with(&header, "x5u", json!("https://evil.example.org/cert")), &claims)
        }),
        ("an extension that must be understood (RFC 7515, 4.1.11)", head("crit", json!(["exp"]))),
        ("payload not encoded (RFC 7797)", {
            let header = with(&header, "b64", json!(false));
            by(&ours, &with(&header, "crit", json!(["b64"])), &claims)
        }),
        ("a list of algorithms", head("alg", json!(["EdDSA", "none"]))),
        ("the same signature, written otherwise", malleable(&user.access)),
        ("padding", format!("{}==", user.access)),
        ("a part more", format!("{}.", user.access)),
        ("a space within", user.access.replacen('.', " .", 1)),
        ("no expiry", without("exp")),
        ("no audience", without("aud")),
        ("no issuer", without("iss")),
    ];
    for (what, token) in bad {
        for path in ["/auth/logout", "/auth/change-password"] {
            let answer = app.post_as(&token, path, &json!({})).await;
            assert_eq!(
                (answer.status, answer.str("code").as_str()),
                (401, "invalid_token"),
                "{what}"
            );
            let challenge = answer.headers["www-authenticate"].to_str().unwrap();
            assert!(
                challenge.starts_with("Bearer ") && challenge.contains("invalid_token"),
                "{what}"
            );
        }
    }
    for path in ["/auth/logout", "/auth/change-password"] {
        app.post(path, &json!({})).await.refused(401, "missing_token");
    }
}

#[tokio::test]
async fn two_keys_are_published_during_a_rotation() {
    let old = SigningKey::from_bytes(&[7; 32]).to_pkcs8_pem(LineEnding::LF).unwrap().to_string();
    let keys =
        |pem| -> Value { serde_json::from_str(&auth::public_keys_of(pem).unwrap()).unwrap() };
    let both = json!({"keys": [keys(&old)["keys"][0], keys(PRIVATE_KEY)["keys"][0]]});
    let rotated = both.to_string();
    let app = App::start_with(|env| env.with("JWT_PUBLIC_KEYS", rotated)).await;
    assert_eq!(app.get("/.well-known/jwks.json").await.expect(200).json(), both);
    let user = app.user().await;
    app.refresh(&user.refresh).await.expect(200);
    app.login(NUMBER, "a wrong password").await.expect(401);
}
