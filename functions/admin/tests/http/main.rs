//! The operators' view as its clients see it: on a real DynamoDB and SQS, with parts that fail in
//! every way, and as API Gateway calls it.

#![expect(clippy::unwrap_used, reason = "a helper that can't go on fails its test")]

mod access;
mod cache;
mod cache_service;
mod document;
mod host;
mod lambda;
mod model;
mod queues;
mod tables;
mod well;
