//! Signing in, by a code (`POST /auth/verify-otp`) or by a password (`POST /auth/login`).

use axum::{Json, extract::State};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use shared::{
    domain::{MobileNumber, SessionId, clock::seconds_until},
    http::{
        Errors, Input, JsonBody, Problem, ProblemBody, Result,
        answers::{Failures, TakesJson},
        note_user,
    },
    store::{Account, Purpose, Session},
};
use utoipa::ToSchema;

use crate::{
    codes::{attempt, redeem},
    otp::OtpCode,
    password::Password,
    refresh_token::RefreshToken,
    refusals::TakesCode,
    schemas, signup,
    tokens::TokenPair,
};

/// How many wrong passwords a number may be tried with within `WINDOW`.
const MOST_WRONG: u32 = 10;
const WINDOW: SignedDuration = SignedDuration::from_mins(15);

/// A code, given back.
#[derive(Deserialize, ToSchema)]
pub struct GivenCode {
    /// The number that it was sent to.
    #[serde(default)]
    #[schema(required, value_type = schemas::MobileNumber)]
    mobile_number: Input<MobileNumber>,
    /// The code.
    #[serde(default)]
    #[schema(required, value_type = schemas::OtpCode)]
    otp: Input<OtpCode>,
}

/// A number and its password.
#[derive(Deserialize, ToSchema)]
pub struct Credentials {
    /// The number.
    #[serde(default)]
    #[schema(required, value_type = schemas::MobileNumber)]
    mobile_number: Input<MobileNumber>,
    /// The password.
    #[serde(default)]
    #[schema(required, value_type = schemas::Password)]
    password: Input<Password>,
}

/// Sign in with a code
///
/// A code may be tried five times and works once. The first one that is given back shows that the
/// number is yours.
#[utoipa::path(
    post,
    path = "/auth/verify-otp",
    operation_id = "verify_otp",
    tag = "auth",
    security(()),
    request_body = GivenCode,
    responses((status = 200, description = "Signed in", body = TokenPair), TakesCode, TakesJson, Failures)
)]
pub(crate) async fn verify_otp(
    State(state): State<crate::State>,
    body: JsonBody<GivenCode>,
) -> Result<Json<TokenPair>> {
    let mut errors = Errors::default();
    let number = errors.required("mobile_number", body.value.mobile_number);
    let code = errors.required("otp", body.value.otp);
    let (number, code) = errors.finish(number.zip(code))?;

    let now = state.clock.now();
    let (challenge, found) = attempt(&state, &number, Purpose::Login, &code, now).await?;
    let (state, challenge) = (&state, &challenge);
    let sign_in = |account: Account| async move {
        let (session, tokens) = open(state, &account, now)?;
        let keep = signup::keeps_password(&account, now);
        let redeemed = state.store.sign_in_with_code(&account, challenge, &session, keep, now);
        Ok((redeemed.await?, tokens))
    };
    Ok(Json(redeem(state, &number, found, now, sign_in).await?))
}

/// Sign in with a password
///
/// The answer is the same for an unknown number and a wrong password, and takes the same time. Ten
/// wrong passwords within 15 minutes lock the number for passwords until these are over; codes
/// still let you in.
#[utoipa::path(
    post,
    path = "/auth/login",
    operation_id = "login",
    tag = "auth",
    security(()),
    request_body = Credentials,
    responses(
        (status = 200, description = "Signed in", body = TokenPair),
        (status = 401, description = "`invalid_credentials`: no account has this number and password",
            body = ProblemBody, content_type = "application/problem+json",
            headers(("WWW-Authenticate" = String, description = "`Bearer` (RFC 6750)"))),
        (status = 429, description = "`too_many_attempts`: too many wrong passwords", body = ProblemBody,
            content_type = "application/problem+json",
            headers(("Retry-After" = u64, description = "Seconds until the number is unlocked"))),
        TakesJson,
        Failures,
    )
)]
pub(crate) async fn login(
    State(state): State<crate::State>,
    body: JsonBody<Credentials>,
) -> Result<Json<TokenPair>> {
    let mut errors = Errors::default();
    let number = errors.required("mobile_number", body.value.mobile_number);
    let password = errors.required("password", body.value.password);
    let (number, password) = errors.finish(number.zip(password))?;

    let now = state.clock.now();
    // What is counted before it is looked at is the password. Whose the number is may be read
    // meanwhile: that tells nothing about a guess, and is done to its end for every number and even
    // if too many were wrong, so that nobody can tell by the work either.
    let (counted, account) =
        tokio::join!(count_password(&state, &number, now), state.store.account_of(&number, now),);
    counted?;
    let account = account?.filter(|account| account.user.verified);
    let hash = account.as_ref().and_then(|account| account.password_hash.as_deref());
    let right = state.passwords.verify(&password, hash).await?;
    let account = account.filter(|_| right).ok_or_else(|| {
        let detail = "The mobile number or the password is wrong.";
        Problem::unauthorized("invalid_credentials", detail)
    })?;
    note_user(account.user.id);
    let (session, tokens) = open(&state, &account, now)?;
    tokio::try_join!(
        state.store.open_session(&session),
        state.store.forget_login_failures(&number),
    )?;
    Ok(Json(tokens))
}

/// Counts a password that is about to be looked at; 429 if there were too many wrong ones.
pub(crate) async fn count_password(
    state: &crate::State,
    number: &MobileNumber,
    now: Timestamp,
) -> Result<()> {
    state.store.count_login(number, MOST_WRONG, WINDOW, now).await?.map_err(|until| {
        Problem::too_many(
            "too_many_attempts",
            "Too many wrong passwords. Wait, or sign in with a code.",
            seconds_until(until, now),
        )
    })
}

/// A new session of `account`, which is not kept yet, and the tokens that go with it.
fn open(state: &crate::State, account: &Account, now: Timestamp) -> Result<(Session, TokenPair)> {
    let id: SessionId = state.ids.next(now);
    let token = RefreshToken::first(account.user.id, id, &mut rand::rng());
    let tokens = state.signer.pair(account, &token, now)?;
    Ok((token.session(account, now), tokens))
}
