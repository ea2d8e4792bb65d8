//! What may happen to sessions and subscriptions, by name.

use serde::Deserialize;

use super::super::model::{Status, Subscription};

/// What may happen to a Checkout session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SessionVerb {
    Pay,
    PayLater,
    PaymentArrives,
    PaymentFailsLater,
    Expire,
    Decline,
}

impl SessionVerb {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pay => "pay",
            Self::PayLater => "pay_later",
            Self::PaymentArrives => "payment_arrives",
            Self::PaymentFailsLater => "payment_fails_later",
            Self::Expire => "expire",
            Self::Decline => "decline",
        }
    }
}

/// What may happen to a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SubscriptionVerb {
    Renew,
    FailPayment,
    RequireAction,
    Recover,
    GiveUp,
    Pause,
    Resume,
    CancelAtPeriodEnd,
    Keep,
    Cancel,
    EndPeriod,
    Trial { days: u32 },
    ChangePrice { price: String },
}

impl SubscriptionVerb {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Renew => "renew",
            Self::FailPayment => "fail_payment",
            Self::RequireAction => "require_action",
            Self::Recover => "recover",
            Self::GiveUp => "give_up",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::CancelAtPeriodEnd => "cancel_at_period_end",
            Self::Keep => "keep",
            Self::Cancel => "cancel",
            Self::EndPeriod => "end_period",
            Self::Trial { .. } => "trial",
            Self::ChangePrice { .. } => "change_price",
        }
    }

    /// Whether it may happen to `subscription` as that is.
    pub(crate) fn is_legal(&self, subscription: &Subscription) -> bool {
        let status = subscription.status;
        let in_order = matches!(status, Status::Active | Status::Trialing);
        match self {
            Self::Renew => in_order && !subscription.cancel_at_period_end,
            Self::FailPayment | Self::RequireAction => in_order || status == Status::PastDue,
            Self::Recover => {
                matches!(status, Status::PastDue | Status::Unpaid | Status::Incomplete)
            }
            Self::GiveUp => matches!(status, Status::PastDue | Status::Incomplete),
            Self::Pause | Self::Trial { .. } => in_order,
            Self::Resume => status == Status::Paused,
            Self::CancelAtPeriodEnd => !status.is_final() && !subscription.cancel_at_period_end,
            Self::Keep => !status.is_final() && subscription.cancel_at.is_some(),
            Self::Cancel | Self::ChangePrice { .. } => !status.is_final(),
            Self::EndPeriod => {
                in_order || (subscription.cancel_at_period_end && !status.is_final())
            }
        }
    }
}
