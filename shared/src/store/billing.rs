//! Billing: what is known of a user's subscription, kept on the profile beside the tier that follows
//! from it.
//!
//! Whoever writes any of it moves `billing_version` on, and what was fetched from the payment provider
//! is only written if no one has written since the version was read, which was before the fetch. So
//! what is stored is never replaced by something older, in whatever order and however often events
//! come. (Leases and due dates decide nothing, and move no version.)

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Store, StoreError, corrupt,
    keys::{self, Item, SHARDS, n, s, secs},
    write::{Transacted, Write},
};
use crate::domain::{Checkout, CustomerId, Entitlement, EventId, Subscription, Tier, UserId};

/// The condition on a profile that its user has Pro at `:at` (Unix seconds); `:pro` is the tier's
/// name. [`Entitlement::tier_at`] is the same, read from an item.
pub(super) const PRO: &str =
    "(tier = :pro AND (attribute_not_exists(pro_until) OR pro_until > :at))";

/// How long an event is remembered: the provider sends it again for three days, and an operator may
/// for thirty (<https://docs.stripe.com/webhooks#automatic-retries>).
const REMEMBERED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What is known of one user's subscription.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Billing {
    /// Moves on with every write.
    pub version: u64,
    /// How often the provider was asked and the answer written.
    pub syncs: u64,
    /// How often a customer had to be made under a new idempotency key.
    pub customer_attempt: u32,
    /// What follows from the subscription.
    pub entitlement: Entitlement,
    /// When to ask the provider about it, Unix seconds.
    pub due: Option<i64>,
    /// How often that was put off since the provider last answered, or a new reason to ask came.
    pub put_off: u32,
    /// The account is deleted: what is left is to cancel the subscription.
    pub deleted: bool,
    /// What the provider said.
    pub facts: BillingFacts,
}

/// What the payment provider said last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BillingFacts {
    /// The user, as the provider knows them.
    pub customer: Option<CustomerId>,
    /// The subscription that counts.
    pub subscription: Option<Subscription>,
    /// A checkout that may still be paid.
    pub checkout: Option<Checkout>,
}

/// Whom an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The customer's user; none if it is nobody's.
    pub user: Option<UserId>,
    /// The event was applied before.
    pub seen: bool,
}

/// What became of a write of [`BillingFacts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It is written.
    Done,
    /// Somebody else has written since the version was read: fetch again.
    Moved,
    /// The event was applied meanwhile.
    Seen,
}

impl Billing {
    /// What a profile, or the tombstone of one, tells.
    pub(super) fn of(item: &Item) -> Result<Self, StoreError> {
        let tier: Option<Tier> = read(item, "tier")?;
        let due: Option<String> = read(item, "billing_due")?;
        Ok(Self {
            version: read(item, "billing_version")?.unwrap_or_default(),
            syncs: read(item, "billing_syncs")?.unwrap_or_default(),
            customer_attempt: read(item, "customer_attempt")?.unwrap_or_default(),
            entitlement: Entitlement {
                tier: tier.unwrap_or_default(),
                until: read(item, "pro_until")?,
            },
            due: due.map(|due| due.parse()).transpose().map_err(corrupt)?,
            put_off: read(item, "billing_put_off")?.unwrap_or_default(),
            deleted: item.contains_key("deleted_at"),
            facts: BillingFacts {
                customer: read(item, "stripe_customer")?,
                subscription: read(item, "subscription")?,
                checkout: read(item, "checkout")?,
            },
        })
    }
}

impl Store {
    /// What is known of a user's subscription, of a deleted account too; none if nothing is left of
    /// the user. One round trip.
    pub async fn billing(&self, user: UserId) -> Result<Option<Billing>, StoreError> {
        let item = self.get_user_item(keys::profile(user)).await?;
        item.as_ref().map(Billing::of).transpose()
    }

    /// Whom `event` about `customer` concerns, and whether it was applied before. One round trip.
    pub async fn owner_of_customer(
        &self,
        customer: &CustomerId,
        event: &EventId,
        now: Timestamp,
    ) -> Result<Owner, StoreError> {
        let (customer, event) = (keys::customer(customer), keys::event(event));
        let keys = KeysAndAttributes::builder()
            .keys(customer.clone())
            .keys(event)
            .consistent_read(true)
            .build()
            .map_err(corrupt)?;
        let answer =
            self.client.batch_get_item().request_items(&self.tables.users, keys).send().await?;
        if answer.unprocessed_keys.is_some_and(|left| !left.is_empty()) {
            return Err(StoreError::Unavailable("throttled".to_owned()));
        }
        let mut owner = Owner { user: None, seen: false };
        for item in answer.responses.into_iter().flat_map(HashMap::into_values).flatten() {
            if item.get("pk") == customer.get("pk") {
                owner.user = read(&item, "user_id")?;
            } else {
                let expires_at: Option<i64> = read(&item, "expires_at")?;
                owner.seen = expires_at.is_some_and(|at| at > now.as_second());
            }
        }
        Ok(owner)
    }

    /// Writes `next` over `read`, together with the event that it came by, if one did. It is written
    /// even where nothing has changed: whoever has asked the provider before that is not to write
    /// any more. One round trip.
    pub async fn record_billing(
        &self,
        user: UserId,
        read: &Billing,
        next: &Billing,
        event: Option<&EventId>,
        now: Timestamp,
    ) -> Result<Recorded, StoreError> {
        let mut writes: Vec<_> =
            event.map(|event| self.seen(event, now)).into_iter().collect::<Result<_, _>>()?;
        writes.push(self.billing_write(user, read, next)?);
        if let (Some(freed), None) = (&read.facts.customer, &next.facts.customer) {
            writes.push(Write::delete(&self.tables.users, keys::customer(freed)));
        }
        Ok(match self.transact(writes).await? {
            Transacted::Done => Recorded::Done,
            Transacted::Refused(refused) if event.is_some() && refused[0].is_some() => {
                Recorded::Seen
            }
            Transacted::Refused(_) => Recorded::Moved,
        })
    }

    /// Remembers an event whose news are stored already. One round trip.
    pub async fn remember_event(
        &self,
        event: &EventId,
        now: Timestamp,
    ) -> Result<Recorded, StoreError> {
        Ok(match self.transact(vec![self.seen(event, now)?]).await? {
            Transacted::Done => Recorded::Done,
            Transacted::Refused(_) => Recorded::Seen,
        })
    }

    fn billing_write(
        &self,
        user: UserId,
        read: &Billing,
        next: &Billing,
    ) -> Result<Write, StoreError> {
        let shard = next.due.map(|_| n(keys::shard(user.to_bytes())));
        let attributes = [
            ("billing_version", Some(n(read.version + 1))),
            ("billing_syncs", Some(n(read.syncs + 1))),
            ("customer_attempt", Some(n(next.customer_attempt))),
            ("billing_shard", shard),
            ("billing_due", next.due.map(|due| s(keys::due(due)))),
            ("billing_put_off", None),
            ("tier", Some(s(next.entitlement.tier.as_str()))),
            ("pro_until", next.entitlement.until.map(n)),
            ("stripe_customer", next.facts.customer.as_ref().map(s)),
            ("subscription", written(next.facts.subscription.as_ref())?),
            ("checkout", written(next.facts.checkout.as_ref())?),
        ];
        Ok(unmoved(Write::assign(&self.tables.users, keys::profile(user), attributes), read))
    }

    fn seen(&self, event: &EventId, now: Timestamp) -> Result<Write, StoreError> {
        let mut item = keys::event(event);
        let expires_at = now.saturating_add(REMEMBERED).map_err(corrupt)?;
        item.insert("expires_at".to_owned(), secs(expires_at));
        Ok(Write::put(&self.tables.users, item)
            .only_if("attribute_not_exists(pk) OR expires_at <= :now")
            .value(":now", secs(now)))
    }

    /// Users to ask the provider about, at most `limit` of each of the index's partitions, the longest
    /// due first. One round trip for each partition, all at once.
    pub async fn billing_due(&self, limit: u16, now: Timestamp) -> Result<Vec<UserId>, StoreError> {
        let queries = (0..SHARDS).map(|shard| {
            self.client
                .query()
                .table_name(&self.tables.users)
                .index_name(keys::BILLING_INDEX)
                .key_condition_expression("billing_shard = :shard AND billing_due <= :now")
                .expression_attribute_values(":shard", n(shard))
                .expression_attribute_values(":now", s(keys::due(now.as_second())))
                .limit(limit.into())
                .send()
        });
        let answers = futures_util::future::try_join_all(queries).await?;
        let items = answers.into_iter().flat_map(|answer| answer.items.unwrap_or_default());
        items.map(|item| keys::user_of(&item)).collect()
    }

    /// Asks about a user again at `due`, Unix seconds, and counts that, unless another time was set by
    /// somebody else since. One round trip.
    pub async fn postpone_billing(
        &self,
        user: UserId,
        due: i64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let expression = "SET billing_due = :due ADD billing_put_off :one";
        let write = Write::update(&self.tables.users, keys::profile(user), expression)
            .only_if("billing_due <= :now")
            .value(":due", s(keys::due(due)))
            .value(":one", n(1))
            .value(":now", s(keys::due(now.as_second())));
        self.update(write).await.map(drop)
    }

    /// Forgets the subscription of a deleted account, once it is cancelled: the tombstone may go.
    /// One round trip.
    pub async fn end_billing(&self, user: UserId, read: &Billing) -> Result<Recorded, StoreError> {
        let names = [
            "billing_shard",
            "billing_due",
            "billing_put_off",
            "stripe_customer",
            "subscription",
            "checkout",
        ];
        let attributes = names.map(|name| (name, None));
        let end = Write::assign(&self.tables.users, keys::profile(user), attributes);
        let mut writes = vec![unmoved(end, read)];
        if let Some(customer) = &read.facts.customer {
            writes.push(Write::delete(&self.tables.users, keys::customer(customer)));
        }
        Ok(match self.transact(writes).await? {
            Transacted::Done => Recorded::Done,
            Transacted::Refused(_) => Recorded::Moved,
        })
    }
}

/// Only if nobody has written since `read`, and the account was not deleted since.
fn unmoved(write: Write, read: &Billing) -> Write {
    let version = match read.version {
        0 => "attribute_not_exists(billing_version)",
        _ => "billing_version = :version",
    };
    let deleted = if read.deleted { "attribute_exists" } else { "attribute_not_exists" };
    let write =
        write.only_if(format!("attribute_exists(pk) AND {version} AND {deleted}(deleted_at)"));
    if read.version == 0 { write } else { write.value(":version", n(read.version)) }
}

/// The attribute `name`, if it is there.
fn read<T: DeserializeOwned>(item: &Item, name: &str) -> Result<Option<T>, StoreError> {
    let value = item.get(name).cloned();
    value.map(|value| serde_dynamo::from_attribute_value(value).map_err(corrupt)).transpose()
}

/// `value` as an attribute.
pub(super) fn written<T: Serialize>(
    value: Option<&T>,
) -> Result<Option<AttributeValue>, StoreError> {
    value.map(|value| serde_dynamo::to_attribute_value(value).map_err(corrupt)).transpose()
}
