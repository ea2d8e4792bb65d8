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
    store::{Store, StoreError},
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
    /// From the environment. Connects to what most requests need.
    ///
    /// # Errors
    /// A variable is missing or unusable.
    pub async fn from_env(
        env: &Env,
        clock: Arc<dyn Clock>,
    ) -> std::result::Result<Self, ConfigError> {
        let aws = Aws::from_env(env)?;
        let state = Self {
            store: Store::from_env(env, &aws)?,
            queue: Queue::from_env(env, &aws)?,
            cache: Cache::from_env(env, Arc::clone(&clock))?,
            limits: env.limits()?,
            ids: Arc::default(),
            verifier: Verifier::from_env(env, Arc::clone(&clock))?,
            clock,
        };
        // A message is accepted beside a read of the account: that takes two connections. Boxed: so many
        // clients' calls side by side are a large future.
        Box::pin(async {
            tokio::join!(
                state.store.warm_up(),
                state.store.warm_up(),
                state.queue.warm_up(),
                state.cache.warm_up()
            )
        })
        .await;
        Ok(state)
    }

    /// Makes `write` to the caller's rooms, whose own condition does not look at the session: 401 if
    /// that has ended. It is looked at while the cache is told of the write. Two round trips besides
    /// its own.
    pub(crate) async fn write_rooms<T>(
        &self,
        caller: &Caller,
        write: impl Future<Output = std::result::Result<T, StoreError>>,
    ) -> Result<T> {
        let hold = self.cache.hold_lists(caller.user_id);
        let (hold, is_signed_in) = tokio::join!(hold, self.store.is_signed_in(caller));
        // Without its answer the write may still take effect: then the hold is left to end by itself.
        let written = match is_signed_in {
            Ok(true) => Ok(write.await?),
            Ok(false) => Err(Problem::session_ended()),
            Err(error) => Err(error.into()),
        };
        self.cache.release_lists(hold).await;
        written
    }
}

impl FromRef<State> for Verifier {
    fn from_ref(state: &State) -> Self {
        state.verifier.clone()
    }
}
