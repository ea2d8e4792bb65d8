//! The ledger: makes what is stored of a user's subscription follow from what Stripe says now.
//!
//! An event is only the occasion to ask. What was asked for is written if nobody has written since
//! the question was put; else the question is put again. So events may come late, twice, in any
//! order and all at once: what is stored is always what Stripe said last.

use std::{sync::Arc, time::Duration};

use shared::{
    config::{ConfigError, Env},
    domain::{
        CheckoutId, Clock, CustomerId, Entitlement, EventId, Subscription, SubscriptionStatus,
        UserId, subscription,
    },
    store::{Billing, BillingFacts, Recorded, Store, StoreError},
};

use crate::{Stripe, StripeFailed};

/// How often it begins anew because somebody else has written in between, and the longest wait before
/// that, with full jitter.
const TRIES: u32 = 8;
const LONGEST_WAIT: Duration = Duration::from_millis(400);

/// Makes users' tiers follow from their subscriptions.
#[derive(Clone)]
pub struct Ledger {
    store: Store,
    stripe: Stripe,
    clock: Arc<dyn Clock>,
    grace: Duration,
}

/// What an occasion tells beyond "ask".
#[derive(Debug, Clone, Default)]
pub struct Hint {
    /// The event that is applied: never twice.
    pub event: Option<EventId>,
    /// A session that is over. That is final, so it need not be asked about.
    pub ended_checkout: Option<CheckoutId>,
    /// The customer may be gone.
    pub doubt_customer: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Synced {
    /// What is stored is what Stripe says.
    Stored {
        /// What is stored.
        billing: Box<Billing>,
        /// Whether this call has changed the subscription, or what it entitles to.
        changed: bool,
    },
    /// The event was applied meanwhile, by another delivery of it.
    Seen,
    /// The account is deleted, or there never was one: nothing was written.
    Gone,
}

/// Nothing was written; worth another try.
#[derive(Debug, thiserror::Error)]
pub enum SyncFailed {
    /// DynamoDB.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Stripe.
    #[error(transparent)]
    Stripe(#[from] StripeFailed),
    /// Others wrote again and again in between.
    #[error("the subscription is being written by others")]
    Contended,
}

impl Ledger {
    /// From `SUBSCRIPTION_GRACE_SECONDS` (259,200: three days; 0 for none).
    pub fn from_env(
        env: &Env,
        store: Store,
        stripe: Stripe,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ConfigError> {
        let grace = Duration::from_secs(env.parse("SUBSCRIPTION_GRACE_SECONDS", 3 * 24 * 3_600)?);
        Ok(Self { store, stripe, clock, grace })
    }

    /// The tables.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Stripe.
    #[must_use]
    pub fn stripe(&self) -> &Stripe {
        &self.stripe
    }

    /// Asks Stripe about `user`'s subscription and writes what follows. A call to DynamoDB, one to
    /// Stripe, and one to DynamoDB; again if somebody else writes in between.
    pub async fn sync(&self, user: UserId, hint: &Hint) -> Result<Synced, SyncFailed> {
        match self.store.billing(user).await? {
            Some(read) => self.sync_from(user, read, hint).await,
            None => Ok(Synced::Gone),
        }
    }

    /// The same by who has just `read` what is known of `user`.
    pub async fn sync_from(
        &self,
        user: UserId,
        mut read: Billing,
        hint: &Hint,
    ) -> Result<Synced, SyncFailed> {
        let at_first = read.syncs;
        for tried in 0..TRIES {
            if tried > 0 {
                tokio::time::sleep(LONGEST_WAIT.mul_f64(rand::random())).await;
                let Some(again) = self.store.billing(user).await? else { return Ok(Synced::Gone) };
                read = again;
            }
            if read.deleted {
                return Ok(Synced::Gone);
            }
            // The second of two that have written since has read what the first wrote, and asked
            // Stripe after that: after the first read. So what is stored holds its news already.
            if read.syncs >= at_first + 2 && hint.is_met_by(&read) {
                return self.remember(read, hint).await;
            }
            let said = self.ask(&read, hint).await?;
            let next = self.next(user, &read, said, hint);
            let (event, now) = (hint.event.as_ref(), self.clock.now());
            match self.store.record_billing(user, &read, &next, event, now).await? {
                Recorded::Done => {
                    let changed = tell(user, &read, &next);
                    return Ok(Synced::Stored { billing: Box::new(next), changed });
                }
                Recorded::Seen => return Ok(Synced::Seen),
                Recorded::Moved => {}
            }
        }
        Err(SyncFailed::Contended)
    }

    /// What is stored holds the event's news already: only the event itself is written.
    async fn remember(&self, read: Billing, hint: &Hint) -> Result<Synced, SyncFailed> {
        if let Some(event) = &hint.event
            && self.store.remember_event(event, self.clock.now()).await? == Recorded::Seen
        {
            return Ok(Synced::Seen);
        }
        Ok(Synced::Stored { billing: Box::new(read), changed: false })
    }

    /// Ends what a deleted account has at Stripe: an open session, and the customer with every
    /// subscription. It may be called again whenever it has failed.
    pub async fn close(&self, user: UserId, read: &Billing) -> Result<(), SyncFailed> {
        if let Some(checkout) = &read.facts.checkout {
            self.stripe.expire_checkout(&checkout.id).await?;
        }
        if let Some(customer) = &read.facts.customer {
            self.stripe.delete_customer(customer).await?;
        }
        match self.store.end_billing(user, read).await? {
            Recorded::Done | Recorded::Seen => Ok(()),
            Recorded::Moved => Err(SyncFailed::Contended),
        }
    }

    async fn ask(&self, read: &Billing, hint: &Hint) -> Result<Said, StripeFailed> {
        let Some(customer) = &read.facts.customer else { return Ok(Said::default()) };
        if hint.doubt_customer && !self.stripe.has_customer(customer).await? {
            return Ok(Said::default());
        }
        match self.stripe.subscriptions(customer).await {
            Ok(subscriptions) => Ok(Said { customer: Some(customer.clone()), subscriptions }),
            Err(error) if error.is_missing() && !self.stripe.has_customer(customer).await? => {
                Ok(Said::default())
            }
            Err(error) => Err(error),
        }
    }

    /// What is to be stored, now that Stripe has said this.
    fn next(&self, user: UserId, read: &Billing, said: Said, hint: &Hint) -> Billing {
        let now = self.clock.now();
        let known = read.facts.subscription.as_ref();
        let alive = said.subscriptions.iter().filter(|said| !said.status.is_final()).count();
        if alive > 1 {
            tracing::warn!(user_id = %user, alive, "more than one subscription is paid for");
        }
        // Stripe would give the deleted customer again to the key under which it was made.
        let lost = read.facts.customer.is_some() && said.customer.is_none();
        let began = said.subscriptions.iter().map(|said| said.created).max();
        let checkout = read.facts.checkout.clone().filter(|checkout| {
            // What began after it was opened was paid in it.
            let over = hint.ended_checkout.as_ref() == Some(&checkout.id)
                || began.is_some_and(|began| began > checkout.created);
            !over && said.customer.is_some() && checkout.next_check(now).is_some()
        });
        let seen = said.subscriptions.into_iter().map(|said| said.seen_after(known, now));
        let subscription = subscription::deciding(seen, self.grace, now)
            // What Stripe does not know any more has ended.
            .or_else(|| known.cloned().map(ended));
        let due = [
            subscription.as_ref().and_then(|s| s.next_check(self.grace, now)),
            checkout.as_ref().and_then(|checkout| checkout.next_check(now)),
        ];
        Billing {
            version: read.version + 1,
            syncs: read.syncs + 1,
            customer_attempt: read.customer_attempt + u32::from(lost),
            entitlement: subscription
                .as_ref()
                .map_or(Entitlement::NONE, |s| s.entitlement(self.grace)),
            due: due.into_iter().flatten().min(),
            put_off: 0,
            deleted: false,
            facts: BillingFacts { customer: said.customer, subscription, checkout },
        }
    }
}

impl Hint {
    /// Whether what is stored leaves nothing of it to be done but to remember the event.
    fn is_met_by(&self, read: &Billing) -> bool {
        let stored = read.facts.checkout.as_ref().map(|checkout| &checkout.id);
        !self.doubt_customer && (stored.is_none() || stored != self.ended_checkout.as_ref())
    }
}

/// What Stripe says.
#[derive(Debug, Default)]
struct Said {
    /// None if they are gone.
    customer: Option<CustomerId>,
    subscriptions: Vec<Subscription>,
}

fn ended(subscription: Subscription) -> Subscription {
    if subscription.status.is_final() {
        return subscription;
    }
    Subscription { status: SubscriptionStatus::Canceled, past_due_since: None, ..subscription }
}

/// Logs a change of the subscription, or of what it entitles to; whether there was one.
fn tell(user: UserId, read: &Billing, next: &Billing) -> bool {
    let status = |billing: &Billing| billing.facts.subscription.as_ref().map(|s| s.status.clone());
    let was = status(read);
    let is = status(next);
    let changed = was != is || read.entitlement != next.entitlement;
    if changed {
        let was = was.as_ref().map_or("none", SubscriptionStatus::as_str);
        let is = is.as_ref().map_or("none", SubscriptionStatus::as_str);
        let tier = next.entitlement.tier.as_str();
        tracing::info!(user_id = %user, was, is, tier, until = next.entitlement.until, "subscription");
    }
    changed
}
