//! People with accounts, and access tokens as `auth` signs them.

use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{SigningKey, pkcs8::EncodePrivateKey as _};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;
use shared::{
    domain::{Caller, Ids, MobileNumber, Tier, UserId},
    store::{Signup, Store},
    token::{AUDIENCE, Claims, ISSUER, TYPE, use_ed25519},
};

const KEY_ID: &str = "test";

/// Issues access tokens.
pub struct Issuer {
    key: EncodingKey,
    public_keys: String,
}

impl Default for Issuer {
    fn default() -> Self {
        let key = SigningKey::from_bytes(&[7; 32]);
        let public = URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes());
        let public_keys = json!({ "keys": [{
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": KEY_ID, "x": public
        }]});
        use_ed25519();
        Self {
            key: EncodingKey::from_ed_der(key.to_pkcs8_der().unwrap().as_bytes()),
            public_keys: public_keys.to_string(),
        }
    }
}

impl Issuer {
    /// What `JWT_PUBLIC_KEYS` has to be for its tokens to be good.
    #[must_use]
    pub fn public_keys(&self) -> &str {
        &self.public_keys
    }

    /// A token for `caller` that is good for an hour from `now`.
    #[must_use]
    pub fn token(&self, caller: &Caller, now: Timestamp) -> String {
        let issued = now.as_second();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: caller.user_id,
            sid: caller.session_id,
            generation: caller.generation,
            tier: caller.tier_hint,
            role: caller.role_hint,
            iat: issued,
            exp: issued + 3_600,
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(KEY_ID.to_owned());
        jsonwebtoken::encode(&header, &claims, &self.key).unwrap()
    }
}

/// A number that nobody has.
#[must_use]
pub fn any_number() -> MobileNumber {
    let digits = rand::random_range(0..10_000_000_000_u64);
    MobileNumber::parse(&format!("+1{digits:010}")).unwrap()
}

/// A signup with nothing but a number, which is kept for a year.
#[must_use]
pub fn signup(number: &MobileNumber, now: Timestamp) -> Signup<'_> {
    Signup {
        mobile_number: number,
        full_name: None,
        email: None,
        password: None,
        contested: false,
        now,
        expires_at: now.saturating_add(SignedDuration::from_hours(365 * 24)).unwrap(),
    }
}

/// Opens a Basic account; its owner, signed in.
pub async fn open_account(store: &Store, ids: &Ids, signup: &Signup<'_>) -> Caller {
    let user_id = ids.next(signup.now);
    store.open_account(user_id, signup).await.unwrap();
    let session_id = ids.next(signup.now);
    Caller { user_id, session_id, generation: 0, tier_hint: Tier::Basic, role_hint: None }
}

/// Has the number of this account verified, as its first sign-in does.
pub async fn verify(dynamodb: &aws_sdk_dynamodb::Client, user_id: UserId) {
    let profile = dynamodb.update_item().table_name("users");
    profile
        .key("pk", AttributeValue::S(format!("user#{user_id}")))
        .key("sk", AttributeValue::S("profile".to_owned()))
        .update_expression("SET verified_at = :now")
        .expression_attribute_values(":now", AttributeValue::N("1".to_owned()))
        .send()
        .await
        .unwrap();
}
