//! A reconciler with a DynamoDB and a Stripe of its own.

use std::ops::Deref;

use aws_sdk_dynamodb::types::AttributeValue;
use billing::Hint;
use jiff::{SignedDuration, Timestamp};
use local::testing::{Buyer, Payments};
use reconciler::{Reconciler, Report};
use shared::{
    domain::{Caller, Tier},
    store::{Account, Billing},
};

pub(crate) const START: &str = "2026-11-21T10:00:00Z";
/// Where nobody listens.
pub(crate) const NOBODY: &str = "http://127.0.0.1:1";

pub(crate) const NOTHING_DUE: Report = Report { synced: 0, closed: 0, nothing: 0, put_off: 0 };
pub(crate) const ONE_SYNCED: Report = Report { synced: 1, ..NOTHING_DUE };
pub(crate) const ONE_CLOSED: Report = Report { closed: 1, ..NOTHING_DUE };

pub(crate) struct Host {
    pub(crate) reconciler: Reconciler,
    payments: Payments,
}

impl Deref for Host {
    type Target = Payments;

    fn deref(&self) -> &Payments {
        &self.payments
    }
}

impl Host {
    pub(crate) async fn start() -> Self {
        let payments = Payments::start(START).await;
        let reconciler = Reconciler::from_env(&payments.env(), payments.clock.clone()).await;
        Self { reconciler: reconciler.unwrap(), payments }
    }

    /// A reconciler in another environment.
    pub(crate) async fn reconciler_with(&self, name: &str, value: &str) -> Reconciler {
        Reconciler::from_env(&self.env().with(name, value), self.clock.clone()).await.unwrap()
    }

    pub(crate) async fn run(&self) -> Report {
        self.reconciler.run().await.unwrap()
    }

    pub(crate) fn pass(&self, time: SignedDuration) {
        self.clock.advance(time);
    }

    pub(crate) fn set_second(&self, second: i64) {
        self.clock.set(Timestamp::from_second(second).unwrap());
    }

    /// Asserts that a second before `second` nothing is due, and then this one user is.
    pub(crate) async fn assert_due_at(&self, second: i64) {
        self.set_second(second - 1);
        self.assert_nothing_due().await;
        self.set_second(second);
        assert_eq!(self.run().await, ONE_SYNCED);
        self.assert_nothing_due().await;
    }

    /// Asserts that a run has nothing to do, and does not call Stripe.
    pub(crate) async fn assert_nothing_due(&self) {
        self.stripe.clear_requests();
        assert_eq!(self.run().await, NOTHING_DUE);
        assert_eq!(self.stripe.requests(), []);
    }
}

/// People.
impl Host {
    /// Somebody who has paid, and of whom Parley was told.
    pub(crate) async fn subscriber(&self) -> (Buyer, String) {
        let buyer = self.buyer().await;
        self.stripe.pay(&buyer.session).unwrap();
        self.tell(&buyer).await;
        assert_eq!(self.standing(&buyer).await, (Tier::Pro, "active".to_owned()));
        let subscription = self.subscription_of(&buyer);
        (buyer, subscription)
    }

    /// Parley is told that something has happened, as by a webhook.
    pub(crate) async fn tell(&self, buyer: &Buyer) {
        let hint = Hint { ended_checkout: buyer.session.parse().ok(), ..Hint::default() };
        self.ledger().sync(buyer.caller.user_id, &hint).await.unwrap();
    }

    pub(crate) async fn known(&self, caller: &Caller) -> Billing {
        self.billing(caller).await.unwrap()
    }

    /// The tier that counts now, and the status of the subscription.
    pub(crate) async fn standing(&self, buyer: &Buyer) -> (Tier, String) {
        let billing = self.known(&buyer.caller).await;
        let status = billing.facts.subscription.map(|s| s.status.as_str().to_owned());
        (billing.entitlement.tier_at(self.now()), status.unwrap_or_default())
    }

    /// When the stored period ends, Unix seconds.
    pub(crate) async fn period_end(&self, buyer: &Buyer) -> i64 {
        let subscription = self.known(&buyer.caller).await.facts.subscription.unwrap();
        subscription.current_period_end.unwrap()
    }

    pub(crate) async fn delete_account(&self, caller: &Caller) {
        let Account { user, .. } =
            self.store.account(caller.user_id, self.now()).await.unwrap().unwrap();
        assert!(self.store.delete_account(caller, &user, self.now()).await.unwrap());
    }

    /// Writes an attribute of a user's profile by hand.
    pub(crate) async fn set(&self, caller: &Caller, name: &str, value: AttributeValue) {
        self.client
            .update_item()
            .table_name("users")
            .key("pk", AttributeValue::S(format!("user#{}", caller.user_id)))
            .key("sk", AttributeValue::S("profile".to_owned()))
            .update_expression("SET #name = :value")
            .expression_attribute_names("#name", name)
            .expression_attribute_values(":value", value)
            .send()
            .await
            .unwrap();
    }
}
