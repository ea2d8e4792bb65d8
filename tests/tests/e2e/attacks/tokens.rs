//! Access tokens that bring a key along or point to one, tokens in other places than their header, and
//! the tokens of an account that is gone.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use tests::{Parley, User};

use super::goes_on;
use crate::tokens::{Jws, forge, refused};

const EVIL: &str = "https://evil.example.org/keys";

#[tokio::test(flavor = "multi_thread")]
async fn a_token_does_not_bring_its_key_along_nor_say_where_it_is() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let Jws { header, claims, .. } = Jws::read(&user.token);
    let stranger = SigningKey::from_bytes(&rand::random());
    let jwk = json!({
        "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": header["kid"],
        "x": BASE64.encode(stranger.verifying_key().to_bytes()),
    });
    let by_stranger = |members: Value| {
        let mut header = header.clone();
        header.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        forge(&header, &claims, |signed| stranger.sign(signed).to_bytes().to_vec())
    };
    for members in [
        json!({}),
        json!({"jwk": jwk}),
        json!({"jwk": jwk, "kid": null}),
        json!({"jku": EVIL}),
        json!({"jku": parley.base_url() + "/.well-known/jwks.json"}),
        json!({"x5u": EVIL}),
        json!({"x5c": [BASE64.encode("certificate")]}),
        json!({"x5t": "x", "x5t#S256": "x"}),
        json!({"crit": ["jwk"], "jwk": jwk}),
        json!({"crit": []}),
        json!({"b64": false, "crit": ["b64"]}),
        json!({"kid": "../../../../dev/null"}),
        json!({"kid": "' UNION SELECT 'key"}),
        json!({"kid": "| sleep 10"}),
        json!({"kid": "\u{0}"}),
        json!({"kid": ["mine"]}),
        json!({"kid": "k".repeat(4_000)}),
        json!({"alg": "EdDSA ", "zip": "DEF"}),
        json!({"cty": "JWT"}),
        json!({"alg": "Ed25519"}),
        json!({"alg": "ES256"}),
        json!({"alg": ""}),
    ] {
        let token = by_stranger(members.clone());
        let answer = parley.get("/user/me").token(&token).await;
        assert_eq!(answer.status(), 401, "{members}: {answer}");
        refused(&answer);
    }
    user.get("/user/me").await.is(200);
}

/// RFC 6750 knows of three places, two of which end up in logs and in other sites' forms.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_counts_in_its_header_alone() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let token = &user.token;
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let as_json = json!({"payload": claims, "protected": header, "signature": signature});
    let me = || parley.get("/user/me");
    for request in [
        parley.get(&format!("/user/me?access_token={token}")),
        me().header("cookie", format!("access_token={token}; token={token}; session={token}")),
        me().header("x-access-token", token),
        me().header("proxy-authorization", format!("Bearer {token}")),
        me().header("x-amzn-remapped-authorization", format!("Bearer {token}")),
        me().header("authorization", format!("Basic {token}")),
        me().header("authorization", format!("Token {token}")),
        me().header("authorization", format!("Bearer Bearer {token}")),
        me().header("authorization", format!("Bearer {token},{token}")),
        me().header("authorization", format!("Bearer {token} {token}")),
        me().header("authorization", format!("Bearer \"{token}\"")),
        me().header("authorization", format!("Bearer {as_json}")),
        me().header("authorization", format!("Bearer {signed}.")),
        me().header("authorization", format!("Bearer {}", "x".repeat(7_000))),
    ] {
        refused(&request.await);
    }
    let form = format!("access_token={token}&name=x");
    let form = parley.post("/chatroom").body("application/x-www-form-urlencoded", form).await;
    refused(&form);
    assert_eq!(user.rooms().await, [""; 0]);
}

/// All that can be asked for with a token.
async fn ask_for_everything(user: &User, room: &str, message: &str) -> Vec<tests::Response> {
    let body = json!({
        "content": "Hello?", "name": "Mine", "full_name": "Ada", "new_password": "a new password",
    });
    let mut answers = Vec::new();
    for (method, path) in [
        ("PATCH", "/user/me".to_owned()),
        ("POST", "/auth/change-password".to_owned()),
        ("POST", "/chatroom".to_owned()),
        ("PATCH", format!("/chatroom/{room}")),
        ("POST", format!("/chatroom/{room}/message")),
        ("POST", "/subscribe/pro".to_owned()),
        ("POST", "/subscribe/portal".to_owned()),
        ("DELETE", format!("/chatroom/{room}")),
        ("DELETE", "/user/me".to_owned()),
        ("GET", "/user/me".to_owned()),
        ("GET", "/user/me/usage".to_owned()),
        ("GET", "/subscribe/status".to_owned()),
        ("GET", "/subscription/status".to_owned()),
        ("GET", "/admin/status".to_owned()),
        ("GET", format!("/chatroom/{room}")),
        ("GET", format!("/chatroom/{room}/messages")),
        ("GET", format!("/chatroom/{room}/messages/{message}")),
    ] {
        answers.push(user.request(method.parse().unwrap(), &path).json(&body).await);
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_a_deleted_account_opens_nothing() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let room = user.create_room("Soon gone").await;
    let message = user.ask(&room, "What remains of me?").await;
    user.wait_for_reply(&room, &message).await;
    user.delete("/user/me").await.is(204);

    for answer in ask_for_everything(&user, &room, &message).await {
        assert!([401, 403, 404].contains(&answer.status()), "{answer}");
        assert!(!answer.text().contains("What remains"), "{answer}");
    }
    // To sign out once more is no harm, and brings nothing back.
    let logout = user.post("/auth/logout").await;
    assert!([204, 401].contains(&logout.status()), "{logout}");
    user.get("/user/me").await.is(401);
    assert_eq!(user.rooms().await, [""; 0]);
    parley.refresh(&user.refresh_token).await.is(401);
    goes_on(&parley).await;
}
