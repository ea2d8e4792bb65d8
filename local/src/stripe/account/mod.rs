//! The account: all that Stripe keeps of it, and what may be done to that.
//!
//! Every change makes the events that Stripe would make, with snapshots of the objects as they then
//! are. Nothing here waits, sends or writes.

mod billing;
mod change;
mod checkout;
mod customers;
mod events;
mod refusal;
mod subscriptions;
mod update;
mod verbs;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use change::Change;
pub use events::{Attempt, Event, Made};
pub(crate) use events::{Cause, EventLog};
pub use refusal::Refusal;
pub(crate) use update::{End, Update};
pub(crate) use verbs::{SessionVerb, SubscriptionVerb};

use super::{
    model::{Contact, Customer, Invoice, PortalSession, Session, Subscription},
    version::ApiVersion,
    wire,
};

/// All objects, the oldest first.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Account {
    customers: Vec<Customer>,
    sessions: Vec<Session>,
    subscriptions: Vec<Subscription>,
    invoices: Vec<Invoice>,
    portal_sessions: Vec<PortalSession>,
    pub(crate) events: EventLog,
    #[serde(skip)]
    view: View,
    #[serde(skip)]
    now: Timestamp,
}

/// How objects are shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct View {
    pub(crate) version: ApiVersion,
    /// Where the stand-in serves its pages, without a slash at the end.
    pub(crate) base: String,
}

impl Account {
    /// Shows its objects in this way from here on.
    pub(crate) fn show_as(&mut self, view: View) {
        self.view = view;
    }

    /// All that follows happens at `now`, because of `cause`.
    pub(crate) fn at(&mut self, now: Timestamp, cause: Cause) {
        self.now = now;
        self.events.because_of(cause);
    }

    pub(crate) fn customers(&self) -> &[Customer] {
        &self.customers
    }

    /// The customer `id`, deleted or not.
    pub(crate) fn customer(&self, id: &str) -> Option<&Customer> {
        self.customers.iter().find(|customer| customer.id == id)
    }

    pub(crate) fn session(&self, id: &str) -> Option<&Session> {
        self.sessions.iter().find(|session| session.id == id)
    }

    pub(crate) fn sessions(&self) -> &[Session] {
        &self.sessions
    }

    pub(crate) fn subscription(&self, id: &str) -> Option<&Subscription> {
        self.subscriptions.iter().find(|subscription| subscription.id == id)
    }

    pub(crate) fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    pub(crate) fn portal_session(&self, id: &str) -> Option<&PortalSession> {
        self.portal_sessions.iter().find(|session| session.id == id)
    }

    pub(crate) fn show_session(&self, session: &Session) -> Value {
        wire::session(session, &self.contact(session), &self.view.base, self.view.version)
    }

    pub(crate) fn show_line_items(&self, session: &Session) -> Value {
        wire::line_items(session, self.view.version)
    }

    pub(crate) fn show_subscription(&self, subscription: &Subscription) -> Value {
        wire::subscription(subscription, self.view.version)
    }

    pub(crate) fn show_invoice(&self, id: &str) -> Option<Value> {
        let invoice = self.invoices.iter().find(|invoice| invoice.id == id)?;
        Some(wire::invoice(invoice, self.view.version))
    }

    pub(crate) fn show_portal_session(&self, session: &PortalSession) -> Value {
        wire::portal_session(session, &self.view.base)
    }

    /// Who is at this session: the customer, or who it says that it is for.
    fn contact(&self, session: &Session) -> Contact {
        let customer = session.customer.as_deref().and_then(|id| self.customer(id));
        customer.map_or_else(
            || Contact { email: session.asked.customer_email.clone(), ..Contact::default() },
            |customer| customer.contact.clone(),
        )
    }

    /// Makes an event of any type about any object.
    pub(crate) fn emit(&mut self, kind: &str, object: Value) -> Made {
        self.record(kind, object, None)
    }

    /// Makes an event.
    fn record(&mut self, kind: &str, object: Value, previous: Option<Value>) -> Made {
        self.events.record(kind, object, previous, self.view.version, self.now)
    }

    /// What came of a change that began at `mark`.
    fn change(&self, object: Value, mark: u64) -> Change {
        Change { object, events: self.events.made_since(mark) }
    }
}
