//! What is known of subscriptions: `shared::store::billing`.

use shared::{
    domain::{Entitlement, EventId, Subscription, SubscriptionStatus, Tier},
    store::{Billing, BillingFacts, Owner, Recorded},
};

use super::{Row, checkouts, row};
use crate::world::{Person, World, later};

/// The reconciler's bound.
const LISTED: u16 = 100;

/// What the source of a function says that hands events to the ledger, and of one that tells it of
/// customers who may be gone.
const HAS_EVENTS: &str = "event: Some(";
const DOUBTS_CUSTOMERS: &str = "doubt_customer:";

pub(super) async fn rows() -> Vec<Row> {
    let mut rows = news().await;
    rows.push(a_customer_is_gone().await);
    rows.extend(reconciling().await);
    rows
}

/// A new event of Stripe's; its ids have this length.
fn event(n: u8) -> EventId {
    format!("evt_1TwelveLettersAndSoOn{n:03}").parse().unwrap()
}

/// A subscription as Stripe has it when it is paid.
fn paid(world: &World) -> Subscription {
    let now = world.now();
    Subscription {
        id: "sub_1TwelveLettersAndSoOn000".parse().unwrap(),
        status: SubscriptionStatus::Active,
        price: Some(checkouts::PRICE.to_owned()),
        created: now.as_second(),
        current_period_end: Some(later(now, 30 * 24).as_second()),
        cancel_at: None,
        cancel_at_period_end: false,
        past_due_since: None,
    }
}

/// What is written when a checkout was paid.
fn pro(world: &World, read: &Billing) -> Billing {
    Billing {
        version: read.version + 1,
        syncs: read.syncs + 1,
        entitlement: Entitlement { tier: Tier::Pro, until: None },
        due: Some(later(world.now(), 24).as_second()),
        facts: BillingFacts {
            subscription: Some(paid(world)),
            checkout: None,
            ..read.facts.clone()
        },
        ..read.clone()
    }
}

/// Somebody with Pro, and what is known of that.
pub(super) async fn subscriber(world: &World) -> (Person, Billing) {
    let person = checkouts::buyer(world).await;
    let user = person.caller.user_id;
    let read = world.store.billing(user).await.unwrap().unwrap();
    let next = pro(world, &read);
    let done = world.store.record_billing(user, &read, &next, None, world.now()).await.unwrap();
    assert_eq!(done, Recorded::Done);
    (person, next)
}

async fn news() -> Vec<Row> {
    let world = World::new().await;
    let person = checkouts::buyer(&world).await;
    let (user, now, [first, second]) = (person.caller.user_id, world.now(), [1, 2].map(event));
    let customer = checkouts::customer(&person);
    let whose = row!("Whose customer an event is about, and whether it was applied before",
        world.owner_of_customer(&customer, &first, now) => Owner { user: Some(_), seen: false });
    let known = row!("What is known of a user's subscription", world.billing(user) => Some(_));
    let read = world.store.billing(user).await.unwrap().unwrap();
    let paid = pro(&world, &read);
    let applied = row!("Write what Stripe says, with the event by which it came: a checkout is paid",
        world.record_billing(user, &read, &paid, Some(&first), now) => Recorded::Done);
    let known_already = row!("Remember an event whose news are stored already",
        world.remember_event(&second, now) => Recorded::Done);
    let mut ending = Billing { version: paid.version + 1, syncs: paid.syncs + 1, ..paid.clone() };
    ending.facts.subscription =
        ending.facts.subscription.map(|paid| Subscription { cancel_at_period_end: true, ..paid });
    let asked = row!("Write what Stripe says, unasked: it ends with its period",
        world.record_billing(user, &paid, &ending, None, now) => Recorded::Done);
    vec![whose, known, applied.only_where(HAS_EVENTS), known_already.only_where(HAS_EVENTS), asked]
}

async fn a_customer_is_gone() -> Row {
    let world = World::new().await;
    let (person, read) = subscriber(&world).await;
    let ended = Subscription { status: SubscriptionStatus::Canceled, ..paid(&world) };
    let gone = Billing {
        version: read.version + 1,
        syncs: read.syncs + 1,
        customer_attempt: 1,
        entitlement: Entitlement::NONE,
        due: None,
        facts: BillingFacts { subscription: Some(ended), ..BillingFacts::default() },
        ..read.clone()
    };
    let (user, now) = (person.caller.user_id, world.now());
    let row = row!("Write that a customer is gone, and the subscription with them",
        world.record_billing(user, &read, &gone, None, now) => Recorded::Done);
    row.only_where(DOUBTS_CUSTOMERS)
}

async fn reconciling() -> Vec<Row> {
    let world = World::new().await;
    for _ in 0..7 {
        subscriber(&world).await;
    }
    let (person, _) = subscriber(&world).await;
    let (user, now) = (person.caller.user_id, later(world.now(), 25));
    let put_off = later(now, 1).as_second();
    let due = row!("The users to ask Stripe about: eight",
        world.billing_due(LISTED, now) => users if users.len() == 8);
    let postponed = row!("Put a user off", world.postpone_billing(user, put_off, now) => ());
    let account = &person.account.user;
    assert!(world.store.delete_account(&person.caller, account, now).await.unwrap());
    let read = world.store.billing(user).await.unwrap().unwrap();
    let ended = row!("Forget what a deleted account had at Stripe, once that is cancelled",
        world.end_billing(user, &read) => Recorded::Done);
    vec![due, postponed, ended]
}
