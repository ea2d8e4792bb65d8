//! `GET /user/me/usage`.

use axum::{
    Json,
    extract::{RawQuery, State},
};
use jiff::{ToSpan, civil::Date};
use serde::Serialize;
use shared::{
    domain::clock,
    http::{
        FromCaller, PageQuery, Problem, ProblemBody, Result,
        answers::{Failures, Protected},
    },
    store::DayUsage,
};
use utoipa::ToSchema;

/// The default and the largest number of days.
const DEFAULT: u16 = 30;
const LARGEST: u16 = 90;

/// What a user used on one day.
#[derive(Debug, Serialize, ToSchema)]
pub struct DailyUsage {
    /// The day (UTC) on which the messages were sent.
    #[schema(value_type = String, format = Date, example = "2026-11-21")]
    day: Date,
    /// Messages that were answered.
    #[schema(minimum = 0, example = 4)]
    messages: u64,
    /// Messages that could not be answered; they were not counted against the daily limit.
    #[schema(minimum = 0, example = 1)]
    failures: u64,
    /// Tokens read by the model: the messages and the history sent along with them.
    #[schema(minimum = 0, example = 812)]
    input_tokens: u64,
    /// Tokens written by the model, its thoughts included.
    #[schema(minimum = 0, example = 2310)]
    output_tokens: u64,
}

impl From<DayUsage> for DailyUsage {
    fn from(usage: DayUsage) -> Self {
        let DayUsage { day, messages, failures, input_tokens, output_tokens } = usage;
        Self { day, messages, failures, input_tokens, output_tokens }
    }
}

/// The query of `GET /user/me/usage`, as documented: [`PageQuery`] reads it.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its documentation is used")]
pub(crate) struct UsageQuery {
    /// How many days to look back, today included.
    #[param(minimum = 1, maximum = 90, default = 30)]
    days: Option<u16>,
}

/// What you have used, day by day
///
/// Oldest day first (UTC); days without a settled message are left out.
#[utoipa::path(
    get,
    path = "/user/me/usage",
    operation_id = "get_usage",
    tag = "user",
    params(UsageQuery),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Use per day, oldest first", body = [DailyUsage]),
        (status = 422, description = "`validation_failed`: `days` is not a number from 1 to 90",
            body = ProblemBody, content_type = "application/problem+json"),
        Protected,
        Failures,
    )
)]
pub(crate) async fn show(
    State(state): State<crate::State>,
    FromCaller(caller): FromCaller,
    RawQuery(query): RawQuery,
) -> Result<Json<Vec<DailyUsage>>> {
    let mut query = PageQuery::new(query.as_deref());
    let days = query.number("days", DEFAULT, LARGEST);
    query.finish()?;

    let now = state.clock.now();
    let last = clock::day(now);
    let first = last.saturating_sub((i64::from(days) - 1).days());
    // The account is asked as well, at the same time: what was deleted is gone from view at once,
    // though its items are purged later.
    let (is_signed_in, usage) = tokio::try_join!(
        state.store.is_signed_in(&caller),
        state.store.usage(caller.user_id, first, last)
    )?;
    if !is_signed_in {
        return Err(Problem::session_ended());
    }
    Ok(Json(usage.into_iter().map(DailyUsage::from).collect()))
}
