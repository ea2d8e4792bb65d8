//! Access tokens, signed, and the pair of tokens that every way of signing in answers with.

use std::time::Duration;

use ed25519_dalek::pkcs8::EncodePrivateKey as _;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use shared::{
    config::ConfigError,
    domain::SessionId,
    http::{Problem, Result},
    store::Account,
    token::{AUDIENCE, Claims, ISSUER, TYPE, use_ed25519},
};
use utoipa::ToSchema;

use crate::{
    keys::{PublicKey, PublicKeys, key_pair},
    refresh_token::RefreshToken,
};

/// What signing in gives.
#[derive(Serialize, ToSchema)]
pub struct TokenPair {
    /// A JWT, to be sent as `Authorization: Bearer <access_token>`.
    #[schema(example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSIsImtpZCI6…")]
    access_token: String,
    /// Always `bearer` (RFC 6750).
    #[schema(pattern = "^bearer$", example = "bearer")]
    token_type: &'static str,
    /// How long the access token is good for, seconds.
    #[schema(minimum = 1, example = 3600)]
    expires_in: u64,
    /// Gives a new pair, once, within 30 days: see `POST /auth/refresh`.
    #[schema(example = "AZqWuxJQ4xnLqMcQk0XlPgGalrsSUOMZy6jHEJNF5T4…")]
    refresh_token: String,
}

/// Signs access tokens.
pub(crate) struct Signer {
    key: EncodingKey,
    header: Header,
    life: Duration,
}

impl Signer {
    /// Signs with the key in `pem` (PKCS#8), whose public half has to be `published`: no function
    /// would take the tokens otherwise.
    pub(crate) fn new(
        pem: &SecretString,
        published: &PublicKeys,
        life: Duration,
    ) -> std::result::Result<Self, ConfigError> {
        let invalid = |reason| ConfigError::invalid("JWT_PRIVATE_KEY", reason);
        use_ed25519();
        let pair = key_pair(pem.expose_secret())?;
        let public = PublicKey::of(&pair.verifying_key());
        if !published.contains(&public) {
            return Err(invalid(
                "JWT_PUBLIC_KEYS does not hold its public half under its thumbprint (RFC 7638)",
            ));
        }
        let der = pair.to_pkcs8_der().map_err(|_| invalid("unreadable"))?;
        let key = EncodingKey::from_ed_der(der.as_bytes());
        let header = Header {
            typ: Some(TYPE.to_owned()),
            kid: Some(public.kid().to_owned()),
            ..Header::new(Algorithm::EdDSA)
        };
        Ok(Self { key, header, life })
    }

    /// The answer that lets `account` in: a fresh access token beside `refresh_token`.
    pub(crate) fn pair(
        &self,
        account: &Account,
        refresh_token: &RefreshToken,
        now: Timestamp,
    ) -> Result<TokenPair> {
        Ok(TokenPair {
            access_token: self.access_token(account, refresh_token.session_id(), now)?,
            token_type: "bearer",
            expires_in: self.life.as_secs(),
            refresh_token: refresh_token.to_text(),
        })
    }

    fn access_token(
        &self,
        account: &Account,
        session: SessionId,
        now: Timestamp,
    ) -> Result<String> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: account.user.id,
            sid: session,
            generation: account.generation,
            tier: account.user.tier,
            role: account.user.role,
            iat: now.as_second(),
            exp: now.as_second().saturating_add_unsigned(self.life.as_secs()),
        };
        jsonwebtoken::encode(&self.header, &claims, &self.key).map_err(Problem::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::public_keys_of;
    use rand::{SeedableRng, rngs::StdRng};
    use shared::{
        config::Env,
        domain::{Clock, Ids, MobileNumber, Role, Tier, User},
        store::Billing,
        token::Verifier,
    };

    /// RFC 8410, section 10.3; and another one.
    const PEM: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
        -----END PRIVATE KEY-----\n";
    const OTHER: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
        -----END PRIVATE KEY-----\n";

    fn signer(pem: &str, published: &str) -> std::result::Result<Signer, ConfigError> {
        let keys = PublicKeys::from_env(&Env::default().with("JWT_PUBLIC_KEYS", published))?;
        Signer::new(&pem.to_owned().into(), &keys, Duration::from_mins(1))
    }

    #[derive(Debug)]
    struct StoppedAt(Timestamp);

    impl Clock for StoppedAt {
        fn now(&self) -> Timestamp {
            self.0
        }
    }

    fn operator(ids: &Ids, now: Timestamp) -> Account {
        Account {
            user: User {
                id: ids.next(now),
                mobile_number: MobileNumber::parse("+14155550123").unwrap(),
                full_name: None,
                email: None,
                tier: Tier::Pro,
                role: Some(Role::Operator),
                tally: None,
                last_counted: None,
                verified: true,
            },
            password_hash: None,
            signup_password_at: None,
            contested: false,
            signups: 0,
            generation: 7,
            kept_session: None,
            ended_sessions: [].into(),
            billing: Billing::default(),
        }
    }

    #[test]
    fn a_pair_lets_its_account_in_and_says_no_more_than_it_has_to() {
        let (ids, now) = (Ids::default(), Timestamp::from_second(1_795_255_200).unwrap());
        let account = operator(&ids, now);
        let mut rng = StdRng::seed_from_u64(7);
        let refresh_token = RefreshToken::first(account.user.id, ids.next(now), &mut rng);
        let published = public_keys_of(PEM).unwrap();
        let pair = signer(PEM, &published).unwrap().pair(&account, &refresh_token, now).unwrap();

        assert_eq!((pair.token_type, pair.expires_in), ("bearer", 60));
        assert_eq!(pair.refresh_token, refresh_token.to_text());
        let env = Env::default().with("JWT_PUBLIC_KEYS", &published);
        let verifier = Verifier::from_env(&env, std::sync::Arc::new(StoppedAt(now))).unwrap();
        let said = verifier.verify(&pair.access_token).unwrap();
        assert_eq!((said.sub, said.sid), (account.user.id, refresh_token.session_id()));
        assert_eq!((said.generation, said.tier, said.role), (7, Tier::Pro, Some(Role::Operator)));
        assert_eq!((said.iat, said.exp), (now.as_second(), now.as_second() + 60));
    }

    #[test]
    fn a_key_whose_public_half_is_not_published_is_refused_and_not_shown() {
        assert!(signer(PEM, &public_keys_of(PEM).unwrap()).is_ok());
        let refused = signer(PEM, &public_keys_of(OTHER).unwrap()).err().unwrap().to_string();
        assert!(refused.contains("JWT_PUBLIC_KEYS") && !refused.contains("MC4C"), "{refused}");
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_shown() {
        let published = public_keys_of(PEM).unwrap();
        for pem in
            ["", "secret", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----"]
        {
            let refused = signer(pem, &published).err().unwrap().to_string();
            assert!(
                refused.contains("JWT_PRIVATE_KEY") && !refused.contains("c2VjcmV0"),
                "{refused}"
            );
        }
    }
}
