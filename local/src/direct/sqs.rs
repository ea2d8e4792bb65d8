//! Straight to the embedded SQS.

use std::fmt;

use aws_smithy_runtime_api::client::{
    http::HttpConnectorFuture, orchestrator::HttpRequest, result::ConnectorError,
};
use aws_smithy_types::body::SdkBody;
use axum::{body::Body, http};
use http_body_util::BodyExt as _;
use shared::nearby::Server;
use tower::ServiceExt as _;

use super::asked;
use crate::{
    Error,
    sqs::{self, Sqs},
};

/// Its queues, behind the very router that answers over HTTP.
pub(crate) struct Queues {
    router: axum::Router,
    /// Host and port, which it names in the URLs of queues.
    authority: String,
}

impl Queues {
    pub(crate) fn new(sqs: Sqs, authority: &str) -> Self {
        Self { router: sqs::router(sqs), authority: authority.to_owned() }
    }
}

impl fmt::Debug for Queues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Queues").field(&self.authority).finish()
    }
}

impl Server for Queues {
    fn answer(&self, request: &HttpRequest) -> Option<HttpConnectorFuture> {
        let (action, json) = asked(request, "AmazonSQS.")?;
        let request = http::Request::post("/")
            .header(http::header::HOST, &self.authority)
            .header("x-amz-target", format!("AmazonSQS.{action}"))
            .body(Body::from(json.to_vec()))
            .ok()?;
        let router = self.router.clone();
        Some(HttpConnectorFuture::new(async move {
            let answer = router.oneshot(request).await.unwrap_or_else(|never| match never {});
            let (head, body) = answer.into_parts();
            let json = body.collect().await.map_err(failed)?.to_bytes();
            http::Response::from_parts(head, SdkBody::from(json.to_vec()))
                .try_into()
                .map_err(failed)
        }))
    }
}

fn failed(error: impl Into<Error>) -> ConnectorError {
    ConnectorError::other(error.into(), None)
}
