//! What a delivery is about.
//!
//! Of an event only its id, its type and the ids of what it is about are understood, because only
//! they are the same in every version of Stripe's API; and because events come late, twice and in
//! any order, an event is no more than a reason to ask Stripe how things stand. So nothing else of
//! it can be wrong either: a field of an unexpected shape is as if it were not there.
//!
//! | type | about | leads to |
//! |---|---|---|
//! | `checkout.session.completed`, `.async_payment_succeeded` | session, customer, subscription | subscription fetched: the user may be Pro |
//! | `checkout.session.async_payment_failed` | session, customer, subscription | subscription fetched: it was not paid |
//! | `checkout.session.expired` | session, customer | the next attempt needs a new session |
//! | `customer.subscription.created`, `.updated`, `.deleted`, `.paused`, `.resumed`, `.trial_will_end`, `.pending_update_applied`, `.pending_update_expired` | subscription, customer | subscription fetched: the tier follows its status |
//! | `invoice.paid`, `.payment_succeeded` | customer, subscription | subscription fetched: a new period |
//! | `invoice.payment_failed`, `.payment_action_required`, `.finalization_failed`, `.voided`, `.marked_uncollectible` | customer, subscription | subscription fetched: it may be `past_due` or over |
//! | `customer.deleted` | customer | the user has no customer and no subscription |
//! | any other | customer and subscription, if it has them | nothing |
//!
//! Where an invoice keeps its subscription has changed: at the top until 2025, since
//! `2025-03-31.basil` in its `parent`
//! (<https://docs.stripe.com/changelog/basil/2025-03-31/adds-new-parent-field-to-invoicing-objects>).

use std::str::FromStr;

use serde_json::Value;

use shared::domain::{CheckoutId, CustomerId, EventId, SubscriptionId};

/// The longest type, bytes. The longest that there is has about 90.
const LONGEST_KIND: usize = 255;

/// The types that lead to something.
const ACTED_ON: [&str; 20] = [
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "checkout.session.expired",
    "customer.deleted",
    "customer.subscription.created",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.pending_update_applied",
    "customer.subscription.pending_update_expired",
    "customer.subscription.resumed",
    "customer.subscription.trial_will_end",
    "customer.subscription.updated",
    "invoice.finalization_failed",
    "invoice.marked_uncollectible",
    "invoice.paid",
    "invoice.payment_action_required",
    "invoice.payment_failed",
    "invoice.payment_succeeded",
    "invoice.voided",
];

/// Why a body is no event. Says nothing of what it held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// It is not JSON, or nested deeper than 128 levels.
    #[error("the body is not JSON")]
    NotJson,
    /// Its `id` is missing or no id.
    #[error("the event has no id")]
    BadId,
    /// Its `type` is missing or no name.
    #[error("the event has no type")]
    BadKind,
}

/// An event, as far as it is understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Which one.
    pub id: EventId,
    /// Its `type`, such as `invoice.paid`: visible ASCII, at most 255 bytes.
    pub kind: String,
    /// Whom and what it concerns.
    pub about: About,
}

/// What an event leads to. Empty for a thin event, which has no object in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// The customer.
    pub customer: Option<CustomerId>,
    /// The subscription.
    pub subscription: Option<SubscriptionId>,
    /// The Checkout session.
    pub checkout_session: Option<CheckoutId>,
}

impl Event {
    /// Reads a body whose signature has been verified, in any version of the API.
    pub fn parse(body: &[u8]) -> Result<Self, EventError> {
        let event: Value = serde_json::from_slice(body).map_err(|_| EventError::NotJson)?;
        Ok(Self {
            id: own_id(&event).ok_or(EventError::BadId)?,
            kind: kind(&event["type"]).ok_or(EventError::BadKind)?,
            about: match event["object"].as_str() {
                // Thin: it names what it is about in other terms, and is of no type that matters.
                Some("v2.core.event") => About::default(),
                _ => About::of(&event["data"]["object"]),
            },
        })
    }

    /// Whether it is of a type that leads to something. Any other is received and left at that.
    #[must_use]
    pub fn matters(&self) -> bool {
        ACTED_ON.contains(&self.kind.as_str())
    }
}

impl Event {
    /// The session that is over by this event, for good: neither a paid nor an expired one opens again.
    #[must_use]
    pub fn ends_checkout(&self) -> Option<&CheckoutId> {
        let over =
            matches!(self.kind.as_str(), "checkout.session.completed" | "checkout.session.expired");
        self.about.checkout_session.as_ref().filter(|_| over)
    }
}

impl About {
    fn of(object: &Value) -> Self {
        let about = Self {
            customer: named(&object["customer"]),
            subscription: named(&object["subscription"]),
            checkout_session: None,
        };
        match object["object"].as_str() {
            Some("checkout.session") => Self { checkout_session: own_id(object), ..about },
            Some("subscription") => Self { subscription: own_id(object), ..about },
            Some("customer") => Self { customer: own_id(object), ..about },
            Some("invoice") => Self { subscription: subscription_of_invoice(object), ..about },
            _ => about,
        }
    }
}

fn subscription_of_invoice(invoice: &Value) -> Option<SubscriptionId> {
    let lines = invoice["lines"]["data"].as_array().map_or(&[][..], Vec::as_slice);
    named(&invoice["subscription"])
        .or_else(|| named(&invoice["parent"]["subscription_details"]["subscription"]))
        .or_else(|| lines.iter().find_map(subscription_of_line))
}

fn subscription_of_line(line: &Value) -> Option<SubscriptionId> {
    let parent = &line["parent"];
    named(&line["subscription"])
        .or_else(|| named(&parent["subscription_item_details"]["subscription"]))
        .or_else(|| named(&parent["invoice_item_details"]["subscription"]))
}

/// The id of `object`.
fn own_id<T: FromStr>(object: &Value) -> Option<T> {
    object["id"].as_str()?.parse().ok()
}

/// What is named here: by its id, or by the whole object in the id's place.
fn named<T: FromStr>(place: &Value) -> Option<T> {
    place.as_str().map_or_else(|| own_id(place), |id| id.parse().ok())
}

/// A type is logged and compared, so it may be any that Stripe comes to think of, but no prose.
/// Brackets occur: `v2.core.account[configuration.customer].updated`.
fn kind(place: &Value) -> Option<String> {
    let kind = place.as_str()?;
    let fits = (1..=LONGEST_KIND).contains(&kind.len());
    (fits && kind.bytes().all(|byte| byte.is_ascii_graphic())).then(|| kind.to_owned())
}

#[cfg(test)]
mod tests;
