//! The end-to-end suite, as one binary: it links once. See the crate `tests` for how it runs.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests; clippy knows only the tests themselves"
)]

mod admin;
mod attacks;
mod auth;
mod billing_lifecycle;
mod chatrooms;
mod context;
mod docs;
mod errors;
mod events;
mod idempotency;
mod isolation;
mod journey;
mod logs;
mod messages;
mod otp;
mod passwords;
mod quota;
mod rehearsed;
mod restart;
mod runbook;
mod subscription;
mod tokens;
mod user;
mod webhooks;
mod worker;
