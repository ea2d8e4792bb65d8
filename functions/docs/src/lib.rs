//! What the API says about itself: `GET /`, `GET /health`, the OpenAPI document at
//! `GET /openapi.json` and the interactive reference at `GET /docs`.
//!
//! Everything served here is part of the binary. The function holds no client and no state, so
//! that it answers while everything else is down.

mod asset;
mod reference;
mod service;

use axum::{
    Router,
    response::Redirect,
    routing::{MethodRouter, get},
};
use utoipa::OpenApi;

use crate::asset::Asset;

pub use crate::service::{Health, Links, ServiceInfo};

/// The routes of this function, with the files of the reference below `/docs/`.
pub fn router() -> Router {
    let service = Router::new()
        .route("/", get(service::about))
        .route("/health", get(service::health))
        .route("/openapi.json", get(reference::openapi))
        .route("/docs", get(reference::page))
        .route("/docs/", get(|| async { Redirect::permanent("../docs") }));
    reference::FILES.iter().fold(service, |router, file| router.route(file.path, serve(file)))
}

fn serve(file: &'static Asset) -> MethodRouter {
    get(move |headers: axum::http::HeaderMap| async move { file.respond(&headers) })
}

/// What this function adds to the API's OpenAPI document.
#[derive(OpenApi)]
#[openapi(
    paths(service::about, service::health, reference::openapi, reference::page),
    components(schemas(ServiceInfo, Links, Health)),
    tags((name = "service", description = "What the API says about itself."))
)]
pub struct ApiDoc;
