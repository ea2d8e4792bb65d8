//! Pages for a person with a browser, or with curl: no scripts, no assets, nothing but forms.

mod checkout;
mod html;
mod portal;

use std::sync::Arc;

use axum::Router;

use super::state::State;

pub(super) fn router() -> Router<Arc<State>> {
    Router::new().merge(checkout::router()).merge(portal::router())
}
