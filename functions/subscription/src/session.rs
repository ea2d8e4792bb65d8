//! The one customer and the one open checkout session of a user.
//!
//! However many requests come at once, a user has one of each: whoever has the lease makes them, the
//! others wait for what comes of it.

use std::time::Duration;

use billing::{Hint, NewCheckout, SessionState, Synced};
use jiff::Timestamp;
use shared::{
    domain::{Caller, Checkout, CustomerId, Tier, UserId},
    http::{Problem, Result},
    store::{Billing, Lease, Leased},
};

use crate::{State, checkout::later};

/// How long a request waits before it looks again what came of another one's lease, at the most.
const LOOK_AGAIN: Duration = Duration::from_millis(400);
/// A session this young is given again without asking Stripe whether it still stands.
const YOUNG: i64 = 60;
/// A session that ends sooner is not worth paying in.
const TIME_TO_PAY: i64 = 600;

/// What came of a lease.
enum Opened {
    /// A session was opened and kept, and the lease given back with that.
    New(Checkout),
    /// One that was open already is given again.
    Standing(Checkout),
}

impl Opened {
    fn into_checkout(self) -> Checkout {
        match self {
            Self::New(checkout) | Self::Standing(checkout) => checkout,
        }
    }
}

/// The caller's open checkout: the one that stands, or a new one. `billing` is what was just read.
pub(crate) async fn open(state: &State, caller: &Caller, mut billing: Billing) -> Result<Checkout> {
    let lease = Lease { user: caller.user_id, id: state.ids.next(state.clock.now()) };
    if is_unsettled(&billing) {
        // What is stored may be behind: a subscription that has ended meanwhile is in nobody's way.
        refuse_if_pro(&billing, state.clock.now())?;
        billing = ask(state, caller.user_id, &Hint::default()).await?;
    }
    loop {
        let now = state.clock.now();
        refuse_unless_free(&billing, now)?;
        if let Some(young) = young(state, &billing, now) {
            return Ok(young);
        }
        match state.store().lease_checkout(caller, &lease, now, later(now)?).await? {
            Leased::Granted(billing) => {
                let opened = open_with(state, &lease, *billing).await;
                if let Ok(Opened::New(checkout)) = opened {
                    return Ok(checkout);
                }
                if let Err(error) = state.store().release_checkout(&lease).await {
                    tracing::warn!(%error, "a lease stands until it runs out");
                }
                return opened.map(Opened::into_checkout);
            }
            Leased::Taken => {}
            Leased::SessionEnded => return Err(Problem::session_ended()),
        }
        tokio::time::sleep(LOOK_AGAIN.mul_f64(rand::random())).await;
        billing = state.account(caller, state.clock.now()).await?.billing;
    }
}

/// 409 if there is a subscription already.
fn refuse_unless_free(billing: &Billing, now: Timestamp) -> Result<()> {
    refuse_if_pro(billing, now)?;
    if is_unsettled(billing) {
        let detail =
            "You have a subscription that has not ended. POST /subscribe/portal to settle it.";
        return Err(Problem::conflict("subscription_unsettled", detail));
    }
    Ok(())
}

fn refuse_if_pro(billing: &Billing, now: Timestamp) -> Result<()> {
    if billing.entitlement.tier_at(now) == Tier::Pro {
        let detail = "You have Pro. POST /subscribe/portal to change or cancel it.";
        return Err(Problem::conflict("already_pro", detail));
    }
    Ok(())
}

/// Whether there is a subscription that may still come to something.
fn is_unsettled(billing: &Billing) -> bool {
    billing.facts.subscription.as_ref().is_some_and(|found| !found.status.is_final())
}

/// What Stripe says of `user`'s subscription now.
async fn ask(state: &State, user: UserId, hint: &Hint) -> Result<Billing> {
    match state.ledger.sync(user, hint).await? {
        Synced::Stored { billing, .. } => Ok(*billing),
        Synced::Gone => Err(Problem::session_ended()),
        // Only an event is ever seen before.
        Synced::Seen => Err(Problem::internal("no event, and yet seen")),
    }
}

/// The session that another request has just opened.
fn young(state: &State, billing: &Billing, now: Timestamp) -> Option<Checkout> {
    let checkout = billing.facts.checkout.as_ref()?;
    let young = checkout.created + YOUNG > now.as_second() && checkout.price == state.price;
    young.then(|| checkout.clone())
}

/// With the lease: the session that stands, or a new one.
async fn open_with(state: &State, lease: &Lease, billing: Billing) -> Result<Opened> {
    let now = state.clock.now();
    refuse_unless_free(&billing, now)?;
    if let Some(young) = young(state, &billing, now) {
        return Ok(Opened::Standing(young));
    }
    let billing = match billing.facts.customer {
        // What is stored may be behind, and nobody is to pay twice, nor as a customer who is gone.
        Some(_) => {
            ask(state, lease.user, &Hint { doubt_customer: true, ..Hint::default() }).await?
        }
        None => billing,
    };
    refuse_unless_free(&billing, now)?;
    if let Some(standing) = still_open(state, lease.user, &billing).await? {
        return Ok(Opened::Standing(standing));
    }
    let customer = match billing.facts.customer {
        Some(customer) => customer,
        None => make_customer(state, lease, billing.customer_attempt).await?,
    };
    let checkout = NewCheckout {
        customer: &customer,
        user: lease.user,
        price: &state.price,
        success_url: &format!(
            "{}/subscribe/success?session_id={{CHECKOUT_SESSION_ID}}",
            state.frontend
        ),
        cancel_url: &format!("{}/subscribe/cancel", state.frontend),
    };
    let key = format!("checkout:{}", lease.id);
    let checkout = match state.stripe().open_checkout(&checkout, &key).await {
        // The customer went with the account, just now.
        Err(error) if error.is_missing() && is_gone(state, lease.user).await? => {
            return Err(Problem::session_ended());
        }
        opened => opened?,
    };
    let due = checkout.next_check(now);
    if state.store().keep_checkout(lease, &checkout, due).await? {
        return Ok(Opened::New(checkout));
    }
    // Nobody is told of this session, so nobody is to pay in it.
    state.stripe().expire_checkout(&checkout.id).await?;
    Err(if is_gone(state, lease.user).await? {
        Problem::session_ended()
    } else {
        Problem::unavailable("the lease was lost")
    })
}

/// Whether the account was deleted.
async fn is_gone(state: &State, user: UserId) -> Result<bool> {
    let left = state.store().billing(user).await?;
    Ok(left.is_none_or(|billing| billing.deleted))
}

/// The stored session, if Stripe says that it can be paid; 409 if it was.
async fn still_open(state: &State, user: UserId, billing: &Billing) -> Result<Option<Checkout>> {
    let Some(stored) = &billing.facts.checkout else { return Ok(None) };
    let mut session = state.stripe().checkout(&stored.id).await?.state;
    if let SessionState::Open(url) = session {
        let time_left = stored.expires - state.clock.now().as_second();
        if stored.price == state.price && time_left > TIME_TO_PAY {
            return Ok(Some(Checkout { url, ..stored.clone() }));
        }
        // Two open sessions would be two chances to pay.
        session = state.stripe().expire_checkout(&stored.id).await?;
    }
    if session == SessionState::Complete {
        let hint = Hint { ended_checkout: Some(stored.id.clone()), ..Hint::default() };
        refuse_unless_free(&ask(state, user, &hint).await?, state.clock.now())?;
    }
    Ok(None)
}

/// The user's one customer.
async fn make_customer(state: &State, lease: &Lease, attempt: u32) -> Result<CustomerId> {
    let key = format!("customer:{}:{attempt}", lease.user);
    let customer = match state.stripe().create_customer(lease.user, &key).await {
        Ok(customer) => customer,
        Err(error) => {
            if error.is_kept() {
                state.store().count_customer_attempt(lease).await?;
            }
            return Err(error.into());
        }
    };
    if state.store().keep_customer(lease, &customer).await? {
        return Ok(customer);
    }
    // Either the next request gets the same customer under the same key, or there is no user any
    // more, and then there is to be no customer either.
    if is_gone(state, lease.user).await? {
        state.stripe().delete_customer(&customer).await?;
        return Err(Problem::session_ended());
    }
    Err(Problem::unavailable("the lease was lost"))
}
