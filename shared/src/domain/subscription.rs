//! Subscriptions: which of a customer's counts, what it entitles to and until when, and when to ask
//! about it again.
//!
//! The rules stand on what the payment provider says now, never on what it said when
//! (<https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses>).

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CheckoutId, SubscriptionId, Tier};

/// After the end of a period, the provider is given this long to tell what came of it.
const AFTER_PERIOD: Duration = Duration::from_mins(10);
/// A subscription that is alive is asked about at least this often, in case all news were lost.
const AUDIT: Duration = Duration::from_hours(24);
/// How often one is asked about that is overdue for a change, or waits for its first payment.
const OVERDUE: Duration = Duration::from_hours(1);
/// An hour, in seconds.
const HOUR: i64 = 3_600;

/// Where a subscription is in its life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum SubscriptionStatus {
    /// Paid.
    Active,
    /// Free for a while.
    Trialing,
    /// The last payment failed; it is being tried again.
    PastDue,
    /// The last payment failed for good.
    Unpaid,
    /// Ended.
    Canceled,
    /// The first payment has not come yet.
    Incomplete,
    /// The first payment never came.
    IncompleteExpired,
    /// The trial ended without a means of payment.
    Paused,
    /// One that this code does not know.
    Other(String),
}

impl SubscriptionStatus {
    /// As the provider spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Active => "active",
            Self::Trialing => "trialing",
            Self::PastDue => "past_due",
            Self::Unpaid => "unpaid",
            Self::Canceled => "canceled",
            Self::Incomplete => "incomplete",
            Self::IncompleteExpired => "incomplete_expired",
            Self::Paused => "paused",
            Self::Other(name) => name,
        }
    }

    /// Nothing comes after it.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Canceled | Self::IncompleteExpired)
    }
}

impl From<String> for SubscriptionStatus {
    fn from(name: String) -> Self {
        match name.as_str() {
            "active" => Self::Active,
            "trialing" => Self::Trialing,
            "past_due" => Self::PastDue,
            "unpaid" => Self::Unpaid,
            "canceled" => Self::Canceled,
            "incomplete" => Self::Incomplete,
            "incomplete_expired" => Self::IncompleteExpired,
            "paused" => Self::Paused,
            _ => Self::Other(name),
        }
    }
}

impl From<SubscriptionStatus> for String {
    fn from(status: SubscriptionStatus) -> Self {
        status.as_str().to_owned()
    }
}

/// One subscription, as far as Parley cares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Which one.
    pub id: SubscriptionId,
    /// Where it is in its life.
    pub status: SubscriptionStatus,
    /// The price that is paid, the provider's id of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    /// When it began, Unix seconds.
    pub created: i64,
    /// When what is paid for ends, Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_period_end: Option<i64>,
    /// When it is to end, if that was decided, Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_at: Option<i64>,
    /// It is to end with its period.
    #[serde(default)]
    pub cancel_at_period_end: bool,
    /// Since when its user has been past due, as first seen, Unix seconds. Ours: the provider does
    /// not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub past_due_since: Option<i64>,
}

/// What a user may use by their subscription.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Entitlement {
    /// The tier.
    pub tier: Tier,
    /// When Pro ends by itself, Unix seconds; never, if `None`.
    pub until: Option<i64>,
}

impl Entitlement {
    /// What a user has without a subscription.
    pub const NONE: Self = Self { tier: Tier::Basic, until: None };

    /// The tier at `now`.
    #[must_use]
    pub fn tier_at(self, now: Timestamp) -> Tier {
        if self.until.is_none_or(|until| until > now.as_second()) { self.tier } else { Tier::Basic }
    }
}

impl Subscription {
    /// What it entitles to; after a failed payment Pro goes on for `grace`.
    #[must_use]
    pub fn entitlement(&self, grace: Duration) -> Entitlement {
        use SubscriptionStatus::{Active, PastDue, Trialing};
        let ends = if self.cancel_at_period_end { self.current_period_end } else { None };
        let ends = earliest([ends, self.cancel_at]);
        match self.status {
            Active | Trialing => Entitlement { tier: Tier::Pro, until: ends },
            PastDue => {
                let patience =
                    self.past_due_since.unwrap_or(self.created).saturating_add(seconds(grace));
                Entitlement { tier: Tier::Pro, until: earliest([ends, Some(patience)]) }
            }
            _ => Entitlement::NONE,
        }
    }

    /// Whether it ends with the current period, in either way that it can be told to.
    #[must_use]
    pub fn ends_with_period(&self) -> bool {
        self.cancel_at_period_end
            || (self.cancel_at.is_some() && self.cancel_at == self.current_period_end)
    }

    /// With the time since which it has been past due: kept as long as what was `known` before was
    /// past due as well, whichever period or subscription that was, or grace would never end.
    #[must_use]
    pub fn seen_after(self, known: Option<&Self>, now: Timestamp) -> Self {
        if self.status != SubscriptionStatus::PastDue {
            return Self { past_due_since: None, ..self };
        }
        let since = known.and_then(|known| known.past_due_since).unwrap_or(now.as_second());
        Self { past_due_since: Some(since), ..self }
    }

    /// When to ask about it again, Unix seconds, if no news come by themselves; `None` if nothing
    /// can happen to it any more.
    #[must_use]
    pub fn next_check(&self, grace: Duration, now: Timestamp) -> Option<i64> {
        let now = now.as_second();
        let after_period =
            self.current_period_end.map(|end| end.saturating_add(seconds(AFTER_PERIOD)));
        let soon = now.saturating_add(seconds(OVERDUE));
        let anyway = match self.status {
            SubscriptionStatus::Canceled | SubscriptionStatus::IncompleteExpired => return None,
            SubscriptionStatus::Incomplete => soon,
            _ => self.whole_hours(now.saturating_add(seconds(AUDIT))),
        };
        // Where a change is overdue, soon again, for a day: after that, no news are no surprise.
        let due = [after_period, self.entitlement(grace).until].into_iter().flatten();
        let due = due.filter(|due| due.saturating_add(seconds(AUDIT)) > now);
        let due = due.map(|due| if due > now { due } else { soon });
        due.chain([anyway]).min()
    }

    /// The latest time up to `at` that is whole hours from when it began. Events come several at a time,
    /// and if each moved the time by a second, each would have to be moved in an index. (Whole hours of
    /// the clock would make it everybody's turn at once.)
    fn whole_hours(&self, at: i64) -> i64 {
        at.saturating_sub(at.saturating_sub(self.created).rem_euclid(HOUR))
    }
}

/// Which of a customer's subscriptions counts: one that entitles to Pro longest, else one that may
/// still come to that, else the latest.
#[must_use]
pub fn deciding(
    subscriptions: impl IntoIterator<Item = Subscription>,
    grace: Duration,
    now: Timestamp,
) -> Option<Subscription> {
    subscriptions.into_iter().max_by_key(|subscription| {
        let entitlement = subscription.entitlement(grace);
        let pro = entitlement.tier_at(now) == Tier::Pro;
        let until = entitlement.until.unwrap_or(i64::MAX);
        let alive = !subscription.status.is_final();
        (pro, if pro { until } else { 0 }, alive, subscription.created, subscription.id.clone())
    })
}

/// A checkout session that its user may still be paying in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkout {
    /// Which one.
    pub id: CheckoutId,
    /// The page where it is paid.
    pub url: String,
    /// The price that is asked, the provider's id of it.
    pub price: String,
    /// When it was made, Unix seconds.
    pub created: i64,
    /// When it can't be paid any more, Unix seconds.
    pub expires: i64,
}

impl Checkout {
    /// When to ask about it, Unix seconds, if no news come by themselves: an hour after it was made,
    /// and every hour until it has ended; `None` after that.
    #[must_use]
    pub fn next_check(&self, now: Timestamp) -> Option<i64> {
        let now = now.as_second();
        let ended = self.expires.saturating_add(seconds(AFTER_PERIOD));
        let from =
            if self.created.saturating_add(seconds(OVERDUE)) > now { self.created } else { now };
        (now < ended).then(|| ended.min(from.saturating_add(seconds(OVERDUE))))
    }
}

/// The earliest of the times that there are.
fn earliest<const N: usize>(times: [Option<i64>; N]) -> Option<i64> {
    times.into_iter().flatten().min()
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
