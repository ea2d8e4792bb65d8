//! Checkout sessions.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{super::ids, Metadata, UNIT_AMOUNT};

/// How long a session stays open that does not say until when.
const LIFE: SignedDuration = SignedDuration::from_hours(24);

/// What an integration asks a session to be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct NewSession {
    /// None means that one is made when the session completes.
    pub(crate) customer: Option<String>,
    pub(crate) customer_email: Option<String>,
    pub(crate) price: String,
    pub(crate) quantity: u64,
    pub(crate) success_url: String,
    pub(crate) cancel_url: Option<String>,
    pub(crate) client_reference_id: Option<String>,
    pub(crate) metadata: Metadata,
    pub(crate) subscription_metadata: Metadata,
    pub(crate) subscription_description: Option<String>,
    pub(crate) trial_days: Option<u32>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) allow_promotion_codes: Option<bool>,
    pub(crate) automatic_tax: bool,
    pub(crate) locale: Option<String>,
}

/// A page that a customer subscribes on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) created: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) asked: NewSession,
    pub(crate) customer: Option<String>,
    pub(crate) status: SessionStatus,
    pub(crate) payment_status: PaymentStatus,
    pub(crate) subscription: Option<String>,
    pub(crate) invoice: Option<String>,
}

impl Session {
    pub(crate) fn open(asked: NewSession, now: Timestamp) -> Self {
        Self {
            id: ids::new_session(),
            created: now,
            expires_at: asked.expires_at.or(now.checked_add(LIFE).ok()).unwrap_or(now),
            customer: asked.customer.clone(),
            status: SessionStatus::Open,
            payment_status: PaymentStatus::Unpaid,
            subscription: None,
            invoice: None,
            asked,
        }
    }

    /// What it asks for, in cents.
    pub(crate) fn amount(&self) -> u64 {
        if self.asked.trial_days.is_some() { 0 } else { UNIT_AMOUNT * self.asked.quantity }
    }

    pub(crate) fn is_overdue(&self, now: Timestamp) -> bool {
        self.status == SessionStatus::Open && self.expires_at <= now
    }
}

/// <https://docs.stripe.com/api/checkout/sessions/object#checkout_session_object-status>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SessionStatus {
    Open,
    Complete,
    Expired,
}

/// <https://docs.stripe.com/api/checkout/sessions/object#checkout_session_object-payment_status>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PaymentStatus {
    Paid,
    Unpaid,
    /// There was nothing to pay: a trial.
    NoPaymentRequired,
}

impl SessionStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Complete => "complete",
            Self::Expired => "expired",
        }
    }
}
