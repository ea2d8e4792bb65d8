//! The operators' view: how each part of this deployment is, at this moment.
//!
//! `GET /admin/status` is for operators, whose access token has the claim `role` and whose profile
//! has the role still: a token outlives a role by up to an hour, so the profile is read, strongly
//! consistent, before anything is told. The [`Inspector`] is what it shows; the operator's command
//! line asks it directly.
//!
//! **Why it answers 200 when something is down.** The answer is about the others, and it was given.
//! A 503 would say that the view itself has failed: clients would ask again, gateways would throw the
//! body away, and the alarm on errors of this API would go off about what has an alarm of its own. So
//! the verdict is in the body: `"status": "ok"` or `"degraded"`, and `needs_attention` names why.

mod cache_service;
mod inspector;
mod model;
mod show;
mod status;
mod verdict;

use std::sync::Arc;

use axum::{Router, extract::FromRef, routing::get};
use shared::{
    config::{ConfigError, Env},
    domain::Clock,
    token::Verifier,
};
use utoipa::OpenApi;

pub use inspector::Inspector;
pub use status::{
    Cache, CacheService, Model, ModelState, OldestPending, Overall, Queue, Status, Table, Tables,
    Versions,
};

/// What the handler stands on.
#[derive(Clone)]
pub struct State {
    verifier: Verifier,
    inspector: Arc<Inspector>,
}

impl State {
    /// From `JWT_PUBLIC_KEYS` and what [`Inspector::from_env`] reads.
    pub fn from_env(env: &Env, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        Ok(Self {
            verifier: Verifier::from_env(env, Arc::clone(&clock))?,
            inspector: Arc::new(Inspector::from_env(env, clock)?),
        })
    }
}

impl FromRef<State> for Verifier {
    fn from_ref(state: &State) -> Self {
        state.verifier.clone()
    }
}

/// The route of this function.
pub fn router(state: State) -> Router {
    Router::new().route("/admin/status", get(show::show)).with_state(state)
}

/// What this function adds to the API's OpenAPI document.
#[derive(OpenApi)]
#[openapi(
    paths(show::show),
    tags((name = "admin", description = "For those who run this deployment."))
)]
pub struct ApiDoc;
