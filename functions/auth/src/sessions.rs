//! Staying signed in (`POST /auth/refresh`) and signing out (`POST /auth/logout`).

use std::{pin::pin, time::Duration};

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use shared::{
    http::{
        Errors, FromCaller, Input, JsonBody, Problem, ProblemBody, Result,
        answers::{Failures, Protected, TakesJson},
        note_user,
    },
    store::{Account, Rotation, Session, StoreError},
};
use tokio::time::{Instant, timeout_at};
use utoipa::ToSchema;

use crate::{refresh_token::RefreshToken, tokens::TokenPair};

/// How long the account is waited for, or as long as the exchange takes if that is longer: there has to
/// be time left to take the exchange back.
const ACCOUNT: Duration = Duration::from_secs(2);
/// Until when an exchange is taken back: the function has ten seconds.
const TAKEN_BACK: Duration = Duration::from_millis(9_500);

/// What the table has, if it was asked in time.
type Answered<T> = std::result::Result<Option<T>, StoreError>;

/// A refresh token, to be exchanged.
#[derive(Deserialize, ToSchema)]
pub struct RefreshRequest {
    /// The latest one of the session.
    #[serde(default)]
    #[schema(required, value_type = String, example = "AZqWuxJQ4xnLqMcQk0XlPgGalrsSUOMZy6jHEJNF5T4…")]
    refresh_token: Input<String>,
}

/// Exchange a refresh token for a new pair
///
/// A refresh token works once. If one comes back after its use, it was stolen, or used by a thief
/// before you: its session ends, and whoever holds a newer one is signed out as well.
#[utoipa::path(
    post,
    path = "/auth/refresh",
    operation_id = "refresh",
    tag = "auth",
    security(()),
    request_body = RefreshRequest,
    responses(
        (status = 200, description = "A new pair", body = TokenPair),
        (status = 401, description = "`invalid_refresh_token`: it is none, or its session has ended; \
                `refresh_token_reused`: it was used before, its session ends",
            body = ProblemBody, content_type = "application/problem+json",
            headers(("WWW-Authenticate" = String, description = "`Bearer` (RFC 6750)"))),
        TakesJson,
        Failures,
    )
)]
pub(crate) async fn refresh(
    State(state): State<crate::State>,
    body: JsonBody<RefreshRequest>,
) -> Result<Json<TokenPair>> {
    let mut errors = Errors::default();
    let text = errors.required("refresh_token", body.value.refresh_token);
    let text = errors.finish(text)?;

    let now = state.clock.now();
    let token = RefreshToken::parse(&text).ok_or_else(invalid)?;
    let next = token.next(&mut rand::rng());
    let exchange = token.exchange(&next, now);
    // The exchange is conditional on all that its session knows. Whether the account ended the session
    // is read meanwhile: if it did, nobody gets the token that was exchanged for, and a session that has
    // ended never begins again.
    let begun = Instant::now();
    let (session, account) = exchange_and_read(&state, &token, &exchange, now).await;
    let session = session?;
    let exchanged = session.as_ref().is_some_and(|session| next.is_latest_of(session));
    let account = match account {
        Err(error) if exchanged => {
            let until = begun + TAKEN_BACK;
            return Err(not_handed_out(&state, exchange, now, until, error).await);
        }
        account => account?,
    };
    let (account, session) = account
        .zip(session)
        .filter(|(account, session)| token.is_of(session) && session.is_live(account, now))
        .ok_or_else(invalid)?;
    note_user(account.user.id);
    if !exchanged {
        return Err(reused(&state, &session).await?);
    }
    Ok(Json(state.signer.pair(&account, &next, now)?))
}

/// Both at the same time. The account is waited for until the exchange is over, and for [`ACCOUNT`] at least.
async fn exchange_and_read(
    state: &crate::State,
    token: &RefreshToken,
    exchange: &Rotation,
    now: Timestamp,
) -> (Answered<Session>, Answered<Account>) {
    let until = Instant::now() + ACCOUNT;
    let mut exchanging = pin!(state.store.rotate(exchange, now));
    let mut reading = pin!(state.store.account(token.user_id(), now));
    tokio::select! {
        account = &mut reading => (exchanging.await, account),
        session = &mut exchanging => {
            let late = |_| Err(StoreError::Unavailable("the account was not read in time".to_owned()));
            (session, timeout_at(until, reading).await.unwrap_or_else(late))
        }
    }
}

/// Takes an exchange back whose token nobody gets, because the account could not be read: otherwise who
/// tries again with the token that they have would count as a thief.
async fn not_handed_out(
    state: &crate::State,
    exchange: Rotation,
    now: Timestamp,
    until: Instant,
    error: StoreError,
) -> Problem {
    let taken_back = timeout_at(until, state.store.rotate(&exchange.back(), now)).await;
    let late = |_| Err(StoreError::Unavailable("it took too long".to_owned()));
    if let Err(error) = taken_back.unwrap_or_else(late) {
        tracing::warn!(%error, "a refresh token was used up for nothing");
    }
    error.into()
}

/// Sign out
///
/// Ends the session that the access token belongs to: its refresh token is good for nothing any
/// more, and the access token only for reading rooms, until it expires.
#[utoipa::path(
    post,
    path = "/auth/logout",
    operation_id = "logout",
    tag = "auth",
    security(("bearer" = [])),
    responses((status = 204, description = "Signed out"), Protected, Failures)
)]
pub(crate) async fn logout(
    State(state): State<crate::State>,
    FromCaller(caller): FromCaller,
) -> Result<StatusCode> {
    state.store.end_session(caller.user_id, caller.session_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a session one of whose used tokens came back.
async fn reused(state: &crate::State, session: &Session) -> Result<Problem> {
    state.store.end_session(session.user_id, session.session_id).await?;
    tracing::warn!(
        session_id = %session.session_id,
        "a used refresh token came back: its session has ended"
    );
    let detail = "This refresh token was used before. Its session has ended; sign in again.";
    Ok(Problem::unauthorized("refresh_token_reused", detail))
}

fn invalid() -> Problem {
    let detail = "The refresh token is invalid, or its session has ended. Sign in again.";
    Problem::unauthorized("invalid_refresh_token", detail)
}
