//! The cache against real servers: one, a cluster, and one behind TLS that is signed in to by IAM.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod cluster;
mod iam;
mod node;
mod patience;
mod rules;
mod setting;
mod tls;
