//! Opening a checkout: one request at a time for each user, by a lease on the profile, so that there
//! is one customer and one open session however many ask at once.

use jiff::Timestamp;

use super::{
    Billing, Store, StoreError,
    billing::written,
    keys::{self, ms, n, s},
    live::{LIVE, as_caller, is_live},
    write::{Outcome, Transacted, Write},
};
use crate::domain::{AttemptId, Caller, Checkout, CustomerId, UserId};

/// The right to open a checkout for one user, for a while.
#[derive(Debug, Clone)]
pub struct Lease {
    /// Whose checkout.
    pub user: UserId,
    /// Which lease.
    pub id: AttemptId,
}

/// What became of asking for a lease.
#[derive(Debug)]
pub enum Leased {
    /// It is the caller's; what is known of their subscription.
    Granted(Box<Billing>),
    /// Another request has it.
    Taken,
    /// The caller's session has ended.
    SessionEnded,
}

/// The condition that a lease is still held, and the account still there. Use with [`Lease::on`].
const HELD: &str = "checkout_lease = :lease AND attribute_not_exists(deleted_at)";

impl Lease {
    fn on(&self, write: Write) -> Write {
        write.value(":lease", s(self.id))
    }
}

impl Store {
    /// Takes the lease `lease` for the caller until `until`, unless another one stands. One round
    /// trip.
    pub async fn lease_checkout(
        &self,
        caller: &Caller,
        lease: &Lease,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Leased, StoreError> {
        let write = Write::update(
            &self.tables.users,
            keys::profile(lease.user),
            "SET checkout_lease = :lease, checkout_lease_until = :until",
        )
        .only_if(format!(
            // The last one for the SDK, which sends it again if the first answer was lost.
            "{LIVE} AND (attribute_not_exists(checkout_lease) OR checkout_lease_until <= :now \
             OR checkout_lease = :lease)"
        ))
        .value(":now", ms(now))
        .value(":until", ms(until));
        match self.update(as_caller(lease.on(write), caller)).await? {
            Outcome::Done(item) => Ok(Leased::Granted(Box::new(Billing::of(&item)?))),
            Outcome::Refused(Some(item)) if is_live(&item, caller) => Ok(Leased::Taken),
            Outcome::Refused(_) => Ok(Leased::SessionEnded),
        }
    }

    /// Gives a lease back, if it is still held. One round trip.
    pub async fn release_checkout(&self, lease: &Lease) -> Result<(), StoreError> {
        let write = Write::update(
            &self.tables.users,
            keys::profile(lease.user),
            "REMOVE checkout_lease, checkout_lease_until",
        )
        .only_if(HELD);
        self.update(lease.on(write)).await.map(drop)
    }

    /// Makes `customer` the holder of the lease's. `false` if the lease is lost, or the account is
    /// gone. One round trip.
    pub async fn keep_customer(
        &self,
        lease: &Lease,
        customer: &CustomerId,
    ) -> Result<bool, StoreError> {
        let profile = Write::update(
            &self.tables.users,
            keys::profile(lease.user),
            "SET stripe_customer = :customer ADD billing_version :one",
        )
        .only_if(format!("{HELD} AND attribute_not_exists(stripe_customer)"))
        .value(":customer", s(customer))
        .value(":one", n(1));
        let mut owner = keys::customer(customer);
        owner.insert("user_id".to_owned(), s(lease.user));
        let owner = Write::put(&self.tables.users, owner)
            .only_if("attribute_not_exists(pk) OR user_id = :user")
            .value(":user", s(lease.user));
        Ok(matches!(self.transact(vec![lease.on(profile), owner]).await?, Transacted::Done))
    }

    /// The next customer is made under another idempotency key: the provider holds on to a failure
    /// under the last one. One round trip.
    pub async fn count_customer_attempt(&self, lease: &Lease) -> Result<(), StoreError> {
        let write = Write::update(
            &self.tables.users,
            keys::profile(lease.user),
            "ADD customer_attempt :one, billing_version :one",
        )
        .only_if(HELD)
        .value(":one", n(1));
        self.update(lease.on(write)).await.map(drop)
    }

    /// Keeps the session that was opened, to be asked about at `due` (Unix seconds), and gives the
    /// lease back. `false` if it was lost, or the account is gone. One round trip.
    pub async fn keep_checkout(
        &self,
        lease: &Lease,
        checkout: &Checkout,
        due: Option<i64>,
    ) -> Result<bool, StoreError> {
        let due = due.unwrap_or(checkout.expires);
        let write = Write::update(
            &self.tables.users,
            keys::profile(lease.user),
            "SET checkout = :checkout, billing_shard = :shard, billing_due = :due \
             REMOVE billing_put_off, checkout_lease, checkout_lease_until ADD billing_version :one",
        )
        .only_if(HELD)
        .value(":shard", n(keys::shard(lease.user.to_bytes())))
        .value(":due", s(keys::due(due)))
        .value(":one", n(1));
        let write = match written(Some(checkout))? {
            Some(checkout) => write.value(":checkout", checkout),
            None => write,
        };
        Ok(match self.update(lease.on(write)).await? {
            Outcome::Done(_) => true,
            // It is there already if the answer to the first try was lost, and the SDK tried again.
            Outcome::Refused(item) => item.is_some_and(|item| {
                Billing::of(&item).is_ok_and(|kept| kept.facts.checkout.as_ref() == Some(checkout))
            }),
        })
    }
}
