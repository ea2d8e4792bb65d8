//! The life of a subscription.

use super::{
    super::{
        model::{Status, Subscription, is_price},
        wire,
    },
    Account, Change, End, Refusal, SubscriptionVerb, Update,
};

impl Account {
    /// Lets `verb` happen to the subscription `id`.
    pub(crate) fn on_subscription(
        &mut self,
        verb: &SubscriptionVerb,
        id: &str,
    ) -> Result<Change, Refusal> {
        let mark = self.events.mark();
        let now = self.now;
        let subscription = self.known_subscription(id)?;
        if !verb.is_legal(subscription) {
            let state = subscription.status.as_str();
            return Err(Refusal::illegal("subscription", verb.name(), state));
        }
        let ends = subscription.cancel_at_period_end;
        match verb {
            SubscriptionVerb::Renew => self.renew(id, Subscription::advance)?,
            SubscriptionVerb::FailPayment => self.fail(id, "payment_failed")?,
            SubscriptionVerb::RequireAction => self.fail(id, "payment_action_required")?,
            SubscriptionVerb::Recover => self.recover(id)?,
            SubscriptionVerb::GiveUp => self.give_up(id),
            SubscriptionVerb::Pause => {
                self.amend(id, |subscription| subscription.status = Status::Paused);
                self.record_subscription("customer.subscription.paused", id);
            }
            SubscriptionVerb::Resume => {
                self.renew(id, |subscription| subscription.begin_period(now))?;
                self.record_subscription("customer.subscription.resumed", id);
            }
            SubscriptionVerb::CancelAtPeriodEnd => {
                self.amend(id, |subscription| subscription.cancel_at_period_end(true, now));
            }
            SubscriptionVerb::Keep => {
                self.amend(id, |subscription| subscription.cancel_at_period_end(false, now));
            }
            SubscriptionVerb::Cancel => self.end(id)?,
            SubscriptionVerb::EndPeriod if ends => self.end(id)?,
            SubscriptionVerb::EndPeriod => {
                self.renew(id, |subscription| subscription.begin_period(now))?;
            }
            SubscriptionVerb::Trial { days } => {
                self.amend(id, |subscription| subscription.begin_trial(*days, now));
            }
            SubscriptionVerb::ChangePrice { price } => {
                if !is_price(price) {
                    return Err(Refusal::unknown("price", price));
                }
                self.amend(id, |subscription| subscription.price.clone_from(price));
            }
        }
        let subscription = self.known_subscription(id)?;
        Ok(self.change(self.show_subscription(subscription), mark))
    }

    /// What an integration asks for.
    pub(crate) fn update_subscription(&mut self, id: &str, update: Update) {
        let now = self.now;
        self.amend(id, |subscription| {
            if let Some(cancel) = update.cancel_at_period_end {
                subscription.cancel_at_period_end(cancel, now);
            }
            if let Some(end) = update.cancel_at {
                let at = match end {
                    End::At(at) => Some(at),
                    End::Never => None,
                };
                subscription.cancel_at_period_end = false;
                subscription.cancel_at(at, now);
            }
            if let Some(price) = update.price {
                subscription.price = price;
            }
            if let Some(quantity) = update.quantity {
                subscription.quantity = quantity;
            }
            if update.description.is_some() {
                subscription.description = update.description;
            }
            for (name, value) in update.metadata {
                if value.is_empty() {
                    subscription.metadata.remove(&name);
                } else {
                    subscription.metadata.insert(name, value);
                }
            }
        });
    }

    /// All attempts to be paid have failed.
    fn give_up(&mut self, id: &str) {
        self.amend(id, |subscription| {
            subscription.status = match subscription.status {
                Status::Incomplete => Status::IncompleteExpired,
                _ => Status::Unpaid,
            };
        });
    }

    /// Ends a subscription now.
    pub(super) fn end(&mut self, id: &str) -> Result<(), Refusal> {
        let now = self.now;
        let subscription = self.subscriptions.iter_mut().find(|known| known.id == id);
        subscription.ok_or_else(|| Refusal::unknown("subscription", id))?.end(now);
        self.record_subscription("customer.subscription.deleted", id);
        Ok(())
    }

    /// Changes a subscription, and says so if that made a difference.
    pub(super) fn amend(&mut self, id: &str, edit: impl FnOnce(&mut Subscription)) {
        let version = self.view.version;
        let Some(subscription) = self.subscriptions.iter_mut().find(|known| known.id == id) else {
            return;
        };
        let before = wire::subscription(subscription, version);
        edit(subscription);
        let after = wire::subscription(subscription, version);
        if before != after {
            let previous = wire::previous_attributes(&before, &after);
            self.record("customer.subscription.updated", after, Some(previous));
        }
    }

    pub(super) fn known_subscription(&self, id: &str) -> Result<&Subscription, Refusal> {
        self.subscription(id).ok_or_else(|| Refusal::unknown("subscription", id))
    }

    pub(super) fn record_subscription(&mut self, kind: &str, id: &str) {
        if let Some(shown) = self.subscription(id).map(|known| self.show_subscription(known)) {
            self.record(kind, shown, None);
        }
    }
}
