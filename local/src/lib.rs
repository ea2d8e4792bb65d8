//! The whole of Parley in one process, for development and tests.
//!
//! [`Host::start`] brings up a DynamoDB, an SQS, the cache and the model's stand-in, mounts the
//! functions' own routers on one server, and feeds the worker and the sweeper as Lambda would. The
//! functions talk to all of them with the clients that they use in the cloud, in the same protocols.

mod cloud;
mod direct;
pub mod dynamodb;
pub mod gemini;
mod host;
mod mapping;
pub mod openapi;
pub mod operator;
pub mod queues;
mod schedule;
mod secrets;
mod settings;
pub mod sqs;
pub mod stripe;
pub mod testing;
pub mod valkey;

/// What `local` does as `template.yaml` says; a test holds the two together.
pub mod deployed {
    pub use crate::cloud::VISIBILITY_TIMEOUT_SECONDS;
    pub use crate::mapping::{BATCH, FUNCTION_TIMEOUT};
    pub use crate::schedule::EVERY;

    /// How often a message is received before it goes to the dead-letter queue.
    pub const MAX_RECEIVE_COUNT: u32 = crate::queues::MAX_RECEIVE_COUNT;
}

pub use host::{Host, Summary};
pub use settings::{DataDir, Settings};

/// Whatever kept a part of `local` from starting.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
