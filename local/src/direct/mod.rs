//! The short way to the embedded DynamoDB and SQS: clients in this process give them their requests
//! without a connection.
//!
//! They are the same requests, built and signed by the same clients, and answered by the same database and
//! the same queues, which can be reached over HTTP all the while. What is left out is the sockets with an HTTP client and
//! an HTTP server at their ends: they took longer than the answer (`docs/adr/0018`).

mod dynamodb;
mod sqs;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

pub(crate) use dynamodb::DynamoDb;
pub(crate) use sqs::Queues;

/// What a request asks for, and the JSON that comes with it.
fn asked<'a>(request: &'a HttpRequest, prefix: &str) -> Option<(&'a str, &'a [u8])> {
    let action = request.headers().get("x-amz-target")?.strip_prefix(prefix)?;
    Some((action, request.body().bytes()?))
}

#[cfg(test)]
mod tests;
