//! The signed-in user's own account: show it, change it, delete it, and tell what it has used.

mod me;
mod usage;

use std::sync::Arc;

use axum::{Router, extract::FromRef, routing::get};
use jiff::Timestamp;
use shared::{
    aws::Aws,
    cache::Cache,
    config::{ConfigError, Env},
    domain::{Caller, Clock, Limits},
    http::{Problem, Result, SubscriptionTier},
    store::{Account, Store, StoreError},
    token::Verifier,
};
use utoipa::OpenApi;

pub use me::{DELETION, Me, ProfilePatch};
pub use usage::DailyUsage;

/// What the handlers stand on.
#[derive(Debug, Clone)]
pub struct State {
    verifier: Verifier,
    store: Store,
    cache: Cache,
    limits: Limits,
    clock: Arc<dyn Clock>,
}

impl State {
    /// From `JWT_PUBLIC_KEYS`, `USERS_TABLE`, `CHATROOMS_TABLE`, `VALKEY_URL`,
    /// `BASIC_DAILY_MESSAGES` and what [`Aws::from_env`] reads. Connects to DynamoDB.
    pub async fn from_env(
        env: &Env,
        clock: Arc<dyn Clock>,
    ) -> std::result::Result<Self, ConfigError> {
        let aws = Aws::from_env(env)?;
        let state = Self {
            verifier: Verifier::from_env(env, Arc::clone(&clock))?,
            store: Store::from_env(env, &aws)?,
            cache: Cache::from_env(env, Arc::clone(&clock))?,
            limits: env.limits()?,
            clock,
        };
        state.store.warm_up().await;
        Ok(state)
    }

    /// The caller's account; 401 if it is gone, or the caller's session has ended. One round trip.
    async fn account(&self, caller: &Caller, now: Timestamp) -> Result<Account> {
        self.live_account(caller, now).await?.ok_or_else(Problem::session_ended)
    }

    /// The caller's account; none if it is gone, or the caller's session has ended. One round trip.
    async fn live_account(
        &self,
        caller: &Caller,
        now: Timestamp,
    ) -> std::result::Result<Option<Account>, StoreError> {
        let account = self.store.account(caller.user_id, now).await?;
        Ok(account.filter(|account| account.serves(caller)))
    }
}

impl FromRef<State> for Verifier {
    fn from_ref(state: &State) -> Self {
        state.verifier.clone()
    }
}

/// The routes of this function.
pub fn router(state: State) -> Router {
    Router::new()
        .route("/user/me", get(me::show).patch(me::change).delete(me::delete))
        .route("/user/me/usage", get(usage::show))
        .with_state(state)
}

/// What this function adds to the API's OpenAPI document.
#[derive(OpenApi)]
#[openapi(
    paths(me::show, me::change, me::delete, usage::show),
    components(schemas(Me, ProfilePatch, SubscriptionTier, DailyUsage)),
    tags((name = "user", description = "The signed-in user's own account."))
)]
pub struct ApiDoc;
