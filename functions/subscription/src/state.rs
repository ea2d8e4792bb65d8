//! What the handlers stand on, and where it is configured.

use std::{ops::Deref, sync::Arc};

use axum::extract::FromRef;
use billing::{Ledger, Stripe};
use jiff::Timestamp;
use shared::{
    aws::Aws,
    config::{ConfigError, Env},
    domain::{Caller, Clock, Ids, Limits},
    http::{Problem, Result},
    store::{Account, Store},
    token::Verifier,
};

/// What the handlers stand on.
#[derive(Clone)]
pub struct State(Arc<Parts>);

/// The parts of a [`State`].
pub struct Parts {
    pub(crate) verifier: Verifier,
    pub(crate) ledger: Ledger,
    pub(crate) limits: Limits,
    pub(crate) ids: Ids,
    pub(crate) clock: Arc<dyn Clock>,
    /// Stripe's id of the price of Pro.
    pub(crate) price: String,
    /// Where people's browsers are sent back to: an origin, without a slash at the end.
    pub(crate) frontend: String,
}

impl State {
    /// From `JWT_PUBLIC_KEYS`, `USERS_TABLE`, `BASIC_DAILY_MESSAGES`, `STRIPE_PRICE_ID`,
    /// `STRIPE_BASE_URL`, `SUBSCRIPTION_GRACE_SECONDS`, `FRONTEND_URL` and what [`Aws::from_env`]
    /// reads. `STRIPE_SECRET_KEY` is a secret: see [`Aws::secrets`]. Connects to DynamoDB meanwhile.
    pub async fn from_env(
        env: &Env,
        clock: Arc<dyn Clock>,
    ) -> std::result::Result<Self, ConfigError> {
        let aws = Aws::from_env(env)?;
        let price = env.require("STRIPE_PRICE_ID")?.to_owned();
        let frontend = env.require("FRONTEND_URL")?.trim_end_matches('/').to_owned();
        let store = Store::from_env(env, &aws)?;
        let (secrets, ()) = tokio::join!(aws.secrets(env, ["STRIPE_SECRET_KEY"]), store.warm_up());
        let [key] = secrets?;
        let stripe = Stripe::from_env(env, &key)?;
        Ok(Self(Arc::new(Parts {
            verifier: Verifier::from_env(env, Arc::clone(&clock))?,
            ledger: Ledger::from_env(env, store, stripe, Arc::clone(&clock))?,
            limits: env.limits()?,
            ids: Ids::default(),
            clock,
            price,
            frontend,
        })))
    }
}

impl Parts {
    pub(crate) fn store(&self) -> &Store {
        self.ledger.store()
    }

    pub(crate) fn stripe(&self) -> &Stripe {
        self.ledger.stripe()
    }

    /// The caller's account; 401 if it is gone, or the caller's session has ended. One round trip.
    pub(crate) async fn account(&self, caller: &Caller, now: Timestamp) -> Result<Account> {
        let account = self.store().account(caller.user_id, now).await?;
        account.filter(|account| account.serves(caller)).ok_or_else(Problem::session_ended)
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
