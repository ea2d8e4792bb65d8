//! What the handlers stand on, and where it is configured.

use std::{ops::Deref, sync::Arc};

use axum::extract::FromRef;
use shared::{
    aws::Aws,
    config::{ConfigError, Env},
    domain::{Clock, Ids},
    store::Store,
    token::Verifier,
};

use crate::{
    delivery::Delivery, keys::PublicKeys, otp::Pepper, password::Passwords, tokens::Signer,
};

/// How long an access token lives unless `ACCESS_TOKEN_SECONDS` says otherwise.
const ACCESS_TOKEN_SECONDS: u64 = 3_600;

/// What the handlers stand on.
#[derive(Clone)]
pub struct State(Arc<Parts>);

/// The parts of a [`State`].
pub struct Parts {
    pub(crate) store: Store,
    pub(crate) verifier: Verifier,
    pub(crate) signer: Signer,
    pub(crate) public_keys: PublicKeys,
    pub(crate) pepper: Pepper,
    pub(crate) passwords: Passwords,
    pub(crate) delivery: Delivery,
    pub(crate) ids: Ids,
    pub(crate) clock: Arc<dyn Clock>,
}

impl State {
    /// From `USERS_TABLE`, `JWT_PUBLIC_KEYS`, `ACCESS_TOKEN_SECONDS`, `OTP_DELIVERY`, `STAGE`, for
    /// SMS `SMS_ORIGINATION_IDENTITY` and `SMS_PROTECT_CONFIGURATION_ID`, and what
    /// [`Aws::from_env`] reads. `JWT_PRIVATE_KEY` and `OTP_PEPPER` are secrets: see
    /// [`Aws::secrets`]. Connects to DynamoDB meanwhile.
    pub async fn from_env(env: &Env, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        let aws = Aws::from_env(env)?;
        let public_keys = PublicKeys::from_env(env)?;
        let life = env.seconds("ACCESS_TOKEN_SECONDS", ACCESS_TOKEN_SECONDS)?;
        let delivery = Delivery::from_env(env, &aws)?;
        let store = Store::from_env(env, &aws)?;
        // Who signs in is looked up beside a write: that takes two connections.
        let (secrets, (), ()) = tokio::join!(
            aws.secrets(env, ["JWT_PRIVATE_KEY", "OTP_PEPPER"]),
            store.warm_up(),
            store.warm_up(),
        );
        let [private_key, pepper] = secrets?;
        Ok(Self(Arc::new(Parts {
            store,
            verifier: Verifier::from_env(env, Arc::clone(&clock))?,
            signer: Signer::new(&private_key, &public_keys, life)?,
            public_keys,
            pepper: Pepper::new(&pepper)?,
            passwords: Passwords::new(),
            delivery,
            ids: Ids::default(),
            clock,
        })))
    }
}

impl Deref for State {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl FromRef<State> for Verifier {
    fn from_ref(state: &State) -> Self {
        state.verifier.clone()
    }
}
