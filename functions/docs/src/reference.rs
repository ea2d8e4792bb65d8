//! The OpenAPI document and the page that shows it.

use axum::{http::HeaderMap, response::Response};

use crate::asset::Asset;

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";

/// Written by `local` from the code of all functions, and committed.
static OPENAPI: Asset =
    Asset::own("/openapi.json", "application/json", include_bytes!("../openapi.json"));

static PAGE: Asset =
    Asset::own("/docs", "text/html; charset=utf-8", include_bytes!("../page/index.html"));

/// What the page loads.
pub(crate) static FILES: [Asset; 5] = [
    Asset::own("/docs/icon.svg", "image/svg+xml", include_bytes!("../page/icon.svg")),
    Asset::own("/docs/reference.css", CSS, include_bytes!("../page/reference.css")),
    Asset::own("/docs/reference.js", JAVASCRIPT, include_bytes!("../page/reference.js")),
    Asset::vendored(
        "/docs/swagger-ui-5.35.0/swagger-ui.css",
        CSS,
        include_bytes!("../assets/swagger-ui/swagger-ui.css"),
        include_bytes!("../assets/swagger-ui/swagger-ui.css.br"),
    ),
    Asset::vendored(
        "/docs/swagger-ui-5.35.0/swagger-ui-bundle.js",
        JAVASCRIPT,
        include_bytes!("../assets/swagger-ui/swagger-ui-bundle.js"),
        include_bytes!("../assets/swagger-ui/swagger-ui-bundle.js.br"),
    ),
];

/// The OpenAPI document
///
/// OpenAPI 3.1, of every function. Answers 304 to an `If-None-Match` that names its `ETag`.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "service",
    security(()),
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of the copy at hand")),
    responses(
        (status = 200, description = "The document", body = Object, content_type = "application/json",
            headers(("ETag" = String, description = "Changes with the document"))),
        (status = 304, description = "The copy at hand is still right"),
    )
)]
pub(crate) async fn openapi(headers: HeaderMap) -> Response {
    OPENAPI.respond(&headers)
}

/// The interactive reference
///
/// A page that shows the OpenAPI document and sends requests. It loads from this API only.
#[utoipa::path(
    get,
    path = "/docs",
    tag = "service",
    security(()),
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of the copy at hand")),
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html",
            headers(("ETag" = String, description = "Changes with the page"))),
        (status = 304, description = "The copy at hand is still right"),
    )
)]
pub(crate) async fn page(headers: HeaderMap) -> Response {
    PAGE.respond(&headers)
}
