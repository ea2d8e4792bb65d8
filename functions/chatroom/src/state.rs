//! What the handlers work with, made once per process.

use std::sync::Arc;

use axum::extract::FromRef;
use shared::{
    aws::Aws,
    cache::Cache,
    config::{ConfigError, Env},
    domain::{Caller, Clock, Ids, Limits},
    http::{Problem, Result},
    queue::Queue,
    store::Store,
    token::Verifier,
};

/// The clients, limits and clock of this function.
#[derive(Debug, Clone)]
pub struct State {
    pub(crate) store: Store,
    pub(crate) queue: Queue,
    pub(crate) cache: Cache,
    pub(crate) limits: Limits,
    pub(crate) ids: Arc<Ids>,
    pub(crate) clock: Arc<dyn Clock>,
    verifier: Verifier,
}

impl State {
    /// From the environment. Makes no call.
    ///
    /// # Errors
    /// A variable is missing or unusable.
    pub fn from_env(env: &Env, clock: Arc<dyn Clock>) -> std::result::Result<Self, ConfigError> {
        let aws = Aws::from_env(env)?;
        Ok(Self {
            store: Store::from_env(env, &aws)?,
            queue: Queue::from_env(env, &aws)?,
            cache: Cache::from_env(env, Arc::clone(&clock))?,
            limits: env.limits()?,
            ids: Arc::default(),
            verifier: Verifier::from_env(env, Arc::clone(&clock))?,
            clock,
        })
    }

    /// 401 if the caller's session has ended: before a write whose own transaction does not check
    /// that. One round trip.
    pub(crate) async fn check_session(&self, caller: &Caller) -> Result<()> {
        let account = self.store.account(caller.user_id, self.clock.now()).await?;
        let is_live = account.is_some_and(|account| account.serves(caller));
        if is_live { Ok(()) } else { Err(Problem::session_ended()) }
    }
}

impl FromRef<State> for Verifier {
    fn from_ref(state: &State) -> Self {
        state.verifier.clone()
    }
}
