//! Whole runs of the reconciler, on a real DynamoDB and Stripe's stand-in.

#![expect(clippy::unwrap_used, reason = "a helper that can't go on fails its test")]

mod bounds;
mod deleted;
mod event;
mod faults;
mod heals;
mod host;
mod logs;
