//! The stand-in for Stripe, as the tests use it.

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::Value;
use sha2::Sha256;

use crate::{PATIENCE, eventually};

pub use local::stripe::{
    Behaviour, Change, Dropped, Event, Made, Received, Respond, StandIn, WebhookSettings,
};

/// The secret key that every process of the suite is given.
pub const KEY: &str = "sk_test_the_key_of_the_end_to_end_tests";

/// Where Stripe delivers to.
pub const WEBHOOK: &str = "/webhook/stripe";

/// How keys and signing secrets begin, and what Stripe says in its errors: no user may ever read it.
pub(crate) const INTERNALS: [&str; 9] = [
    "sk_test_",
    "whsec_",
    "The stand-in was told to fail",
    "stripe.com/docs/error-codes",
    "invalid_request_error",
    "idempotency_error",
    "Invalid API Key",
    "No such customer",
    "resource_missing",
];

/// What may not even be in a log; there, Stripe's codes are welcome.
pub(crate) const SECRETS: [&str; 5] =
    ["sk_test_", "whsec_", "client_secret", "The stand-in was told to fail", "Invalid API Key"];

/// The header `Stripe-Signature` of `body`, sent at `at`
/// (<https://docs.stripe.com/webhooks#verify-manually>).
#[must_use]
pub fn signature(secret: &str, at: Timestamp, body: &str) -> String {
    let at = at.as_second();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{at}.{body}").as_bytes());
    mac.finalize().into_bytes().iter().fold(format!("t={at},v1="), |mut header, byte| {
        write!(header, "{byte:02x}").unwrap();
        header
    })
}

/// Where Stripe says that a subscription is in its life.
#[must_use]
pub fn status_of(stripe: &StandIn, subscription: &str) -> String {
    let subscription = stripe.subscription(subscription).expect("Stripe knows it");
    subscription["status"].as_str().expect("it has a status").to_owned()
}

/// When a subscription's present period ends, as Stripe says, Unix seconds.
#[must_use]
pub fn period_end(stripe: &StandIn, subscription: &str) -> i64 {
    let subscription = stripe.subscription(subscription).expect("Stripe knows it");
    subscription["items"]["data"][0]["current_period_end"].as_i64().expect("a period has an end")
}

/// The answers to all attempts to deliver the events about subscriptions and what they cost, in the
/// order of the events; none where there was no answer.
#[must_use]
pub fn answers(stripe: &StandIn) -> Vec<Option<u16>> {
    let matters = |event: &&Event| event.kind != "customer.created";
    let events = stripe.events();
    let attempts = events.iter().filter(matters).flat_map(|event| &event.deliveries);
    attempts.map(|attempt| attempt.status).collect()
}

/// Waits until every event has been taken, given up or dropped.
pub async fn all_are_delivered(stripe: &StandIn) {
    eventually("all events are delivered", PATIENCE, async || {
        stripe.events().iter().all(|event| !event.due).then_some(())
    })
    .await;
}

/// A copy of `object` with another value of a member.
#[must_use]
pub fn with(mut object: Value, member: &str, value: impl Into<Value>) -> Value {
    object[member] = value.into();
    object
}
