//! The subscription function as its clients see it, between a real DynamoDB and a stand-in for Stripe,
//! and as API Gateway does.

#![expect(clippy::unwrap_used, reason = "a helper that can't go on fails its test")]

mod deletions;
mod document;
mod dynamodb;
mod host;
mod idempotency;
mod lambda;
mod opening;
mod pages;
mod parallel;
mod portal;
mod refusals;
mod sent;
mod status;
mod stripe;
mod tokens;
