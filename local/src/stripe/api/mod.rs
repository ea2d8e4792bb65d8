//! Stripe's own endpoints, and what happens to a call on its way to them and back.

mod answer;
mod auth;
mod customers;
mod events;
mod expand;
mod list;
mod portal;
mod sessions;
mod subscriptions;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::State as Extract,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::Response,
    routing::any,
};
use serde_json::Value;

use super::{
    account::Cause,
    behaviour::{Behaviour, Respond},
    ids,
    lock::lock,
    protocol::{Answer, Form, StripeError},
    requests::Received,
    state::State,
    store::Store,
};

pub(super) fn router() -> Router<Arc<State>> {
    Router::new().route("/v1/{*path}", any(receive))
}

/// A request to the API.
#[derive(Clone)]
struct Call {
    id: String,
    method: Method,
    path: String,
    form: Form,
    /// Only `POST` has one: the others are idempotent as they are.
    idempotency_key: Option<String>,
}

async fn receive(
    Extract(state): Extract<Arc<State>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let parameters =
        if method == Method::POST { &body[..] } else { uri.query().unwrap_or_default().as_bytes() };
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).map(str::to_owned);
    let call = Call {
        id: ids::new("req_"),
        form: Form::parse(parameters),
        path: uri.path().to_owned(),
        idempotency_key: key.filter(|_| method == Method::POST),
        method,
    };
    lock(&state.requests).record(Received {
        at: state.store.now(),
        method: call.method.to_string(),
        path: call.path.clone(),
        idempotency_key: call.idempotency_key.clone(),
        form: call.form.clone().into_inner(),
    });
    if let Err(error) = auth::check(&headers) {
        return answer::whole(&call.id, refused(&call, &error));
    }
    match begin(&state, &call) {
        Ok(None) => follow(state, call).await,
        Ok(Some(first)) => answer::replayed(&call.id, first),
        Err(error) => answer::whole(&call.id, refused(&call, &error)),
    }
}

/// Takes the call's idempotency key; the first answer, if this is not the first call with it.
fn begin(state: &State, call: &Call) -> Result<Option<Answer>, StripeError> {
    let Some(key) = &call.idempotency_key else { return Ok(None) };
    lock(&state.keys).begin(key, &call.path, &call.form, state.store.now())
}

/// Does what the stand-in was told to do with such a call.
async fn follow(state: Arc<State>, call: Call) -> Response {
    let behaviour = lock(&state.behaviours).take(&call.method, &call.path);
    let (respond, id) = (behaviour.respond.clone(), call.id.clone());
    if respond == Respond::Hang {
        let _release = Release { state: &state, call: &call };
        state.closed().await;
        return answer::lost();
    }
    // What has begun is finished, though the client may have gone away.
    let execution = tokio::spawn(execute(state, call, behaviour));
    match (execution.await, respond) {
        (Ok(answer), Respond::Cut) => answer::cut(&id, answer),
        (Ok(answer), Respond::Answer | Respond::Status(_)) => answer::whole(&id, answer),
        (Ok(_), Respond::Swallow | Respond::Hang) | (Err(_), _) => answer::lost(),
    }
}

/// Frees the idempotency key of a call that did nothing.
struct Release<'a> {
    state: &'a State,
    call: &'a Call,
}

impl Drop for Release<'_> {
    fn drop(&mut self) {
        if let Some(key) = &self.call.idempotency_key {
            lock(&self.state.keys).release(key);
        }
    }
}

async fn execute(state: Arc<State>, call: Call, behaviour: Behaviour) -> Answer {
    if behaviour.delay_ms > 0 {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(behaviour.delay_ms)) => {}
            () = state.closed() => {}
        }
    }
    let outcome = match behaviour.respond {
        Respond::Status(told) => {
            let status = StatusCode::from_u16(told.status);
            let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Err(StripeError::told(status, told.code))
        }
        _ => dispatch(&state.store, &call),
    };
    let answer = match &outcome {
        Ok(object) => answered(&call, StatusCode::OK, object),
        Err(error) => refused(&call, error),
    };
    if let Some(key) = &call.idempotency_key {
        let mut keys = lock(&state.keys);
        match outcome {
            Err(error) if error.is_early => keys.release(key),
            _ => keys.finish(key, answer.clone()),
        }
    }
    answer
}

fn answered(call: &Call, status: StatusCode, body: &Value) -> Answer {
    Answer { status, body: format!("{body:#}").into(), request: call.id.clone() }
}

fn refused(call: &Call, error: &StripeError) -> Answer {
    answered(call, error.status, &error.body())
}

/// The endpoints.
fn dispatch(store: &Store, call: &Call) -> Result<Value, StripeError> {
    let form = &call.form;
    let cause =
        Cause { request: Some(call.id.clone()), idempotency_key: call.idempotency_key.clone() };
    let path: Vec<_> = call.path.split('/').skip(2).collect();
    match (call.method.as_str(), path.as_slice()) {
        ("POST", ["customers"]) => store.change(cause, |all| customers::create(all, form)),
        ("GET", ["customers"]) => store.read(|all| customers::list(all, form)),
        ("GET", ["customers", id]) => store.read(|all| customers::retrieve(all, id, form)),
        ("DELETE", ["customers", id]) => {
            store.change(cause, |all| customers::delete(all, id, form))
        }
        ("POST", ["checkout", "sessions"]) => {
            store.change(cause, |all| sessions::create(all, form, store.now()))
        }
        ("GET", ["checkout", "sessions"]) => store.read(|all| sessions::list(all, form)),
        ("GET", ["checkout", "sessions", id]) => {
            store.read(|all| sessions::retrieve(all, id, form))
        }
        ("POST", ["checkout", "sessions", id, "expire"]) => {
            store.change(cause, |all| sessions::expire(all, id, form))
        }
        ("GET", ["subscriptions"]) => store.read(|all| subscriptions::list(all, form)),
        ("GET", ["subscriptions", id]) => store.read(|all| subscriptions::retrieve(all, id, form)),
        ("POST", ["subscriptions", id]) => {
            store.change(cause, |all| subscriptions::update(all, id, form))
        }
        ("DELETE", ["subscriptions", id]) => {
            store.change(cause, |all| subscriptions::cancel(all, id, form))
        }
        ("POST", ["billing_portal", "sessions"]) => {
            store.change(cause, |all| portal::create(all, form))
        }
        ("GET", ["events"]) => store.read(|all| events::list(all, form)),
        ("GET", ["events", id]) => store.read(|all| events::retrieve(all, id, form)),
        (method, _) => Err(StripeError::unrecognized(method, &call.path)),
    }
}
