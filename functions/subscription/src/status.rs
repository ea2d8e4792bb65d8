//! `GET /subscribe/status`: where a subscription stands.

use axum::{Json, extract::State as Of};
use jiff::Timestamp;
use serde::Serialize;
use shared::{
    domain::{Limits, Subscription, Tier, clock},
    http::{
        FromCaller, Result, SubscriptionTier, Time,
        answers::{Failures, Protected},
    },
    store::Account,
};
use utoipa::ToSchema;

use crate::State;

/// Where the caller's subscription stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct Standing {
    /// What the caller may use now.
    tier: SubscriptionTier,
    /// Whether that is Pro.
    active: bool,
    /// Stripe's status of the subscription (`active`, `past_due`, `canceled`, …); `null` if there
    /// never was one.
    #[schema(required, example = "active")]
    status: Option<String>,
    /// Messages a day; `null` is unlimited.
    #[schema(required, minimum = 1, example = 5)]
    daily_limit: Option<u32>,
    /// Messages sent today (UTC).
    #[schema(minimum = 0, example = 2)]
    messages_used_today: u32,
    /// When that count starts again: the next midnight (UTC).
    resets_at: Time,
    /// When the subscription's current period ends; `null` if there is none.
    #[schema(required)]
    current_period_end: Option<Time>,
    /// Whether the subscription ends with it.
    cancel_at_period_end: bool,
    /// When Pro ends by itself: with the period if it is not to be renewed, or when a payment has been
    /// missing for too long; `null` if no end is set, or there is no Pro.
    #[schema(required)]
    pro_until: Option<Time>,
}

impl Standing {
    fn new(account: Account, limits: &Limits, now: Timestamp) -> Self {
        let today = clock::day(now);
        let tier = account.user.tier;
        let subscription = account.billing.facts.subscription;
        let alive = subscription.as_ref().filter(|subscription| !subscription.status.is_final());
        let period_end = alive.and_then(|alive| alive.current_period_end);
        let pro_until = account.billing.entitlement.until.filter(|_| tier == Tier::Pro);
        let time = |second: i64| Timestamp::from_second(second).ok().map(Time::from);
        Self {
            tier: tier.into(),
            active: tier == Tier::Pro,
            daily_limit: limits.daily(tier),
            messages_used_today: account.user.tally.map_or(0, |tally| tally.used_on(today)),
            resets_at: clock::end_of(today).into(),
            current_period_end: period_end.and_then(time),
            pro_until: pro_until.and_then(time),
            cancel_at_period_end: alive.is_some_and(Subscription::ends_with_period),
            status: subscription.map(|subscription| subscription.status.into()),
        }
    }
}

/// Where your subscription stands
///
/// It shows what Stripe has told so far: a payment shows within seconds.
#[utoipa::path(
    get,
    path = "/subscribe/status",
    operation_id = "get_subscription_status",
    tag = "subscription",
    security(("bearer" = [])),
    responses((status = 200, description = "Where it stands", body = Standing), Protected, Failures)
)]
pub(crate) async fn show(
    Of(state): Of<State>,
    FromCaller(caller): FromCaller,
) -> Result<Json<Standing>> {
    let now = state.clock.now();
    let account = state.account(&caller, now).await?;
    Ok(Json(Standing::new(account, &state.limits, now)))
}

/// Where your subscription stands (the same as `/subscribe/status`)
#[utoipa::path(
    get,
    path = "/subscription/status",
    operation_id = "get_subscription_status_too",
    tag = "subscription",
    security(("bearer" = [])),
    responses((status = 200, description = "Where it stands", body = Standing), Protected, Failures)
)]
pub(crate) async fn show_too(state: Of<State>, caller: FromCaller) -> Result<Json<Standing>> {
    show(state, caller).await
}
