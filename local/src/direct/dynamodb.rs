//! Straight to the embedded DynamoDB.

use std::fmt;

use aws_smithy_runtime_api::client::{
    http::HttpConnectorFuture,
    orchestrator::{HttpRequest, HttpResponse},
};
use dynoxide::{Database, DynoxideError, actions::transact_write_items::TransactWriteItemsRequest};
use serde::{Serialize, de::DeserializeOwned};
use shared::nearby::Server;

use super::asked;

/// A database that is asked for what requests ask for every day. The rest takes the usual way: what is
/// seldom, and what its HTTP server words with more care than it does itself.
#[derive(Clone)]
pub(crate) struct DynamoDb(pub(crate) Database);

impl fmt::Debug for DynamoDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DynamoDb")
    }
}

impl Server for DynamoDb {
    fn answer(&self, request: &HttpRequest) -> Option<HttpConnectorFuture> {
        let (operation, json) = asked(request, "DynamoDB_20120810.")?;
        let (status, json) = match self.run(operation, json)? {
            Ok(json) => (200, json),
            Err(error) if is_final(&error) => (error.status_code(), error.to_json().into_bytes()),
            Err(_) => return None,
        };
        let answer = HttpResponse::new(status.try_into().ok()?, json.into());
        Some(HttpConnectorFuture::ready(Ok(answer)))
    }
}

impl DynamoDb {
    /// None if it is not for here.
    fn run(&self, operation: &str, json: &[u8]) -> Option<dynoxide::Result<Vec<u8>>> {
        let Self(database) = self;
        match operation {
            "GetItem" => run(json, |request| database.get_item(request)),
            "BatchGetItem" => run(json, |request| database.batch_get_item(request)),
            "Query" => run(json, |request| database.query(request)),
            "PutItem" => run(json, |request| database.put_item(request)),
            "UpdateItem" => run(json, |request| database.update_item(request)),
            "DeleteItem" => run(json, |request| database.delete_item(request)),
            "BatchWriteItem" => run(json, |request| database.batch_write_item(request)),
            "TransactWriteItems" => run(json, |mut request: TransactWriteItemsRequest| {
                // The token guards against an answer that is lost on its way. Here it comes with the
                // deed, and the database would look through the tokens of ten minutes each time.
                request.client_request_token = None;
                database.transact_write_items(request)
            }),
            _ => None,
        }
    }
}

/// Whether an error is to be answered from here: what is everyday life, and a fault, after which nobody
/// knows whether something was done. What is left has been refused unread, and may be asked again.
fn is_final(error: &DynoxideError) -> bool {
    const FAULTS: u16 = 500;
    matches!(
        error,
        DynoxideError::ConditionalCheckFailedException(..)
            | DynoxideError::TransactionCanceledException(..)
    ) || error.status_code() >= FAULTS
}

fn run<Q: DeserializeOwned, A: Serialize>(
    json: &[u8],
    operation: impl FnOnce(Q) -> dynoxide::Result<A>,
) -> Option<dynoxide::Result<Vec<u8>>> {
    let request = serde_json::from_slice(json).ok()?;
    match operation(request) {
        Ok(answer) => {
            let unwritten =
                |error: serde_json::Error| DynoxideError::InternalServerError(error.to_string());
            Some(serde_json::to_vec(&answer).map_err(unwritten))
        }
        Err(error) => Some(Err(error)),
    }
}
