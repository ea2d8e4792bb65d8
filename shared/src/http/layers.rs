//! The layers around every router: a request id, one line in the log, errors in one shape, and no
//! panic that takes the process down.

use std::any::Any;

use axum::{
    Router,
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use lambda_http::request::RequestContext;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

use super::problem::Problem;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request, on its response and in every line of the log that it causes.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// `router` as it is served: with the layers, and with an answer for every unknown path.
pub fn service(router: Router) -> Router {
    router
        .fallback(async || Problem::not_found("path"))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(frame))
}

async fn frame(mut request: Request, next: Next) -> Response {
    let id = request_id(&request);
    let method = request.method().clone();
    let span = tracing::info_span!(
        "request",
        request_id = id,
        http.method = %method,
        http.path = path(&request),
        user_id = tracing::field::Empty,
    );
    request.extensions_mut().insert(RequestId(id.clone()));
    let answer = async {
        let response = next.run(request).await;
        if let Some(problem) = response.extensions().get::<Problem>() {
            problem.log();
            let mut rendered = problem.render(&id);
            // What the framework added, such as `Allow` beside a 405.
            for (name, value) in response.headers() {
                if name != header::CONTENT_LENGTH && !rendered.headers().contains_key(name) {
                    rendered.headers_mut().insert(name, value.clone());
                }
            }
            return rendered;
        }
        tracing::info!(http.status = response.status().as_u16(), "answered");
        response
    };
    let mut response = answer.instrument(span).await;
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // What is said to one caller is for them alone; a handler may say otherwise.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// API Gateway's id of the request, which its access log shows too; a fresh one without it.
fn request_id(request: &Request) -> String {
    let context = request.extensions().get::<RequestContext>();
    match context {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        _ => None,
    }
    .unwrap_or_else(|| ulid::Ulid::from_bytes(rand::random()).to_string())
}

/// Paths hold ids only, never personal data, but a client may ask for anything: bounded.
fn path(request: &Request) -> String {
    request.uri().path().chars().take(128).collect()
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    // The panic's own message may hold anything: the panic hook has told where it happened.
    let response = Problem::internal("a handler panicked").into_response();
    debug_assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    response
}
