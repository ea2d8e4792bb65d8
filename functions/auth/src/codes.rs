//! Codes: `POST /auth/send-otp` and `POST /auth/forgot-password`, and what a code given back is
//! worth.
//!
//! A number without an account gets the same answer in the same time: a code is drawn, counted and
//! kept for it as well, and is good for nothing.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    domain::{MobileNumber, clock::seconds_until},
    http::{
        Errors, Input, JsonBody, Problem, Result,
        answers::{Failures, TakesJson},
        note_user,
    },
    store::{Account, Attempt, Challenge, Purpose, Redeemed},
};
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::{
    delivery::Issued,
    otp::{self, OtpCode},
    refusals::SendsCode,
    schemas,
};

/// How often a code is redeemed while its account keeps changing.
const REDEEM_ROUNDS: u32 = 4;

/// Whom to send a code.
#[derive(Deserialize, ToSchema)]
pub struct CodeRequest {
    /// The number to send it to.
    #[serde(default)]
    #[schema(required, value_type = schemas::MobileNumber)]
    mobile_number: Input<MobileNumber>,
}

/// A code is on its way, if the number has an account.
#[derive(Serialize, ToSchema)]
pub struct CodeSent {
    /// For people.
    #[schema(example = "If this number has an account, a code is on its way.")]
    message: &'static str,
    /// How long the code is good for, seconds.
    #[schema(minimum = 1, example = 300)]
    expires_in: u64,
    /// The code itself, only where a deployment delivers it so: never in production.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[0-9]{6}$", example = "482913")]
    otp: Option<String>,
}

/// Ask for a code to sign in with
///
/// The answer is the same for a number without an account, and takes the same time. At most one
/// code in 30 seconds and five in an hour are sent to a number; each is good for five minutes and
/// replaces the one before.
#[utoipa::path(
    post,
    path = "/auth/send-otp",
    operation_id = "send_otp",
    tag = "auth",
    security(()),
    request_body = CodeRequest,
    responses(
        (status = 200, description = "A code is on its way, if the number has an account", body = CodeSent),
        SendsCode,
        TakesJson,
        Failures,
    )
)]
pub(crate) async fn send_otp(
    State(state): State<crate::State>,
    body: JsonBody<CodeRequest>,
) -> Result<Json<CodeSent>> {
    send(&state, Purpose::Login, body.value).await
}

/// Ask for a code to set a new password with
///
/// As `POST /auth/send-otp`, with limits of its own. A code to sign in with can't set a password,
/// nor the other way round.
#[utoipa::path(
    post,
    path = "/auth/forgot-password",
    operation_id = "forgot_password",
    tag = "auth",
    security(()),
    request_body = CodeRequest,
    responses(
        (status = 200, description = "A code is on its way, if the number has an account", body = CodeSent),
        SendsCode,
        TakesJson,
        Failures,
    )
)]
pub(crate) async fn forgot_password(
    State(state): State<crate::State>,
    body: JsonBody<CodeRequest>,
) -> Result<Json<CodeSent>> {
    send(&state, Purpose::Reset, body.value).await
}

async fn send(
    state: &crate::State,
    purpose: Purpose,
    request: CodeRequest,
) -> Result<Json<CodeSent>> {
    let came = Instant::now();
    let mut errors = Errors::default();
    let number = errors.required("mobile_number", request.mobile_number);
    let number = errors.finish(number)?;
    state.delivery.accepts(&number)?;

    let now = state.clock.now();
    let code = OtpCode::draw(&mut rand::rng());
    let hash = state.pepper.hash(&number, purpose, &code);
    keep(state, &number, purpose, &hash, now).await?;
    let issued = Issued { number: &number, purpose, code: &code, came, now };
    let otp = state.delivery.deliver(&state.store, &issued).await?;
    Ok(Json(CodeSent {
        message: "If this number has an account, a code is on its way.",
        expires_in: otp::LIFE.as_secs().unsigned_abs(),
        otp: otp.map(str::to_owned),
    }))
}

/// Keeps the hash of a new code; 429 if it is too soon for one.
///
/// To most numbers none was sent within the hour that the limits look back: nothing has to be read for
/// them, and the others are told of by the refusal. How many calls it takes shows whether a code was
/// sent within the hour, not whether there is an account; where codes are sent for good, by SMS, all
/// answers take the same time.
async fn keep(
    state: &crate::State,
    number: &MobileNumber,
    purpose: Purpose,
    hash: &str,
    now: Timestamp,
) -> Result<()> {
    let issue = |seen: Option<&Challenge>| {
        let issued = otp::issue(seen, purpose, hash.to_owned(), now);
        issued.map_err(|until| too_soon(seconds_until(until, now)))
    };
    let first = issue(None)?;
    let put = state.store.put_challenge(number, &first, None, now).await?;
    let Err(seen) = put else { return Ok(()) };
    let next = issue(seen.as_ref())?;
    let put = state.store.put_challenge(number, &next, seen.as_ref(), now).await?;
    // If that is refused as well, another code was sent at this moment.
    put.map_err(|_| too_soon(otp::GAP.as_secs().unsigned_abs()))
}

/// The challenge that `code` answers, and the account of its number as it was found meanwhile.
///
/// The try is counted before the code is looked at. Whose the number is tells nothing about a guess,
/// and is read for every try, right or wrong; [`redeem`] acts on it only if it still holds.
pub(crate) async fn attempt(
    state: &crate::State,
    number: &MobileNumber,
    purpose: Purpose,
    code: &OtpCode,
    now: Timestamp,
) -> Result<(Challenge, Option<Account>)> {
    let (counted, found) = tokio::join!(
        state.store.count_attempt(number, purpose, otp::TRIES, now),
        state.store.account_of(number, now),
    );
    match counted? {
        Attempt::Counted(challenge) if state.pepper.matches(number, &challenge, code) => {
            Ok((challenge, found?))
        }
        Attempt::Counted(_) | Attempt::NoCode => Err(invalid_code()),
        Attempt::Dead(until) => Err(Problem::too_many(
            "too_many_attempts",
            "Too many wrong tries: this code is dead. Ask for another one.",
            seconds_until(until, now),
        )),
    }
}

/// Does what a good code allows with the account of its number, which was `found` with it, anew
/// while the account changes under it; what `write` comes to beside the outcome.
pub(crate) async fn redeem<T, F: Future<Output = Result<(Redeemed, T)>>>(
    state: &crate::State,
    number: &MobileNumber,
    mut found: Option<Account>,
    now: Timestamp,
    write: impl Fn(Account) -> F,
) -> Result<T> {
    for _ in 0..REDEEM_ROUNDS {
        let account = found.ok_or_else(invalid_code)?;
        note_user(account.user.id);
        match write(account).await? {
            (Redeemed::Done, value) => return Ok(value),
            (Redeemed::UsedUp, _) => return Err(invalid_code()),
            (Redeemed::Changed, _) => found = state.store.account_of(number, now).await?,
        }
    }
    Err(Problem::unavailable("the account kept changing"))
}

/// 401: it is wrong, was used, has expired, or there is no account for it.
fn invalid_code() -> Problem {
    Problem::unauthorized("invalid_code", "The code is wrong, was used already, or has expired.")
}

fn too_soon(retry_after: u64) -> Problem {
    let detail = "A code was sent already. Wait before you ask for another one.";
    Problem::too_many("otp_too_soon", detail, retry_after)
}
