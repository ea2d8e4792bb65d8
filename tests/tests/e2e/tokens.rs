//! Access tokens: what they are, who can check them, and what is not one.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tests::{Parley, Response, now};

/// A JWS in compact form (RFC 7515), taken apart.
pub(crate) struct Jws {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    signed: String,
    signature: Vec<u8>,
}

impl Jws {
    pub(crate) fn read(token: &str) -> Self {
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

pub(crate) fn forge(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let encode = |json: &Value| BASE64.encode(json.to_string());
    let signed = format!("{}.{}", encode(header), encode(claims));
    let signature = sign(signed.as_bytes());
    format!("{signed}.{}", BASE64.encode(signature))
}

fn hs256(key: &[u8], signed: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(signed);
    mac.finalize().into_bytes().to_vec()
}

/// The published key with this id.
async fn published_key(parley: &Parley, kid: &Value) -> Value {
    let set = parley.get("/.well-known/jwks.json").await.expect(200);
    let body = set.json();
    let keys = body["keys"].as_array().unwrap();
    for key in keys {
        assert_eq!((&key["kty"], &key["crv"]), (&json!("OKP"), &json!("Ed25519")), "{set}");
        assert!(key.get("d").is_none(), "a private key is published");
    }
    keys.iter().find(|key| key["kid"] == *kid).unwrap_or_else(|| panic!("no {kid}: {set}")).clone()
}

fn public_bytes(jwk: &Value) -> [u8; 32] {
    BASE64.decode(jwk["x"].as_str().unwrap()).unwrap().try_into().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_can_verify_a_token_with_the_published_keys() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let token = Jws::read(&user.token);
    assert_eq!(token.header["alg"], "EdDSA");
    let jwk = published_key(&parley, &token.header["kid"]).await;

    let key = VerifyingKey::from_bytes(&public_bytes(&jwk)).unwrap();
    let signature = Signature::from_slice(&token.signature).unwrap();
    key.verify_strict(token.signed.as_bytes(), &signature).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_lives_for_an_hour_and_says_whose_it_is_and_nothing_private() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let token = Jws::read(&user.token);
    let number = |name: &str| token.claims[name].as_i64().unwrap();
    assert_eq!(number("exp") - number("iat"), 3_600);
    assert!((number("iat") - now().as_second()).abs() <= 30);
    assert_eq!(token.claims["sub"], user.get("/user/me").await.json()["id"]);
    for name in ["iss", "aud"] {
        assert!(token.claims[name].is_string(), "no {name}");
    }
    assert!(token.header["typ"].is_string(), "no typ");
    assert!(!token.claims.to_string().contains(user.mobile_number.trim_start_matches('+')));
}

/// A token that is not one.
pub(crate) fn refused(answer: &Response) {
    answer.is(401);
    let challenge = answer.header("www-authenticate");
    assert!(challenge.starts_with("Bearer"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_tampered_with_or_made_by_somebody_else_is_refused() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let room = user.create_room("Mine").await;
    let Jws { header, claims, signature, .. } = Jws::read(&user.token);
    let public = public_bytes(&published_key(&parley, &header["kid"]).await);
    let stranger = SigningKey::from_bytes(&rand::random());
    let with = |json: &Value, name: &str, value: Value| {
        let mut json = json.clone();
        json[name] = value;
        json
    };
    let none = |alg: &str| forge(&with(&header, "alg", json!(alg)), &claims, |_| Vec::new());
    let pem = "MCowBQYDK2VwAyEA".to_owned() + &BASE64.encode(public);
    let confused = |key: &[u8]| {
        forge(&with(&header, "alg", json!("HS256")), &claims, |signed| hs256(key, signed))
    };
    let later = with(&claims, "exp", json!(4_000_000_000_i64));
    let by_stranger =
        |header: &Value| forge(header, &claims, |signed| stranger.sign(signed).to_bytes().to_vec());
    let embedded = with(
        &header,
        "jwk",
        json!({
            "kty": "OKP", "crv": "Ed25519",
            "x": BASE64.encode(stranger.verifying_key().to_bytes()),
        }),
    );

    let bad = [
        ("nonsense", "nonsense".to_owned()),
        ("nothing", String::new()),
        ("only dots", "..".to_owned()),
        ("cut off", user.token[..user.token.len() - 4].to_owned()),
        ("a longer life", forge(&header, &later, |_| signature.clone())),
        ("alg none", none("none")),
        ("alg None", none("None")),
        ("HS256 with the public key", confused(&public)),
        ("HS256 with the public key as text", confused(pem.as_bytes())),
        ("another key", by_stranger(&header)),
        ("another key, which it brings along", by_stranger(&embedded)),
        ("another key, another kid", by_stranger(&with(&header, "kid", json!("mine")))),
        ("the refresh token", user.refresh_token.clone()),
    ];
    for (what, token) in bad {
        for path in ["/user/me", "/chatroom", &format!("/chatroom/{room}/messages")] {
            let answer = parley.get(path).token(&token).await;
            assert_eq!(answer.status(), 401, "{what}: {answer}");
            refused(&answer);
        }
        refused(&parley.post("/auth/logout").token(&token).await);
    }
    user.get("/user/me").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_protected_endpoint_asks_for_a_token() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let room = user.create_room("Mine").await;
    let message = user.ask(&room, "Hello there, model").await;
    for (method, path) in [
        ("GET", "/user/me".to_owned()),
        ("PATCH", "/user/me".to_owned()),
        ("DELETE", "/user/me".to_owned()),
        ("GET", "/user/me/usage".to_owned()),
        ("POST", "/auth/logout".to_owned()),
        ("POST", "/auth/change-password".to_owned()),
        ("POST", "/chatroom".to_owned()),
        ("GET", "/chatroom".to_owned()),
        ("GET", format!("/chatroom/{room}")),
        ("PATCH", format!("/chatroom/{room}")),
        ("DELETE", format!("/chatroom/{room}")),
        ("POST", format!("/chatroom/{room}/message")),
        ("GET", format!("/chatroom/{room}/messages")),
        ("GET", format!("/chatroom/{room}/messages/{message}")),
        ("POST", "/subscribe/pro".to_owned()),
        ("POST", "/subscribe/portal".to_owned()),
        ("GET", "/subscribe/status".to_owned()),
        ("GET", "/subscription/status".to_owned()),
    ] {
        let body =
            json!({"content": "x", "new_password": "long enough", "full_name": "x", "name": "x"});
        let request = || parley.request(method.parse().unwrap(), &path).json(&body);
        refused(&request().await);
        refused(&request().header("authorization", "Basic QWxhZGRpbjpvcGVu").await);
        refused(&request().header("authorization", "Bearer").await);
        refused(&request().header("authorization", &user.token).await);
    }
    assert_eq!(user.rooms().await, [room]);
}

/// RFC 9110, section 11.1: the scheme's name has no case.
#[tokio::test(flavor = "multi_thread")]
async fn bearer_may_be_written_in_any_case() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    for scheme in ["bearer", "BEARER"] {
        let value = format!("{scheme} {}", user.token);
        parley.get("/user/me").header("authorization", value).await.is(200);
    }
}
