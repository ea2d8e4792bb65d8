//! A store with a DynamoDB of its own, people, and what may be known of their subscriptions.

use std::collections::HashMap;

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use jiff::Timestamp;
use local::{
    dynamodb::{Data, Embedded},
    testing,
};
use shared::{
    aws::Aws,
    config::Env,
    domain::{
        Caller, Checkout, CustomerId, Entitlement, EventId, Ids, Subscription, SubscriptionStatus,
        Tier, UserId,
    },
    store::{Billing, BillingFacts, Lease, Leased, Store},
};

/// 2026-11-21T12:00:00Z.
pub(crate) const NOW: i64 = 1_795_262_400;
pub(crate) const HOUR: i64 = 3_600;
pub(crate) const DAY: i64 = 24 * HOUR;

pub(crate) struct Setting {
    pub(crate) store: Store,
    pub(crate) ids: Ids,
    client: Client,
    _dynamodb: Embedded,
}

/// The time, Unix seconds.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

pub(crate) fn now() -> Timestamp {
    at(NOW)
}

impl Setting {
    pub(crate) async fn start() -> Self {
        let dynamodb = Embedded::start(Data::Memory).await.unwrap();
        let env = dynamodb.env(Env::default());
        let aws = Aws::from_env(&env).unwrap();
        Self {
            store: Store::from_env(&env, &aws).unwrap(),
            ids: Ids::default(),
            client: Client::new(&aws.config("DYNAMODB")),
            _dynamodb: dynamodb,
        }
    }

    /// Somebody with an account, signed in.
    pub(crate) async fn user(&self) -> Caller {
        let number = testing::any_number();
        testing::open_account(&self.store, &self.ids, &testing::signup(&number, now())).await
    }

    pub(crate) async fn delete_account(&self, caller: &Caller) {
        let account = self.store.account(caller.user_id, now()).await.unwrap().unwrap();
        assert!(self.store.delete_account(caller, &account.user, now()).await.unwrap());
    }

    /// What is known of somebody's subscription, who is there or was.
    pub(crate) async fn billing(&self, user: UserId) -> Billing {
        self.store.billing(user).await.unwrap().unwrap()
    }

    pub(crate) fn lease(&self, caller: &Caller) -> Lease {
        Lease { user: caller.user_id, id: self.ids.next(now()) }
    }

    /// A lease that stands for half a minute from [`NOW`].
    pub(crate) async fn granted(&self, caller: &Caller) -> Lease {
        let lease = self.lease(caller);
        let leased = self.store.lease_checkout(caller, &lease, now(), at(NOW + 30)).await.unwrap();
        assert!(matches!(leased, Leased::Granted(_)), "{leased:?}");
        lease
    }

    /// Makes `customer` somebody's.
    pub(crate) async fn customer(&self, caller: &Caller, customer: &CustomerId) {
        let lease = self.granted(caller).await;
        assert!(self.store.keep_customer(&lease, customer).await.unwrap());
        self.store.release_checkout(&lease).await.unwrap();
    }

    /// Whose customer it is.
    pub(crate) async fn owner(&self, customer: &CustomerId) -> Option<UserId> {
        let event = event("evt_never_sent");
        self.store.owner_of_customer(customer, &event, now()).await.unwrap().user
    }

    pub(crate) async fn seen(&self, event: &EventId) -> bool {
        let customer = customer("cus_nobodys");
        self.store.owner_of_customer(&customer, event, now()).await.unwrap().seen
    }

    /// The profile of `user`, or its tombstone, as it is kept.
    pub(crate) async fn profile(&self, user: UserId) -> Option<HashMap<String, AttributeValue>> {
        let get = self.client.get_item().table_name("users").set_key(Some(profile_key(user)));
        get.consistent_read(true).send().await.unwrap().item
    }

    /// Sets an attribute of a profile, past all rules.
    pub(crate) async fn set(&self, user: UserId, name: &str, value: AttributeValue) {
        let update = self.client.update_item().table_name("users");
        let update =
            update.set_key(Some(profile_key(user))).update_expression("SET #name = :value");
        let update = update.expression_attribute_names("#name", name);
        update.expression_attribute_values(":value", value).send().await.unwrap();
    }
}

fn profile_key(user: UserId) -> HashMap<String, AttributeValue> {
    let key = [("pk", format!("user#{user}")), ("sk", "profile".to_owned())];
    key.map(|(name, value)| (name.to_owned(), AttributeValue::S(value))).into()
}

pub(crate) fn customer(id: &str) -> CustomerId {
    id.parse().unwrap()
}

pub(crate) fn event(id: &str) -> EventId {
    id.parse().unwrap()
}

/// A subscription of which everything is known.
pub(crate) fn subscription() -> Subscription {
    Subscription {
        id: "sub_1".parse().unwrap(),
        status: SubscriptionStatus::PastDue,
        price: Some("price_pro".to_owned()),
        created: NOW - 40 * DAY,
        current_period_end: Some(NOW + 20 * DAY),
        cancel_at: Some(NOW + 30 * DAY),
        cancel_at_period_end: true,
        past_due_since: Some(NOW - DAY),
    }
}

pub(crate) fn checkout() -> Checkout {
    Checkout {
        id: "cs_1".parse().unwrap(),
        url: "https://checkout.stripe.com/c/pay/cs_1#fid".to_owned(),
        price: "price_pro".to_owned(),
        created: NOW,
        expires: NOW + DAY,
    }
}

/// What is known next, after `read`: Pro for two days, and everything else that there can be.
pub(crate) fn pro_after(read: &Billing) -> Billing {
    Billing {
        version: read.version + 1,
        syncs: read.syncs + 1,
        entitlement: Entitlement { tier: Tier::Pro, until: Some(NOW + 2 * DAY) },
        due: Some(NOW + HOUR),
        facts: BillingFacts {
            subscription: Some(subscription()),
            checkout: Some(checkout()),
            ..read.facts.clone()
        },
        ..read.clone()
    }
}
