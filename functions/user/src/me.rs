//! `/user/me`: the account itself.

use std::time::Duration;

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        Caller, Limits, Role, User, UserId, clock,
        text::{Email, FullName},
    },
    http::{
        Errors, FromCaller, Input, JsonBody, Problem, Result, SubscriptionTier, Time,
        answers::{Failures, Protected, TakesJson},
    },
    store::{ProfileChange, StoreError},
};
use tokio::time::{Instant, timeout_at};
use utoipa::ToSchema;

/// How long the deletion of an account may take, with its rooms: the function's own time-out (10 s) is
/// not to cut it off. What is left then is the next try's.
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
    let deletion = Box::pin(delete_all(&state, &caller));
    if state.cache.holding_lists(caller.user_id, deletion).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::session_ended())
    }
}

/// Deletes the caller's rooms, and the account; `false` if the session has ended before the account was
/// deleted.
///
/// The rooms first: to read one asks for no account, so an account that is gone is to leave none. Who
/// is told that it did not succeed still has the account to try it again with, unless it was only the
/// answer to its own deletion that got lost: then the next try is a 401.
async fn delete_all(state: &crate::State, caller: &Caller) -> Result<bool> {
    let deadline = Instant::now() + DELETION;
    let now = state.clock.now();
    let deletion = within(deadline, delete_rooms_and_account(state, caller, now)).await;
    let is_deleted = deletion.map_err(unfinished)?;
    if is_deleted {
        // What was opened meanwhile. The sweeper finds it too.
        let rest = state.store.delete_rooms_of(caller.user_id, ROOMS_AT_ONCE, now);
        if let Err(error) = within(deadline, rest).await {
            tracing::warn!(%error, "rooms of a deleted account are left to the sweeper");
        }
    }
    Ok(is_deleted)
}

/// The session is looked at before each batch of rooms: whoever has stolen it, and loses it meanwhile,
/// is not to go on for as long as there are rooms.
async fn delete_rooms_and_account(
    state: &crate::State,
    caller: &Caller,
    now: Timestamp,
) -> std::result::Result<bool, StoreError> {
    loop {
        let Some(account) = state.live_account(caller, now).await? else { return Ok(false) };
        let rooms = state.store.delete_rooms_of(caller.user_id, ROOMS_AT_ONCE, now).await?;
        if rooms.finished {
            return state.store.delete_account(caller, &account.user, now).await;
        }
    }
}

/// What `work` comes to, unless the time is up before.
async fn within<T>(
    deadline: Instant,
    work: impl Future<Output = std::result::Result<T, StoreError>>,
) -> std::result::Result<T, StoreError> {
    let out_of_time = |_| Err(StoreError::Unavailable("out of time".to_owned()));
    timeout_at(deadline, work).await.unwrap_or_else(out_of_time)
}

/// Rooms may be gone by now.
fn unfinished(error: StoreError) -> Problem {
    match error {
        StoreError::Unavailable(_) => Problem::partly_deleted(error),
        StoreError::Corrupt(_) => error.into(),
    }
}
