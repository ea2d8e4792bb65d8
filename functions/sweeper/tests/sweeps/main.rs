//! Whole runs of the sweeper, on a real DynamoDB and a real queue.

#![expect(clippy::unwrap_used, reason = "a helper that can't go on fails its test")]

mod event;
mod faults;
mod give_up;
mod host;
mod logs;
mod proxy;
mod purge;
mod requeue;
