//! Opening a checkout: `shared::store::checkouts`, and `idempotency` for requests whose effect is at
//! another server.

use jiff::SignedDuration;
use shared::{
    domain::{Checkout, CustomerId},
    store::{Begun, FirstAnswer, Lease, Leased, Underway},
};

use super::{Row, row};
use crate::world::{HASH, Person, World, later};

/// As long as Stripe's ids of prices are.
pub(super) const PRICE: &str = "price_1TwelveLettersAndSoOn00";
/// How long a lease stands, and a request is under way.
const LEASE: SignedDuration = SignedDuration::from_secs(30);

pub(super) async fn rows() -> Vec<Row> {
    let mut rows = leasing().await;
    rows.extend(announcing().await);
    rows
}

/// Who somebody is at Stripe, whose ids of customers are that long.
pub(super) fn customer(person: &Person) -> CustomerId {
    format!("cus_{}", &person.caller.user_id.to_string()[12..]).parse().unwrap()
}

/// A session, with id and URL as long as in <https://docs.stripe.com/api/checkout/sessions/object>.
fn checkout(world: &World) -> Checkout {
    let (id, now) = (format!("cs_live_a1{}", "x".repeat(56)), world.now());
    Checkout {
        url: format!("https://checkout.stripe.com/c/pay/{id}#{}", "x".repeat(260)),
        id: id.parse().unwrap(),
        price: PRICE.to_owned(),
        created: now.as_second(),
        expires: later(now, 24).as_second(),
    }
}

async fn leased(world: &World, person: &Person) -> Lease {
    let (lease, now) = (Lease { user: person.caller.user_id, id: world.id() }, world.now());
    let until = now.checked_add(LEASE).unwrap();
    let leased = world.store.lease_checkout(&person.caller, &lease, now, until).await.unwrap();
    assert!(matches!(leased, Leased::Granted(_)), "{leased:?}");
    lease
}

/// Somebody with an open checkout.
pub(super) async fn buyer(world: &World) -> Person {
    let person = world.person().await;
    let (lease, session) = (leased(world, &person).await, checkout(world));
    assert!(world.store.keep_customer(&lease, &customer(&person)).await.unwrap());
    let due = session.next_check(world.now());
    assert!(world.store.keep_checkout(&lease, &session, due).await.unwrap());
    person
}

async fn leasing() -> Vec<Row> {
    let world = World::new().await;
    let person = world.person().await;
    let (lease, now) = (Lease { user: person.caller.user_id, id: world.id() }, world.now());
    let (until, customer, session) =
        (now.checked_add(LEASE).unwrap(), customer(&person), checkout(&world));
    let due = session.next_check(now);
    let mut rows = vec![
        row!("Take the lease to open a checkout",
            world.lease_checkout(&person.caller, &lease, now, until) => Leased::Granted(_)),
        row!("Count a customer that could not be made", world.count_customer_attempt(&lease) => ()),
        row!("Keep a new customer, and whose it is",
            world.keep_customer(&lease, &customer) => true),
        row!("Keep a new checkout session, and give the lease back",
            world.keep_checkout(&lease, &session, due) => true),
    ];
    let lease = leased(&world, &person).await;
    rows.push(row!("Give the lease back", world.release_checkout(&lease) => ()));
    rows
}

async fn announcing() -> Vec<Row> {
    let world = World::new().await;
    let person = world.person().await;
    let (now, session) = (world.now(), checkout(&world));
    let until = now.checked_add(LEASE).unwrap();
    let request = |key: &str| Underway {
        user: person.caller.user_id,
        key: key.to_owned(),
        fingerprint: HASH.to_owned(),
        attempt: world.id(),
    };
    let key = world.claim().key;
    let (first, again, other) = (request(&key), request(&key), request("another"));
    // The body has the URL twice, under both of its names.
    let body = format!("{}{}{}", session.id, session.url, session.url);
    let answer = FirstAnswer { location: session.url, body };
    let announced = row!("Announce a request with an idempotency key",
        world.begin_request(&first, now, until) => Begun::First);
    let completed = row!("Keep the answer to an announced request",
        world.complete_request(&first, &answer) => ());
    let replayed = row!("Announce a request that was answered before",
        world.begin_request(&again, now, until) => Begun::Replayed(_));
    world.store.begin_request(&other, now, until).await.unwrap();
    let abandoned = row!("Forget an announced request that had no effect",
        world.abandon_request(&other) => ());
    vec![announced, completed, replayed, abandoned]
}
