//! Gemini's own endpoints.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, Query, State as Extract};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use serde::Deserialize;
use serde_json::Value;

use super::behaviour::Respond;
use super::reply::{self, Refusal, Reply};
use super::request::Request;
use super::state::State;

/// Google's bound on a request.
const MAX_REQUEST_BYTES: usize = 20 * 1024 * 1024;

pub(super) fn router() -> Router<Arc<State>> {
    Router::new()
        .route("/v1beta/models/{target}", get(model).post(call))
        .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
}

/// `?alt=sse` asks for server-sent events.
#[derive(Deserialize)]
struct Options {
    alt: Option<String>,
}

/// `target` is `{model}:{method}`.
async fn call(
    Extract(state): Extract<Arc<State>>,
    Path(target): Path<String>,
    Query(options): Query<Options>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (model, method) = target.rsplit_once(':').unwrap_or((&target, ""));
    state.record(model, method, body.clone());
    let form = match (method, options.alt.as_deref()) {
        ("generateContent", _) => Form::Whole,
        ("streamGenerateContent", Some("sse")) => Form::Events,
        ("streamGenerateContent", _) => Form::Array,
        ("countTokens", _) => Form::Count,
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let admitted = check_key(&headers).and_then(|()| check_model(model));
    match admitted {
        Ok(()) => answer(&state, model, form, &body).await.unwrap_or_else(Refusal::into_response),
        Err(refusal) => refusal.into_response(),
    }
}

/// `models.get`: <https://ai.google.dev/api/models#method:-models.get>.
async fn model(Path(model): Path<String>, headers: HeaderMap) -> Response {
    match check_key(&headers).and_then(|()| check_model(&model)) {
        Ok(()) => Json(reply::entry(&model)).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// What is asked for, and in which form.
#[derive(Clone, Copy)]
enum Form {
    Whole,
    Events,
    Array,
    Count,
}

fn check_key(headers: &HeaderMap) -> Result<(), Refusal> {
    match headers.get("x-goog-api-key") {
        None => Err(Refusal::no_api_key()),
        Some(key) if key == "invalid" => Err(Refusal::bad_api_key()),
        Some(_) => Ok(()),
    }
}

fn check_model(model: &str) -> Result<(), Refusal> {
    if model.starts_with("gemini-") && !model.starts_with("gemini-2.") {
        Ok(())
    } else {
        Err(Refusal::no_such_model(model))
    }
}

async fn answer(state: &State, model: &str, form: Form, body: &[u8]) -> Result<Response, Refusal> {
    if matches!(form, Form::Count) {
        return Ok(Json(reply::token_count(&Request::read_to_count(body)?)).into_response());
    }
    let request = Request::read(model, body)?;
    let behaviour = state.behaviour_for(&request.question());
    state.wait(&behaviour).await;
    if matches!(behaviour.respond, Respond::Hang) {
        state.closed().await;
    }
    if let Respond::Status(told) = &behaviour.respond {
        return Ok(reply::told_error(told));
    }
    let reply = Reply::new(model, &request, &behaviour.respond, state.next_reply());
    let (content_type, pieces) = rendered(&reply, form);
    let cut = state.is_closed() || matches!(behaviour.respond, Respond::Cut);
    let body = if cut { cut_short(pieces) } else { sent_in_pieces(pieces) };
    Ok(([(header::CONTENT_TYPE, content_type)], body).into_response())
}

/// The body, in the pieces that are sent one by one.
fn rendered(reply: &Reply, form: Form) -> (&'static str, Vec<String>) {
    match form {
        Form::Events => {
            let chunks = reply.chunks().into_iter();
            ("text/event-stream", chunks.map(|chunk| format!("data: {chunk}\r\n\r\n")).collect())
        }
        Form::Array => {
            let array = Value::from(reply.chunks()).to_string();
            ("application/json; charset=UTF-8", vec![array])
        }
        Form::Whole | Form::Count => {
            ("application/json; charset=UTF-8", vec![reply.whole().to_string()])
        }
    }
}

fn sent_in_pieces(mut pieces: Vec<String>) -> Body {
    match pieces.pop() {
        // A whole body has a length.
        Some(only) if pieces.is_empty() => Body::from(only),
        last => {
            let pieces = pieces.into_iter().chain(last);
            Body::from_stream(stream::iter(pieces.map(Ok::<_, Infallible>)))
        }
    }
}

/// The first half of the pieces, and of the last of these the first half; then the connection breaks.
fn cut_short(mut pieces: Vec<String>) -> Body {
    pieces.truncate(pieces.len().div_ceil(2));
    if let Some(last) = pieces.last_mut() {
        let half = last.floor_char_boundary(last.len() / 2);
        last.truncate(half);
    }
    let sent = stream::iter(pieces.into_iter().map(Ok));
    // The error comes a turn of the scheduler later, so that what came before it is on its way.
    let broken = stream::once(async {
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    Body::from_stream(sent.chain(broken))
}
