//! A small SQS, in memory, for the one-process development host.
//!
//! It speaks the protocol of SQS itself (AWS JSON 1.0 over HTTP), so the functions reach it with the
//! same `aws-sdk-sqs` client that they use in the cloud. What a queue promises is kept as AWS
//! documents it: order and lock per message group, deduplication, visibility timeout, receive count,
//! redrive to a dead-letter queue, long polling. Nothing survives a restart.
//!
//! Where to read:
//! - `queue`: one queue as a pure state machine. Time comes in as an argument; there is no IO.
//! - `service`: the named queues and the actions on them, long polling among them.
//! - `server`: HTTP around it. `protocol` and `error` are what goes over the wire.
//!
//! Left out on purpose, since a developer would only wait for it or never see it:
//! - the 60 seconds between two purges, or between deleting a queue and making it again;
//! - the limits on messages in flight and on requests per second;
//! - permissions and encryption: such attributes are stored and shown, not enforced;
//! - tags, `ReceiveRequestAttemptId`, fair queues, and moving messages back from a dead-letter queue.

mod attributes;
mod checksum;
mod error;
mod message;
mod protocol;
mod queue;
mod server;
mod service;

pub use queue::Depth;
pub use server::{router, serve};
pub use service::Sqs;
