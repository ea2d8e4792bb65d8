//! `/user/me`: the account itself.

use std::time::Duration;

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        Limits, Role, User, UserId, clock,
        text::{Email, FullName},
    },
    http::{
        Errors, FromCaller, Input, JsonBody, Problem, Result, SubscriptionTier, Time,
        answers::{Failures, Protected, TakesJson},
    },
    store::{ProfileChange, Store, StoreError},
};
use tokio::time::{Instant, timeout_at};
use utoipa::ToSchema;

/// How long the deletion of an account may go on deleting its rooms: the function's own time-out
/// (10 s) is not to cut it off. The sweeper does the rest.
pub const DELETION: Duration = Duration::from_secs(8);
/// How many rooms are deleted at once.
const ROOMS_AT_ONCE: u16 = 25;

/// The signed-in user.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// The user's id, a ULID.
    #[schema(value_type = String, pattern = "^[0-7][0-9A-HJKMNP-TV-Z]{25}$",
        example = "01KAHBJ4M2WQ8V1C0T3X5Y7Z9A")]
    id: UserId,
    /// E.164: `+` and 8 to 15 digits.
    #[schema(pattern = "^\\+[0-9]{8,15}$", example = "+14155550123")]
    mobile_number: String,
    /// `null` if none is set.
    #[schema(required, example = "Ada Lovelace")]
    full_name: Option<String>,
    /// `null` if none is set.
    #[schema(required, example = "ada@example.org")]
    email: Option<String>,
    /// What the user pays for.
    subscription_tier: SubscriptionTier,
    /// `operator`, for who runs this deployment; missing for everybody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, pattern = "^operator$", example = "operator")]
    role: Option<Role>,
    /// Messages counted against today's (UTC) limit.
    #[schema(minimum = 0, example = 2)]
    daily_message_count: u32,
    /// Messages a day; `null` is unlimited.
    #[schema(required, minimum = 1, example = 5)]
    daily_limit: Option<u32>,
    /// When the count starts again: the next midnight (UTC).
    resets_at: Time,
    /// When the account was opened.
    created_at: Time,
}

/// What to change of the account: a field that is missing stays as it is, `null` clears it.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ProfilePatch {
    /// One line, not blank.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
        example = "Ada Lovelace")]
    full_name: Input<FullName>,
    /// Nothing is sent to it.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Email, max_length = 254,
        example = "ada@example.org")]
    email: Input<Email>,
}

impl Me {
    fn new(user: User, limits: &Limits, now: Timestamp) -> Self {
        let today = clock::day(now);
        Self {
            id: user.id,
            created_at: user.created_at().into(),
            mobile_number: user.mobile_number.into(),
            full_name: user.full_name,
            email: user.email,
            subscription_tier: user.tier.into(),
            role: user.role,
            daily_message_count: user.tally.map_or(0, |tally| tally.used_on(today)),
            daily_limit: limits.daily(user.tier),
            resets_at: clock::end_of(today).into(),
        }
    }
}

impl TryFrom<ProfilePatch> for ProfileChange {
    type Error = Problem;

    fn try_from(patch: ProfilePatch) -> Result<Self> {
        let mut errors = Errors::default();
        let full_name = errors.change("full_name", patch.full_name);
        let email = errors.change("email", patch.email);
        errors.finish(Some(Self { full_name, email }))
    }
}

/// Your account
#[utoipa::path(
    get,
    path = "/user/me",
    operation_id = "get_me",
    tag = "user",
    security(("bearer" = [])),
    responses((status = 200, description = "The account", body = Me), Protected, Failures)
)]
pub(crate) async fn show(
    State(state): State<crate::State>,
    FromCaller(caller): FromCaller,
) -> Result<Json<Me>> {
    let now = state.clock.now();
    let account = state.account(&caller, now).await?;
    Ok(Json(Me::new(account.user, &state.limits, now)))
}

/// Change your name or e-mail address
///
/// Only the fields that are named here can be changed; any other is ignored.
#[utoipa::path(
    patch,
    path = "/user/me",
    operation_id = "change_me",
    tag = "user",
    security(("bearer" = [])),
    request_body = ProfilePatch,
    responses((status = 200, description = "The account as it is now", body = Me), TakesJson, Protected, Failures)
)]
pub(crate) async fn change(
    State(state): State<crate::State>,
    FromCaller(caller): FromCaller,
    body: JsonBody<ProfilePatch>,
) -> Result<Json<Me>> {
    let now = state.clock.now();
    let change = body.value.try_into()?;
    let user = state.store.change_profile(&caller, &change, now).await?;
    let user = user.ok_or_else(Problem::session_ended)?;
    Ok(Json(Me::new(user, &state.limits, now)))
}

/// Delete your account
///
/// The account, its chatrooms and their messages are gone from view at once, and every session ends.
/// What is stored is purged soon afterwards. There is no way back.
#[utoipa::path(
    delete,
    path = "/user/me",
    operation_id = "delete_me",
    tag = "user",
    security(("bearer" = [])),
    responses((status = 204, description = "The account is gone"), Protected, Failures)
)]
pub(crate) async fn delete(
    State(state): State<crate::State>,
    FromCaller(caller): FromCaller,
) -> Result<StatusCode> {
    let deadline = Instant::now() + DELETION;
    let now = state.clock.now();
    let account = state.account(&caller, now).await?;
    let hold = state.cache.hold_lists(caller.user_id).await;
    if !state.store.delete_account(&caller, &account.user, now).await? {
        state.cache.release_lists(hold).await;
        return Err(Problem::session_ended());
    }
    // The account is gone, whatever happens from here on: the sweeper finds its rooms by it.
    match timeout_at(deadline, delete_rooms(&state.store, caller.user_id, now)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "rooms of a deleted account are left"),
        Err(_) => tracing::warn!("rooms of a deleted account are left: too many for one call"),
    }
    state.cache.release_lists(hold).await;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete_rooms(
    store: &Store,
    user: UserId,
    now: Timestamp,
) -> std::result::Result<(), StoreError> {
    while !store.delete_rooms_of(user, ROOMS_AT_ONCE, now).await?.finished {}
    Ok(())
}
