//! What Stripe keeps, without the shape that it shows it in: [`super::wire`] renders these.

mod invoice;
mod session;
mod subscription;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use invoice::{BillingReason, Invoice, InvoiceStatus};
pub(crate) use session::{NewSession, PaymentStatus, Session, SessionStatus};
pub(crate) use subscription::{Period, Status, Subscription};

/// What an integration attached to an object.
pub(crate) type Metadata = BTreeMap<String, String>;

/// The price that Parley Pro is sold at unless a session names another.
pub const DEFAULT_PRICE: &str = "price_local_pro";

/// What every price costs a month, in cents of a US dollar.
pub(crate) const UNIT_AMOUNT: u64 = 999;

/// There is a price of every id that looks like one, but this: it is for tests.
pub(crate) fn is_price(id: &str) -> bool {
    id.starts_with("price_") && id != "price_missing"
}

/// Who pays.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Customer {
    pub(crate) id: String,
    pub(crate) created: Timestamp,
    pub(crate) contact: Contact,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Metadata,
    /// A deleted customer can still be asked for, and is shown as such.
    pub(crate) deleted: bool,
}

/// How a customer is reached.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Contact {
    pub(crate) email: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) phone: Option<String>,
}

/// A customer's visit to the billing portal.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PortalSession {
    pub(crate) id: String,
    pub(crate) created: Timestamp,
    pub(crate) customer: String,
    pub(crate) return_url: Option<String>,
}
