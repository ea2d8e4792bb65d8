//! The function as Stripe sees it, on a real DynamoDB and Stripe's stand-in, and as API Gateway does.

#![expect(clippy::unwrap_used, reason = "a helper that can't go on fails its test")]

mod checkout;
mod faults;
mod host;
mod ignored;
mod lambda;
mod life;
mod logs;
mod order;
mod parallel;
mod refused;
mod secrets;
mod versions;
