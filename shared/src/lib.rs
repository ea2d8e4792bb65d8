//! What at least two of Parley's functions use, and nothing else.
//!
//! Imports point one way: `http`, `store`, `cache` and `queue` stand on [`domain`]; the domain
//! knows no SDK, no web framework and no cache. A test holds that line.

pub mod aws;
pub mod backoff;
pub mod cache;
pub mod config;
pub mod domain;
pub mod http;
pub mod metrics;
pub mod nearby;
pub mod queue;
pub mod store;
pub mod telemetry;
pub mod tls;
pub mod token;
pub mod trace;
