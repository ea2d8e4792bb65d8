//! The user function as its clients see it, on a real DynamoDB, and as API Gateway does.

#![expect(clippy::unwrap_used, reason = "a helper that can't go on fails its test")]

mod deletion;
mod document;
mod host;
mod lambda;
mod me;
mod patch;
mod usage;
