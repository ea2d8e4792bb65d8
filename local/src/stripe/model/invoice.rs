//! Invoices: what one period costs, and whether it is paid.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{super::ids, Contact, Metadata, Period, Subscription};

/// The bill for one period.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Invoice {
    pub(crate) id: String,
    /// Such as `LOCAL-0001`.
    pub(crate) number: String,
    pub(crate) created: Timestamp,
    pub(crate) customer: String,
    pub(crate) contact: Contact,
    pub(crate) subscription: String,
    pub(crate) subscription_metadata: Metadata,
    pub(crate) item: String,
    pub(crate) line: String,
    pub(crate) price: String,
    pub(crate) quantity: u64,
    pub(crate) period: Period,
    pub(crate) amount: u64,
    pub(crate) reason: BillingReason,
    pub(crate) status: InvoiceStatus,
    pub(crate) attempts: u64,
    pub(crate) paid_at: Option<Timestamp>,
    pub(crate) next_attempt: Option<Timestamp>,
}

impl Invoice {
    /// The bill for the present period of `subscription`, not yet paid.
    pub(crate) fn issue(
        subscription: &Subscription,
        contact: Contact,
        reason: BillingReason,
        number: usize,
        now: Timestamp,
    ) -> Self {
        Self {
            id: ids::new("in_1"),
            number: format!("LOCAL-{number:04}"),
            created: now,
            customer: subscription.customer.clone(),
            contact,
            subscription: subscription.id.clone(),
            subscription_metadata: subscription.metadata.clone(),
            item: subscription.item.clone(),
            line: ids::new("il_1"),
            price: subscription.price.clone(),
            quantity: subscription.quantity,
            period: subscription.period,
            amount: subscription.amount(),
            reason,
            status: InvoiceStatus::Open,
            attempts: 0,
            paid_at: None,
            next_attempt: None,
        }
    }
}

/// <https://docs.stripe.com/api/invoices/object#invoice_object-billing_reason>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BillingReason {
    SubscriptionCreate,
    SubscriptionCycle,
}

/// <https://docs.stripe.com/api/invoices/object#invoice_object-status>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum InvoiceStatus {
    Open,
    Paid,
}
