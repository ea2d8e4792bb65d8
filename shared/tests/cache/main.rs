//! The cache against real servers: one, a cluster, and one behind TLS that is signed in to by IAM.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod cluster;
mod doubts;
mod holds;
mod iam;
mod node;
mod patience;
mod relay;
mod rules;
mod setting;
mod tls;
