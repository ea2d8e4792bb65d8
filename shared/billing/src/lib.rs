//! What Parley and Stripe agree on: Stripe's client, and the ledger that makes a user's tier follow
//! from what Stripe says now.
//!
//! It is a crate beside `shared` because only the functions that sell, are told of and look after
//! subscriptions need Stripe's client; the others stay small.

pub mod answer;
mod ledger;
mod problem;
mod stripe;
mod transport;
mod wire;

pub use ledger::{Hint, Ledger, SyncFailed, Synced};
pub use stripe::{NewCheckout, Session, SessionState, Stripe, StripeFailed};
