//! Subscriptions, and the months that they are paid by.

use jiff::{SignedDuration, Timestamp, ToSpan as _, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{super::ids, Metadata, Session, UNIT_AMOUNT};

/// What a customer pays for month by month.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Subscription {
    pub(crate) id: String,
    /// The id of its one item.
    pub(crate) item: String,
    pub(crate) customer: String,
    pub(crate) price: String,
    pub(crate) quantity: u64,
    pub(crate) status: Status,
    pub(crate) created: Timestamp,
    /// The day of the month, and the time, that periods begin at.
    pub(crate) anchor: Timestamp,
    pub(crate) period: Period,
    pub(crate) trial: Option<Period>,
    pub(crate) cancel_at_period_end: bool,
    pub(crate) cancel_at: Option<Timestamp>,
    /// When it was asked to end; the end itself is `ended_at`.
    pub(crate) canceled_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) cancellation_reason: Option<String>,
    pub(crate) latest_invoice: Option<String>,
    pub(crate) default_payment_method: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Metadata,
}

impl Subscription {
    /// What `session` asks for, begun at `now` by `customer`.
    pub(crate) fn begin(
        session: &Session,
        customer: String,
        status: Status,
        now: Timestamp,
    ) -> Self {
        let asked = &session.asked;
        let trial = asked.trial_days.map(|days| Period { start: now, end: after_days(now, days) });
        Self {
            id: ids::new("sub_1"),
            item: ids::new("si_"),
            customer,
            price: asked.price.clone(),
            quantity: asked.quantity,
            status: if trial.is_some() { Status::Trialing } else { status },
            created: now,
            anchor: trial.map_or(now, |trial| trial.end),
            period: trial.unwrap_or(Period { start: now, end: month_after(now, now) }),
            trial,
            cancel_at_period_end: false,
            cancel_at: None,
            canceled_at: None,
            ended_at: None,
            cancellation_reason: None,
            latest_invoice: None,
            default_payment_method: None,
            description: asked.subscription_description.clone(),
            metadata: asked.subscription_metadata.clone(),
        }
    }

    /// What a period costs, in cents.
    pub(crate) fn amount(&self) -> u64 {
        if self.status == Status::Trialing { 0 } else { UNIT_AMOUNT * self.quantity }
    }

    /// The next period begins where this one was to end.
    pub(crate) fn advance(&mut self) {
        let start = self.period.end;
        self.period = Period { start, end: month_after(self.anchor, start) };
    }

    /// A period begins now, and all later ones on this day of the month.
    pub(crate) fn begin_period(&mut self, now: Timestamp) {
        self.anchor = now;
        self.period = Period { start: now, end: month_after(now, now) };
    }

    /// A trial of so many days begins now.
    pub(crate) fn begin_trial(&mut self, days: u32, now: Timestamp) {
        let trial = Period { start: now, end: after_days(now, days) };
        self.status = Status::Trialing;
        self.anchor = trial.end;
        self.period = trial;
        self.trial = Some(trial);
    }

    /// It is to end with the present period, or goes on after all.
    pub(crate) fn cancel_at_period_end(&mut self, cancel: bool, now: Timestamp) {
        self.cancel_at_period_end = cancel;
        self.cancel_at(cancel.then_some(self.period.end), now);
    }

    /// It is to end at that time, or goes on after all.
    pub(crate) fn cancel_at(&mut self, at: Option<Timestamp>, now: Timestamp) {
        self.cancel_at = at;
        self.canceled_at = at.map(|_| now);
        self.cancellation_reason = at.map(|_| "cancellation_requested".to_owned());
    }

    /// It ends now.
    pub(crate) fn end(&mut self, now: Timestamp) {
        self.status = Status::Canceled;
        self.ended_at = Some(now);
        self.canceled_at.get_or_insert(now);
        self.cancellation_reason.get_or_insert_with(|| "cancellation_requested".to_owned());
    }
}

/// From when until when, the end not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Period {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
}

/// <https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Incomplete,
    IncompleteExpired,
    Trialing,
    Active,
    PastDue,
    Canceled,
    Unpaid,
    Paused,
}

impl Status {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::IncompleteExpired => "incomplete_expired",
            Self::Trialing => "trialing",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Canceled => "canceled",
            Self::Unpaid => "unpaid",
            Self::Paused => "paused",
        }
    }

    /// It can't change any more.
    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Canceled | Self::IncompleteExpired)
    }
}

/// The first time after `start` that is some months after `anchor`. The 31st becomes the last day of
/// a shorter month, and the 31st again after that, as with Stripe.
fn month_after(anchor: Timestamp, start: Timestamp) -> Timestamp {
    let anchor = anchor.to_zoned(TimeZone::UTC);
    (1..)
        .map_while(|months: i32| anchor.checked_add(months.months()).ok())
        .map(|next| next.timestamp())
        .find(|next| *next > start)
        .unwrap_or(Timestamp::MAX)
}

fn after_days(now: Timestamp, days: u32) -> Timestamp {
    now.checked_add(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn months_keep_to_the_day_of_the_anchor() {
        let anchor = at("2026-01-31T12:00:00Z");
        let february = month_after(anchor, anchor);
        assert_eq!(february, at("2026-02-28T12:00:00Z"));
        assert_eq!(month_after(anchor, february), at("2026-03-31T12:00:00Z"));
    }
}
