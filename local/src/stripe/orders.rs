//! What a test tells the stand-in, and asks it.

use serde_json::Value;

use super::{
    account::{Cause, Change, Event, Made, Refusal, SessionVerb, SubscriptionVerb},
    behaviour::Behaviour,
    delivery::{Delivered, WebhookSettings},
    lock::lock,
    requests::Received,
    stand_in::StandIn,
};

/// Webhooks.
impl StandIn {
    /// Events go to `url` too from here on; it is a plain `http://` one. What arose while there was no
    /// target waits for the first.
    pub fn deliver_to(&self, url: &str) {
        self.state.delivery.add_target(url);
    }

    /// Delivers webhooks like this from here on.
    pub fn webhooks(&self, settings: WebhookSettings) {
        self.state.delivery.set(settings);
    }

    /// All events, oldest first: those not delivered yet, and the latest 2,000 others.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.state.store.read(|account| account.events.all().to_vec())
    }

    /// Delivers these events once to every target, whatever is set; they may repeat. One after the
    /// other, in this order, or all at the same time.
    ///
    /// # Errors
    /// An event is unknown, or there is no target.
    pub async fn deliver<I: AsRef<str>>(
        &self,
        ids: &[I],
        parallel: bool,
    ) -> Result<Vec<Delivered>, Refusal> {
        let ids: Vec<_> = ids.iter().map(|id| id.as_ref().to_owned()).collect();
        self.state.delivery.deliver_now(&ids, parallel).await
    }

    /// Makes an event of any type about any object.
    #[expect(clippy::must_use_candidate, reason = "what it makes may be all that is wanted")]
    pub fn emit(&self, kind: &str, object: Value) -> Made {
        self.state.store.change(Cause::default(), |account| account.emit(kind, object))
    }
}

/// API calls.
impl StandIn {
    /// Adds a behaviour; it goes before those added earlier.
    pub fn on(&self, behaviour: Behaviour) {
        lock(&self.state.behaviours).add(behaviour);
    }

    /// Forgets all behaviours.
    pub fn clear_behaviours(&self) {
        lock(&self.state.behaviours).clear();
    }

    /// The latest 1,000 API calls, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Received> {
        lock(&self.state.requests).all()
    }

    /// Forgets them.
    pub fn clear_requests(&self) {
        lock(&self.state.requests).clear();
    }
}

/// What there is, as the API shows it.
impl StandIn {
    /// All customers; those that are deleted say `"deleted": true`.
    #[must_use]
    pub fn customers(&self) -> Vec<Value> {
        self.state.customers()
    }

    /// A Checkout session.
    #[must_use]
    pub fn session(&self, id: &str) -> Option<Value> {
        self.state
            .store
            .read(|account| account.session(id).map(|known| account.show_session(known)))
    }

    /// All Checkout sessions, oldest first.
    #[must_use]
    pub fn sessions(&self) -> Vec<Value> {
        self.state.store.read(|account| {
            account.sessions().iter().map(|known| account.show_session(known)).collect()
        })
    }

    /// A subscription.
    #[must_use]
    pub fn subscription(&self, id: &str) -> Option<Value> {
        self.state
            .store
            .read(|account| account.subscription(id).map(|known| account.show_subscription(known)))
    }

    /// All subscriptions of a customer, ended ones too, oldest first.
    #[must_use]
    pub fn subscriptions_of(&self, customer: &str) -> Vec<Value> {
        self.state.store.read(|account| {
            let all = account.subscriptions().iter();
            all.filter(|known| known.customer == customer)
                .map(|known| account.show_subscription(known))
                .collect()
        })
    }
}

/// What happens to a Checkout session.
///
/// # Errors
/// All of these: the session is unknown, or is in a state in which this can't happen.
impl StandIn {
    /// The customer pays with a card; the change's object names the subscription.
    pub fn pay(&self, session: &str) -> Result<Change, Refusal> {
        self.on_session(SessionVerb::Pay, session)
    }

    /// The customer pays in a way that settles later.
    pub fn pay_later(&self, session: &str) -> Result<Change, Refusal> {
        self.on_session(SessionVerb::PayLater, session)
    }

    /// The money of [`Self::pay_later`] arrives.
    pub fn payment_arrives(&self, session: &str) -> Result<Change, Refusal> {
        self.on_session(SessionVerb::PaymentArrives, session)
    }

    /// The money of [`Self::pay_later`] doesn't arrive.
    pub fn payment_fails_later(&self, session: &str) -> Result<Change, Refusal> {
        self.on_session(SessionVerb::PaymentFailsLater, session)
    }

    /// The session is over.
    pub fn expire(&self, session: &str) -> Result<Change, Refusal> {
        self.on_session(SessionVerb::Expire, session)
    }

    /// The customer's card is declined: nothing changes.
    pub fn decline(&self, session: &str) -> Result<Change, Refusal> {
        self.on_session(SessionVerb::Decline, session)
    }

    fn on_session(&self, verb: SessionVerb, id: &str) -> Result<Change, Refusal> {
        self.state.store.change(Cause::default(), |account| account.on_session(verb, id))
    }
}

/// What happens to a subscription.
///
/// # Errors
/// All of these: the subscription is unknown, or is in a state in which this can't happen.
impl StandIn {
    /// The next period begins where this one ends, and is paid.
    pub fn renew(&self, subscription: &str) -> Result<Change, Refusal> {
        self.on_subscription(&SubscriptionVerb::Renew, subscription)
    }

    /// The next period begins, and can't be paid. If one can't already, one more attempt fails.
    pub fn fail_payment(&self, subscription: &str) -> Result<Change, Refusal> {
        self.on_subscription(&SubscriptionVerb::FailPayment, subscription)
    }

    /// The same as [`Self::fail_payment`], but that the bank asks something of the customer.
    pub fn require_action(&self, subscription: &str) -> Result<Change, Refusal> {
        self.on_subscription(&SubscriptionVerb::RequireAction, subscription)
    }

    /// The open invoice is paid after all.
    pub fn recover(&self, subscription: &str) -> Result<Change, Refusal> {
        self.on_subscription(&SubscriptionVerb::Recover, subscription)
    }

    /// The open invoice never is.
    pub fn give_up(&self, subscription: &str) -> Result<Change, Refusal> {
        self.on_subscription(&SubscriptionVerb::GiveUp, subscription)
    }

    /// It is paused.
    pub fn pause(&self, subscription: &str) -> Result<Change, Refusal> {
        self.on_subscription(&SubscriptionVerb::Pause, subscription)
    }

    /// It goes on after a pause, with a new period from now.
    pub fn resume(&self, subscription: &str) -> Result<Change, Refusal> {
        self.on_subscription(&SubscriptionVerb::Resume, subscription)
    }

    /// It is to end with the present period.
    pub fn cancel_at_period_end(&self, subscription: &str) -> Result<Change, Refusal> {
        self.on_subscription(&SubscriptionVerb::CancelAtPeriodEnd, subscription)
    }

    /// It is not to end after all.
    pub fn keep(&self, subscription: &str) -> Result<Change, Refusal> {
        self.on_subscription(&SubscriptionVerb::Keep, subscription)
    }

    /// It ends now.
    pub fn cancel(&self, subscription: &str) -> Result<Change, Refusal> {
        self.on_subscription(&SubscriptionVerb::Cancel, subscription)
    }

    /// The period ends now: so does the subscription if it was to, else it renews.
    pub fn end_period(&self, subscription: &str) -> Result<Change, Refusal> {
        self.on_subscription(&SubscriptionVerb::EndPeriod, subscription)
    }

    /// A trial of so many days begins now.
    pub fn trial(&self, subscription: &str, days: u32) -> Result<Change, Refusal> {
        self.on_subscription(&SubscriptionVerb::Trial { days }, subscription)
    }

    /// It is of another price from here on.
    pub fn change_price(&self, subscription: &str, price: &str) -> Result<Change, Refusal> {
        let verb = SubscriptionVerb::ChangePrice { price: price.to_owned() };
        self.on_subscription(&verb, subscription)
    }

    fn on_subscription(&self, verb: &SubscriptionVerb, id: &str) -> Result<Change, Refusal> {
        self.state.store.change(Cause::default(), |account| account.on_subscription(verb, id))
    }
}

/// What happens to a customer.
impl StandIn {
    /// Deletes a customer and ends all that they pay for.
    ///
    /// # Errors
    /// There is no such customer, or it is deleted already.
    pub fn delete_customer(&self, customer: &str) -> Result<Change, Refusal> {
        self.state.store.change(Cause::default(), |account| account.delete_customer(customer))
    }
}
