//! Pro: the checkout, the billing portal, and where a subscription stands.
//!
//! Nothing here grants Pro. Stripe says who has paid, and the ledger writes it down.

mod checkout;
mod pages;
mod portal;
mod session;
mod state;
mod status;

use axum::{
    Router,
    routing::{get, post},
};
use shared::http::SubscriptionTier;
use utoipa::OpenApi;

pub use checkout::{CheckoutSession, REMEMBERING, REQUEST};
pub use pages::STYLE;
pub use portal::PortalSession;
pub use state::State;
pub use status::Standing;

/// The routes of this function.
pub fn router(state: State) -> Router {
    Router::new()
        .route("/subscribe/pro", post(checkout::open))
        .route("/subscribe/portal", post(portal::open))
        .route("/subscribe/status", get(status::show))
        .route("/subscription/status", get(status::show_too))
        .route("/subscribe/success", get(pages::success))
        .route("/subscribe/cancel", get(pages::cancel))
        .with_state(state)
}

/// What this function adds to the API's OpenAPI document.
#[derive(OpenApi)]
#[openapi(
    paths(
        checkout::open,
        portal::open,
        status::show,
        status::show_too,
        pages::success,
        pages::cancel,
    ),
    components(schemas(CheckoutSession, PortalSession, Standing, SubscriptionTier)),
    tags((name = "subscription", description = "Pro, sold by Stripe."))
)]
pub struct ApiDoc;
