//! What Stripe tells of subscriptions.
//!
//! A delivery is checked (its signature, over the bytes as they came), understood as far as its type
//! and its ids, and then only the occasion to ask Stripe how things stand: see [`billing::Ledger`].
//! Whatever can't be finished is answered with a 5xx, and Stripe delivers it again, for three days
//! (<https://docs.stripe.com/webhooks#automatic-retries>).

pub mod event;
mod receive;
pub mod signature;
mod state;

use axum::{Router, routing::post};
use utoipa::OpenApi;

pub use receive::{DELIVERY, Received};
pub use state::State;

/// The routes of this function.
pub fn router(state: State) -> Router {
    Router::new()
        .route("/webhook/stripe", post(receive::receive))
        .route("/subscribe/webhook", post(receive::receive_too))
        .with_state(state)
}

/// What this function adds to the API's OpenAPI document.
#[derive(OpenApi)]
#[openapi(
    paths(receive::receive, receive::receive_too),
    components(schemas(Received)),
    tags((name = "webhooks", description = "For Stripe."))
)]
pub struct ApiDoc;
