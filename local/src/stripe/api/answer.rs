//! Answers on the wire, whole and broken.

use std::io;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};

use super::super::protocol::Answer;

/// The answer to the request `id`.
pub(super) fn whole(id: &str, answer: Answer) -> Response {
    let body = Body::from(answer.body);
    (answer.status, headers(id), body).into_response()
}

/// The first answer, once more.
pub(super) fn replayed(id: &str, first: Answer) -> Response {
    let mut headers = headers(id);
    headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
    if let Ok(original) = HeaderValue::from_str(&first.request) {
        headers.insert("original-request", original);
    }
    (first.status, headers, Body::from(first.body)).into_response()
}

/// Half of the answer, then the connection breaks.
pub(super) fn cut(id: &str, answer: Answer) -> Response {
    let half = answer.body.slice(..answer.body.len() / 2);
    (answer.status, headers(id), broken_after(Some(half))).into_response()
}

/// The connection breaks, and nothing of the answer comes through.
pub(super) fn lost() -> Response {
    broken_after(None).into_response()
}

fn broken_after(sent: Option<Bytes>) -> Body {
    // The error comes a turn of the scheduler later, so that what came before it is on its way.
    let broken = stream::once(async {
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    Body::from_stream(stream::iter(sent.map(Ok)).chain(broken))
}

fn headers(id: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert("request-id", id);
    }
    headers
}
