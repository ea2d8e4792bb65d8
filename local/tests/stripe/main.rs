//! The stand-in for Stripe: Stripe's Rust client against it, and its wire format by itself.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that can't go on fails its test")]

mod behaviours;
mod client;
mod control;
mod idempotency;
mod lifecycle;
mod pages;
mod persistence;
mod protocol;
mod support;
mod versions;
mod webhooks;
