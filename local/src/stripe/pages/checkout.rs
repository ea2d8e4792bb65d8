//! The page that a customer pays on.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, RawQuery, State as Extract},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
    routing::{get, post},
};

use super::{
    super::{
        account::{Cause, Refusal, SessionVerb},
        model::{Session, SessionStatus},
        state::State,
        wire::PRICE_FOR_PEOPLE,
    },
    html::Page,
};

pub(super) fn router() -> Router<Arc<State>> {
    Router::new()
        .route("/c/pay/{id}", get(show))
        .route("/c/pay/{id}/pay", post(pay))
        .route("/c/pay/{id}/pay_later", post(pay_later))
        .route("/c/pay/{id}/decline", post(decline))
        .route("/c/pay/{id}/cancel", post(cancel))
}

async fn show(
    Extract(state): Extract<Arc<State>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(session) = find(&state, &id) else { return unknown() };
    let mut page = Page::new("Subscribe to Parley Pro");
    match session.status {
        SessionStatus::Open => offer(&mut page, &session, query.as_deref() == Some("declined")),
        SessionStatus::Complete => page.note("This is paid for. There is nothing more to do here."),
        SessionStatus::Expired => page.note("This page has expired. Start again."),
    }
    page.into_response(StatusCode::OK)
}

fn offer(page: &mut Page, session: &Session, declined: bool) {
    if declined {
        page.note("Your card was declined. Try another one.");
    }
    page.facts(&[
        ("Product", format!("Parley Pro × {}", session.asked.quantity)),
        ("Price", format!("{PRICE_FOR_PEOPLE} a month ({})", session.asked.price)),
    ]);
    let action = |verb: &str| format!("/c/pay/{}/{verb}", session.id);
    page.button(&action("pay"), "Pay", true);
    page.button(&action("pay_later"), "Pay later (settles in the background)", false);
    page.button(&action("decline"), "My card is declined", false);
    page.may_lead_to(&session.asked.success_url);
    if let Some(url) = &session.asked.cancel_url {
        page.button(&action("cancel"), "Cancel", false);
        page.may_lead_to(url);
    }
}

async fn pay(Extract(state): Extract<Arc<State>>, Path(id): Path<String>) -> Response {
    complete(&state, SessionVerb::Pay, &id)
}

async fn pay_later(Extract(state): Extract<Arc<State>>, Path(id): Path<String>) -> Response {
    complete(&state, SessionVerb::PayLater, &id)
}

async fn decline(Extract(state): Extract<Arc<State>>, Path(id): Path<String>) -> Response {
    match state.store.change(Cause::default(), |all| all.on_session(SessionVerb::Decline, &id)) {
        Ok(_) => Redirect::to(&format!("/c/pay/{id}?declined")).into_response(),
        Err(refusal) => refused(&refusal),
    }
}

/// The session stays open: whoever comes back can still pay.
async fn cancel(Extract(state): Extract<Arc<State>>, Path(id): Path<String>) -> Response {
    match find(&state, &id).map(|session| session.asked.cancel_url) {
        Some(Some(url)) => Redirect::to(&url).into_response(),
        Some(None) => Redirect::to(&format!("/c/pay/{id}")).into_response(),
        None => unknown(),
    }
}

fn complete(state: &State, verb: SessionVerb, id: &str) -> Response {
    let change = state.store.change(Cause::default(), |all| all.on_session(verb, id));
    match (change, find(state, id)) {
        (Ok(_), Some(session)) => {
            let url = session.asked.success_url.replace("{CHECKOUT_SESSION_ID}", id);
            Redirect::to(&url).into_response()
        }
        (Err(refusal), _) => refused(&refusal),
        (Ok(_), None) => unknown(),
    }
}

fn find(state: &State, id: &str) -> Option<Session> {
    state.store.read(|account| account.session(id).cloned())
}

fn refused(refusal: &Refusal) -> Response {
    match refusal {
        Refusal::Unknown { .. } => unknown(),
        refusal => {
            let mut page = Page::new("Subscribe to Parley Pro");
            page.note(&refusal.to_string());
            page.into_response(StatusCode::CONFLICT)
        }
    }
}

fn unknown() -> Response {
    let mut page = Page::new("Nothing here");
    page.note("There is no such page. Was the stand-in started anew?");
    page.into_response(StatusCode::NOT_FOUND)
}
