//! Requests to the deployment's API, as anybody on the web would send them.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Url, redirect};
use shared::{
    config::{ConfigError, Env},
    tls,
};

use crate::Error;

/// Bounds of one request: a connection within 3 s; all of it within 20 s, because a webhook may take
/// 9 s, and a cold start comes before it.
const CONNECT: Duration = Duration::from_secs(3);
const TIMEOUT: Duration = Duration::from_secs(20);
/// The largest answer that is read, bytes.
const LARGEST: usize = 256 * 1024;

/// The API at `API_URL`.
pub(super) struct Api {
    client: Client,
    url: String,
}

/// An answer that has arrived as a whole.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) request_id: Option<String>,
    pub(super) body: Vec<u8>,
}

impl Api {
    pub(super) fn from_env(env: &Env) -> Result<Self, ConfigError> {
        const NAME: &str = "API_URL";
        let url = env.require(NAME)?.trim_end_matches('/').to_owned();
        let invalid = |error: &dyn std::fmt::Display| ConfigError::invalid(NAME, error);
        let parsed: Url = url.parse().map_err(|error| invalid(&error))?;
        let loopback = matches!(parsed.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let builder = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(TIMEOUT)
            .redirect(redirect::Policy::none())
            .tls_backend_preconfigured(tls::public_web(env)?);
        // A proxy for the outside world can't reach a server on this machine.
        let builder = if loopback { builder.no_proxy() } else { builder };
        Ok(Self { client: builder.build().map_err(|error| invalid(&error))?, url })
    }

    /// A request for `path`.
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// Sends `request` once.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Answer, Error> {
        let lost = |error: reqwest::Error| {
            let why = if error.is_timeout() { "did not answer in time" } else { "was not reached" };
            format!("{} {why}", self.url)
        };
        let mut response = request.send().await.map_err(lost)?;
        let request_id = response.headers().get("x-request-id");
        let request_id = request_id.and_then(|id| id.to_str().ok()).map(str::to_owned);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            if body.len() + chunk.len() > LARGEST {
                return Err(format!("the answer of {} is too long", self.url).into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status: response.status().as_u16(), request_id, body })
    }
}
