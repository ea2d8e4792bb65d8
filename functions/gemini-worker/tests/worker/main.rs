//! The worker as Lambda drives it, between a real DynamoDB, a real SQS and the model's stand-in.

#![expect(clippy::unwrap_used, reason = "a helper that can't go on fails its test")]

mod answers;
mod batches;
mod context;
mod event;
mod failures;
mod host;
mod logs;
mod order;
mod queue;
