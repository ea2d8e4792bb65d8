//! What happens at Checkout.
//!
//! Since 2025-03-31.basil Checkout makes the subscription once the customer has paid, so that it is
//! `active` when it is first heard of; before, it began `incomplete` and became active when its invoice
//! was paid. The stand-in does as its version does:
//! <https://docs.stripe.com/changelog/basil/2025-03-31/checkout-legacy-subscription-upgrade>.
//!
//! A payment method that settles in the background leaves the session `complete` but `unpaid`, and the
//! subscription `incomplete` ("there's a pending payment", as
//! <https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses> has it) until the
//! money arrives.

use super::{
    super::model::{
        BillingReason, Metadata, NewSession, PaymentStatus, Session, SessionStatus, Status,
        Subscription,
    },
    Account, Change, Refusal, SessionVerb,
};

impl Account {
    /// Opens a session.
    pub(crate) fn open_session(&mut self, asked: NewSession) -> Session {
        let session = Session::open(asked, self.now);
        self.sessions.push(session.clone());
        session
    }

    /// Whether the time of any open session has come.
    pub(crate) fn has_overdue_sessions(&self, now: jiff::Timestamp) -> bool {
        self.sessions.iter().any(|session| session.is_overdue(now))
    }

    /// Expires the sessions whose time has come.
    pub(crate) fn expire_overdue_sessions(&mut self) {
        let overdue: Vec<_> = self
            .sessions
            .iter()
            .filter(|session| session.is_overdue(self.now))
            .map(|session| session.id.clone())
            .collect();
        for id in overdue {
            self.edit_session(&id, |session| session.status = SessionStatus::Expired);
            self.record_session("checkout.session.expired", &id);
        }
    }

    /// Lets `verb` happen to the session `id`.
    pub(crate) fn on_session(&mut self, verb: SessionVerb, id: &str) -> Result<Change, Refusal> {
        let mark = self.events.mark();
        self.check(verb, id)?;
        match verb {
            SessionVerb::Pay => self.pay(id)?,
            SessionVerb::PayLater => self.pay_later(id)?,
            SessionVerb::PaymentArrives => self.payment_arrives(id)?,
            SessionVerb::PaymentFailsLater => self.payment_fails_later(id)?,
            SessionVerb::Expire => {
                self.edit_session(id, |session| session.status = SessionStatus::Expired);
                self.record_session("checkout.session.expired", id);
            }
            // The customer is told on the page; the integration hears nothing of it.
            SessionVerb::Decline => {}
        }
        let session = self.known_session(id)?;
        Ok(self.change(self.show_session(session), mark))
    }

    /// Refuses what can't happen to the session as it is.
    fn check(&self, verb: SessionVerb, id: &str) -> Result<(), Refusal> {
        let session = self.known_session(id)?;
        let refused = |state: &str| Err(Refusal::illegal("session", verb.name(), state));
        let settles_later = matches!(
            (session.status, session.payment_status),
            (SessionStatus::Complete, PaymentStatus::Unpaid)
        );
        match verb {
            SessionVerb::PaymentArrives | SessionVerb::PaymentFailsLater if !settles_later => {
                refused("not waiting for a payment")
            }
            SessionVerb::PaymentArrives | SessionVerb::PaymentFailsLater => {
                let subscription = session.subscription.as_deref();
                match subscription.and_then(|id| self.subscription(id)) {
                    Some(Subscription { status: Status::Incomplete, .. }) => Ok(()),
                    _ => refused("one whose subscription waits for nothing any more"),
                }
            }
            _ if session.status != SessionStatus::Open => refused(session.status.as_str()),
            SessionVerb::Pay | SessionVerb::PayLater if !self.can_pay(session) => {
                refused("a deleted customer's")
            }
            _ => Ok(()),
        }
    }

    fn can_pay(&self, session: &Session) -> bool {
        let customer = session.customer.as_deref().and_then(|id| self.customer(id));
        customer.is_none_or(|customer| !customer.deleted)
    }

    fn pay(&mut self, id: &str) -> Result<(), Refusal> {
        let first = if self.view.version.is_legacy() { Status::Incomplete } else { Status::Active };
        let subscription = self.subscribe(id, first)?;
        let invoice = self.bill(&subscription, BillingReason::SubscriptionCreate)?;
        self.record_subscription("customer.subscription.created", &subscription);
        self.mark_paid(&invoice);
        self.amend(&subscription, |subscription| {
            subscription.default_payment_method = Some("pm_1Local".to_owned());
            if subscription.status == Status::Incomplete {
                subscription.status = Status::Active;
            }
        });
        let trial = self.known_session(id)?.asked.trial_days.is_some();
        let paid = if trial { PaymentStatus::NoPaymentRequired } else { PaymentStatus::Paid };
        self.complete(id, subscription, invoice, paid);
        Ok(())
    }

    fn pay_later(&mut self, id: &str) -> Result<(), Refusal> {
        let subscription = self.subscribe(id, Status::Incomplete)?;
        let invoice = self.bill(&subscription, BillingReason::SubscriptionCreate)?;
        self.record_subscription("customer.subscription.created", &subscription);
        self.complete(id, subscription, invoice, PaymentStatus::Unpaid);
        Ok(())
    }

    fn payment_arrives(&mut self, id: &str) -> Result<(), Refusal> {
        let session = self.known_session(id)?.clone();
        self.mark_paid(session.invoice.as_deref().unwrap_or_default());
        self.amend(session.subscription.as_deref().unwrap_or_default(), |subscription| {
            subscription.status = Status::Active;
        });
        self.edit_session(id, |session| session.payment_status = PaymentStatus::Paid);
        self.record_session("checkout.session.async_payment_succeeded", id);
        Ok(())
    }

    fn payment_fails_later(&mut self, id: &str) -> Result<(), Refusal> {
        let session = self.known_session(id)?.clone();
        self.attempt_fails(session.invoice.as_deref().unwrap_or_default(), "payment_failed");
        self.record_session("checkout.session.async_payment_failed", id);
        Ok(())
    }

    /// The subscription that the session asks for; without an event yet.
    fn subscribe(&mut self, id: &str, status: Status) -> Result<String, Refusal> {
        let session = self.known_session(id)?.clone();
        let customer = session.customer.clone().unwrap_or_else(|| {
            let contact = self.contact(&session);
            self.create_customer(contact, None, Metadata::new())
        });
        self.edit_session(id, |session| session.customer = Some(customer.clone()));
        let subscription = Subscription::begin(&session, customer, status, self.now);
        let subscription_id = subscription.id.clone();
        self.subscriptions.push(subscription);
        Ok(subscription_id)
    }

    fn complete(&mut self, id: &str, subscription: String, invoice: String, paid: PaymentStatus) {
        self.edit_session(id, |session| {
            session.status = SessionStatus::Complete;
            session.payment_status = paid;
            session.subscription = Some(subscription);
            session.invoice = Some(invoice);
        });
        self.record_session("checkout.session.completed", id);
    }

    fn known_session(&self, id: &str) -> Result<&Session, Refusal> {
        self.session(id).ok_or_else(|| Refusal::unknown("session", id))
    }

    fn edit_session(&mut self, id: &str, edit: impl FnOnce(&mut Session)) {
        if let Some(session) = self.sessions.iter_mut().find(|session| session.id == id) {
            edit(session);
        }
    }

    fn record_session(&mut self, kind: &str, id: &str) {
        if let Some(shown) = self.session(id).map(|session| self.show_session(session)) {
            self.record(kind, shown, None);
        }
    }
}
