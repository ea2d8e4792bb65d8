//! One attempt to deliver one event.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, header},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use jiff::Timestamp;

use super::signature::Signer;

/// How long a receiver may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends signed events.
pub(super) struct Post {
    http: Client<HttpConnector, Body>,
    signer: Signer,
}

impl Post {
    pub(super) fn new(secrets: &str) -> Result<Self, crate::Error> {
        // A connection for each: what is left of an old one is no matter for a stand-in.
        let http =
            Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector());
        Ok(Self { http, signer: Signer::new(secrets)? })
    }

    /// The status of the answer; none if there was none in time.
    pub(super) async fn send(&self, url: &str, body: &str, now: Timestamp) -> Option<u16> {
        let request = Request::post(url)
            .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
            .header(header::USER_AGENT, "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
            .header("stripe-signature", self.signer.header(body, now))
            .body(Body::from(body.to_owned()));
        let answer = match request {
            Ok(request) => tokio::time::timeout(TIMEOUT, self.http.request(request)).await,
            Err(error) => {
                tracing::warn!(%error, url, "no webhook can be sent there");
                return None;
            }
        };
        match answer {
            Ok(Ok(answer)) => Some(answer.status().as_u16()),
            Ok(Err(error)) => {
                tracing::debug!(%error, url, "a webhook was not taken");
                None
            }
            Err(_) => {
                tracing::debug!(url, "a webhook was not answered in time");
                None
            }
        }
    }
}

fn connector() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector
}
