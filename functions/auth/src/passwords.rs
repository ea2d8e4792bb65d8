//! Setting a password: with a code (`POST /auth/reset-password`) or signed in
//! (`POST /auth/change-password`).

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    domain::MobileNumber,
    http::{
        Errors, FromCaller, Input, JsonBody, Problem, ProblemBody, Result,
        answers::{Failures, Protected, TakesJson},
    },
    store::{Account, Purpose},
};
use utoipa::ToSchema;

use crate::{
    codes::{attempt, redeem},
    login::count_password,
    otp::OtpCode,
    password::{NewPassword, Password},
    refusals::TakesCode,
    schemas,
};

/// A new password, and the code that allows it.
#[derive(Deserialize, ToSchema)]
pub struct PasswordReset {
    /// The number that the code was sent to.
    #[serde(default)]
    #[schema(required, value_type = schemas::MobileNumber)]
    mobile_number: Input<MobileNumber>,
    /// The code, from `POST /auth/forgot-password`.
    #[serde(default)]
    #[schema(required, value_type = schemas::OtpCode)]
    otp: Input<OtpCode>,
    /// The password to be.
    #[serde(default)]
    #[schema(required, value_type = schemas::NewPassword)]
    new_password: Input<NewPassword>,
}

/// A new password, and the old one.
#[derive(Deserialize, ToSchema)]
pub struct PasswordChange {
    /// The present password. Needed if one is set.
    #[serde(default)]
    #[schema(value_type = Option<schemas::Password>)]
    old_password: Input<Password>,
    /// The password to be.
    #[serde(default)]
    #[schema(required, value_type = schemas::NewPassword)]
    new_password: Input<NewPassword>,
}

/// It is done.
#[derive(Serialize, ToSchema)]
pub struct Done {
    /// For people.
    #[schema(example = "The password is set.")]
    message: &'static str,
}

/// Set a new password with a code
///
/// All sessions of the account end. Sign in with the new password.
#[utoipa::path(
    post,
    path = "/auth/reset-password",
    operation_id = "reset_password",
    tag = "auth",
    security(()),
    request_body = PasswordReset,
    responses((status = 200, description = "The password is set", body = Done), TakesCode, TakesJson, Failures)
)]
pub(crate) async fn reset(
    State(state): State<crate::State>,
    body: JsonBody<PasswordReset>,
) -> Result<Json<Done>> {
    let mut errors = Errors::default();
    let number = errors.required("mobile_number", body.value.mobile_number);
    let code = errors.required("otp", body.value.otp);
    let password = errors.required("new_password", body.value.new_password);
    let ((number, code), password) = errors.finish(number.zip(code).zip(password))?;

    let now = state.clock.now();
    let (challenge, found) = attempt(&state, &number, Purpose::Reset, &code, now).await?;
    let hash = state.passwords.hash(&password).await?;
    let (state, challenge, hash) = (&state, &challenge, &hash);
    let reset = |account: Account| async move {
        Ok((state.store.reset_password(&account, challenge, hash, now).await?, ()))
    };
    redeem(state, &number, found, now, reset).await?;
    forget_wrong_passwords(state, &number).await;
    Ok(Json(Done { message: "The password is set. All sessions have ended; sign in with it." }))
}

/// Change your password
///
/// All other sessions of yours end; this one goes on.
#[utoipa::path(
    post,
    path = "/auth/change-password",
    operation_id = "change_password",
    tag = "auth",
    security(("bearer" = [])),
    request_body = PasswordChange,
    responses(
        (status = 200, description = "The password is set", body = Done),
        (status = 403, description = "`wrong_password`: the old password is another one",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`account_changed`: another change was made at the same time",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`too_many_attempts`: too many wrong passwords", body = ProblemBody,
            content_type = "application/problem+json",
            headers(("Retry-After" = u64, description = "Seconds until another can be tried"))),
        Protected,
        TakesJson,
        Failures,
    )
)]
pub(crate) async fn change(
    State(state): State<crate::State>,
    FromCaller(caller): FromCaller,
    body: JsonBody<PasswordChange>,
) -> Result<Json<Done>> {
    let mut errors = Errors::default();
    let old = errors.optional("old_password", body.value.old_password);
    let new = errors.required("new_password", body.value.new_password);
    let new = errors.finish(new)?;

    let now = state.clock.now();
    let found = state.store.session(caller.user_id, caller.session_id, now).await?;
    let (account, _) = found
        .filter(|(account, session)| session.is_live(account, now))
        .ok_or_else(Problem::session_ended)?;
    verify_old_password(&state, &account, old, now).await?;
    let hash = state.passwords.hash(&new).await?;
    if !state.store.set_password(&account, &hash, caller.session_id).await? {
        let detail = "The account was changed at the same time. Try again.";
        return Err(Problem::conflict("account_changed", detail));
    }
    Ok(Json(Done { message: "The password is set. All other sessions have ended." }))
}

/// Who holds an access token for a moment must not get the account for good: the old password is
/// asked for, and wrong ones count as wrong logins do.
async fn verify_old_password(
    state: &crate::State,
    account: &Account,
    old: Option<Password>,
    now: Timestamp,
) -> Result<()> {
    let Some(hash) = account.password_hash.as_deref() else { return Ok(()) };
    let mut errors = Errors::default();
    let old = errors.required("old_password", old.map_or(Input::Absent, Input::Good));
    let old = errors.finish(old)?;
    count_password(state, &account.user.mobile_number, now).await?;
    if !state.passwords.verify(&old, Some(hash)).await? {
        return Err(Problem::forbidden("wrong_password", "The old password is another one."));
    }
    forget_wrong_passwords(state, &account.user.mobile_number).await;
    Ok(())
}

/// Wrong passwords are forgotten once somebody has shown that the account is theirs. What they came
/// for does not fail with it.
async fn forget_wrong_passwords(state: &crate::State, number: &MobileNumber) {
    if let Err(error) = state.store.forget_login_failures(number).await {
        tracing::warn!(%error, "wrong passwords are still counted");
    }
}
