//! `GET /` and `GET /health`.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// What is deployed: all crates of the workspace have one version.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The answer of `GET /`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceInfo {
    /// The name of the API.
    #[schema(example = "parley")]
    name: &'static str,
    /// The version that is deployed.
    #[schema(example = "0.1.0")]
    version: &'static str,
    links: Links,
}

/// Where to go from `GET /`, as paths on the same host.
#[derive(Debug, Serialize, ToSchema)]
pub struct Links {
    /// Whether the API answers.
    #[schema(example = "/health")]
    health: &'static str,
    /// The OpenAPI document.
    #[schema(example = "/openapi.json")]
    openapi: &'static str,
    /// The interactive reference, for people.
    #[schema(example = "/docs")]
    docs: &'static str,
    /// The public keys that access tokens are signed with.
    #[schema(example = "/.well-known/jwks.json")]
    jwks: &'static str,
}

/// The answer of `GET /health`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// Always `ok`: an API that is not well doesn't answer 200.
    #[schema(example = "ok")]
    status: &'static str,
    /// The version that is deployed.
    #[schema(example = "0.1.0")]
    version: &'static str,
}

/// The API's name, version and entry points
#[utoipa::path(
    get,
    path = "/",
    tag = "service",
    security(()),
    responses((status = 200, description = "The API's name, version and entry points", body = ServiceInfo))
)]
pub(crate) async fn about() -> Json<ServiceInfo> {
    let links = Links {
        health: "/health",
        openapi: "/openapi.json",
        docs: "/docs",
        jwks: "/.well-known/jwks.json",
    };
    Json(ServiceInfo { name: "parley", version: VERSION, links })
}

/// Whether the API answers
///
/// Asks no database and no other service: an outage of theirs must not take out what still works.
#[utoipa::path(
    get,
    path = "/health",
    tag = "service",
    security(()),
    responses((status = 200, description = "The API answers", body = Health))
)]
pub(crate) async fn health() -> Json<Health> {
    Json(Health { status: "ok", version: VERSION })
}
