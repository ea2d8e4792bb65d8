//! The layers around every router: a request id, one line in the log, errors in one shape, and no
//! panic that takes the process down.

use std::{any::Any, time::Instant};

use axum::{
    Router,
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use lambda_http::request::RequestContext;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::{Instrument, Span, field::Empty};

use super::problem::Problem;
use crate::trace::{Origin, TraceHeader};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Lambda's runtime writes the trace of the invocation here. Its root may be one that the client chose,
/// and outside of Lambda all of it is the client's: it is checked, and nothing rests on it.
const TRACE: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// `router` as it is served: with the layers, and with an answer for every unknown path.
pub fn service(router: Router) -> Router {
    router
        .fallback(async || Problem::not_found("path"))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(frame))
}

/// Every handler finds the request's [`Origin`] among its extensions.
async fn frame(mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = request_id(&request);
    let origin = Origin { request_id: Some(id.clone()), trace: trace(&request) };
    let span = span(&id, &origin, &request);
    request.extensions_mut().insert(origin);
    let answer = async {
        let response = next.run(request).await;
        let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        if let Some(problem) = response.extensions().get::<Problem>() {
            problem.log(duration_ms);
            let mut rendered = problem.render(&id);
            // What the framework added, such as `Allow` beside a 405.
            for (name, value) in response.headers() {
                if name != header::CONTENT_LENGTH && !rendered.headers().contains_key(name) {
                    rendered.headers_mut().insert(name, value.clone());
                }
            }
            return rendered;
        }
        tracing::info!(http.status = response.status().as_u16(), duration_ms, "answered");
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

/// The fields of every line of this request. The handlers fill in whom and what it is about. The
/// path is told by its template: what a client asks for may hold anything.
fn span(id: &str, origin: &Origin, request: &Request) -> Span {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    tracing::info_span!(
        "request",
        request_id = id,
        trace_id = origin.trace.as_ref().map(TraceHeader::trace_id),
        http.method = %request.method(),
        http.route = route.unwrap_or("none"),
        user_id = Empty,
        chatroom_id = Empty,
        message_id = Empty,
    )
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

fn trace(request: &Request) -> Option<TraceHeader> {
    request.headers().get(TRACE)?.to_str().ok()?.parse().ok()
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    // The panic's own message may hold anything: the panic hook has told where it happened.
    let response = Problem::internal("a handler panicked").into_response();
    debug_assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    response
}
