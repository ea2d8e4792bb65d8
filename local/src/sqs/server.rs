//! SQS's own protocol over HTTP: `POST /` with the action's name in a header and JSON in the body.

use std::{future::Future, io};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::net::TcpListener;
use uuid::Uuid;

use super::{
    error::Error,
    protocol::{QueueUrl, QueueUrls},
    service::{ACCOUNT, Sqs},
};

/// The largest body: a batch of 1 MiB, with room for JSON's escapes and base64.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// The queues of `sqs` behind SQS's HTTP interface.
///
/// Requests go to `/`; some SDKs post to the queue's URL instead, which is answered in the same way.
pub fn router(sqs: Sqs) -> Router {
    Router::new()
        .route("/", post(handle))
        .route("/{account}/{queue}", post(handle))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(sqs)
}

/// Serves `sqs` on `listener` until `shutdown`, then ends the long polls under way and returns once
/// the last answer is sent.
///
/// # Errors
/// If the listener can't be used.
pub async fn serve(
    listener: TcpListener,
    sqs: Sqs,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let app = router(sqs.clone());
    let shutdown = async move {
        shutdown.await;
        sqs.close();
    };
    axum::serve(listener, app).with_graceful_shutdown(shutdown).await
}

async fn handle(State(sqs): State<Sqs>, headers: HeaderMap, body: Bytes) -> Response {
    let answer = dispatch(&sqs, &headers, &body).await;
    answer.unwrap_or_else(|error| {
        tracing::debug!(
            action = action(&headers),
            error.code = error.code(),
            "SQS refused a request"
        );
        error.into_response()
    })
}

async fn dispatch(sqs: &Sqs, headers: &HeaderMap, body: &[u8]) -> Result<Response, Error> {
    let url = |queue: &str| format!("http://{}/{ACCOUNT}/{queue}", host(headers));
    match action(headers) {
        "CreateQueue" => {
            ok(sqs.create_queue(parse(body)?).map(|name| QueueUrl { queue_url: url(&name) }))
        }
        "GetQueueUrl" => {
            ok(sqs.queue_named(parse(body)?).map(|name| QueueUrl { queue_url: url(&name) }))
        }
        "ListQueues" => ok(sqs.list_queues(&parse(body)?).map(|(names, next_token)| QueueUrls {
            queue_urls: names.iter().map(|name| url(name)).collect(),
            next_token,
        })),
        "DeleteQueue" => ok(sqs.delete_queue(&parse(body)?)),
        "PurgeQueue" => ok(sqs.purge_queue(&parse(body)?)),
        "GetQueueAttributes" => ok(sqs.queue_attributes(&parse(body)?)),
        "SetQueueAttributes" => ok(sqs.set_queue_attributes(&parse(body)?)),
        "SendMessage" => ok(sqs.send_message(parse(body)?)),
        "SendMessageBatch" => ok(sqs.send_message_batch(parse(body)?)),
        "ReceiveMessage" => ok(sqs.receive_message(parse(body)?).await),
        "DeleteMessage" => ok(sqs.delete_message(&parse(body)?)),
        "DeleteMessageBatch" => ok(sqs.delete_message_batch(parse(body)?)),
        "ChangeMessageVisibility" => ok(sqs.change_message_visibility(&parse(body)?)),
        "ChangeMessageVisibilityBatch" => ok(sqs.change_message_visibility_batch(parse(body)?)),
        unknown => Err(Error::UnknownOperation(unknown.to_owned())),
    }
}

/// The action that a request asks for; empty if it names none.
fn action(headers: &HeaderMap) -> &str {
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    target.and_then(|target| target.strip_prefix("AmazonSQS.")).unwrap_or_default()
}

/// Where the client reached this server: the start of the queue URLs that it is given.
fn host(headers: &HeaderMap) -> &str {
    headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or("localhost")
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Error::Serialization(error.to_string()))
}

fn ok<T: Serialize>(result: Result<T, Error>) -> Result<Response, Error> {
    result.map(|value| aws_json(StatusCode::OK, &value))
}

/// A response as the AWS JSON 1.0 protocol has it.
pub(super) fn aws_json(status: StatusCode, body: &impl Serialize) -> Response {
    let headers = [
        (header::CONTENT_TYPE.as_str(), "application/x-amz-json-1.0".to_owned()),
        ("x-amzn-requestid", Uuid::new_v4().to_string()),
    ];
    match serde_json::to_vec(body) {
        Ok(json) => (status, headers, json).into_response(),
        Err(error) => {
            tracing::error!(%error, "SQS could not write a result");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
