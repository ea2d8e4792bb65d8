//! The chatroom function as its clients see it, between a real DynamoDB and a real SQS, and as API
//! Gateway does.

#![expect(clippy::unwrap_used, reason = "a helper that can't go on fails its test")]

mod answer;
mod cache;
mod client;
mod clocks;
mod connections;
mod faults;
mod host;
mod idempotency;
mod lambda;
mod lists;
mod logs;
mod lost_answers;
mod paging;
mod quota;
mod sending;
mod sessions;
