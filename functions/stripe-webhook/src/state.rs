//! What the handler stands on, and where it is configured.

use std::sync::Arc;

use billing::{Ledger, Stripe};
use secrecy::ExposeSecret;
use shared::{
    aws::Aws,
    config::{ConfigError, Env},
    domain::Clock,
    store::Store,
};

use crate::signature::Secrets;

/// What the handler stands on.
#[derive(Clone)]
pub struct State {
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) ledger: Ledger,
    pub(crate) clock: Arc<dyn Clock>,
}

impl State {
    /// From `USERS_TABLE`, `STRIPE_BASE_URL`, `SUBSCRIPTION_GRACE_SECONDS` and what
    /// [`Aws::from_env`] reads. `STRIPE_SECRET_KEY` and `STRIPE_WEBHOOK_SECRET` (one signing secret,
    /// or two with a comma between them during a rotation) are secrets: see [`Aws::secrets`].
    /// Connects to DynamoDB meanwhile.
    pub async fn from_env(env: &Env, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        const SECRET: &str = "STRIPE_WEBHOOK_SECRET";
        let aws = Aws::from_env(env)?;
        let store = Store::from_env(env, &aws)?;
        let (secrets, ()) =
            tokio::join!(aws.secrets(env, ["STRIPE_SECRET_KEY", SECRET]), store.warm_up());
        let [key, secrets] = secrets?;
        let secrets = Secrets::parse(secrets.expose_secret())
            .map_err(|error| ConfigError::invalid(SECRET, error))?;
        let stripe = Stripe::from_env(env, &key)?;
        Ok(Self {
            secrets: Arc::new(secrets),
            ledger: Ledger::from_env(env, store, stripe, Arc::clone(&clock))?,
            clock,
        })
    }
}
