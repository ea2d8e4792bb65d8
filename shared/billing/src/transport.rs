//! One request to Stripe over HTTP, and what its answer means.
//!
//! The library's own client is not used (docs/adr/0010): what it reads an error into weighs more than
//! all the rest of a function.

use std::time::Duration;

use reqwest::{
    Client, Method, Response, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
    redirect,
};
use secrecy::{ExposeSecret, SecretString};
use shared::{
    config::{ConfigError, Env},
    tls,
};
use stripe_client_core::{RequestBuilder, StripeMethod};

use crate::{StripeFailed, answer};

const BASE_URL: &str = "STRIPE_BASE_URL";
const DEFAULT_BASE_URL: &str = "https://api.stripe.com";

/// The version of Stripe's API that the library's requests are of.
const API_VERSION: &str = "2026-09-30.endive";
const STRIPE_VERSION: HeaderName = HeaderName::from_static("stripe-version");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// The largest answer, bytes: 100 subscriptions are about half a megabyte.
const LARGEST: usize = 4 * 1024 * 1024;
/// Bounds of one attempt: a connection within 2 s, and all of it within 4 s.
const CONNECT: Duration = Duration::from_secs(2);
const ATTEMPT: Duration = Duration::from_secs(4);

/// The way to Stripe. Keeps its connections; cloning it is cheap.
#[derive(Clone)]
pub(crate) struct Transport {
    http: Client,
    base_url: String,
}

impl Transport {
    /// With the secret key `key`, at `STRIPE_BASE_URL`; to Stripe itself where that is not set.
    pub(crate) fn from_env(env: &Env, key: &SecretString) -> Result<Self, ConfigError> {
        let base_url = env.get(BASE_URL).unwrap_or(DEFAULT_BASE_URL).trim_end_matches('/');
        let url: Url = base_url.parse().map_err(|error| ConfigError::invalid(BASE_URL, error))?;
        let mut key = HeaderValue::try_from(format!("Bearer {}", key.expose_secret()))
            .map_err(|_| ConfigError::invalid("STRIPE_SECRET_KEY", "no header can carry it"))?;
        key.set_sensitive(true);
        let version = HeaderValue::from_static(API_VERSION);
        let headers = HeaderMap::from_iter([(AUTHORIZATION, key), (STRIPE_VERSION, version)]);
        let builder = Client::builder()
            .default_headers(headers)
            .connect_timeout(CONNECT)
            .timeout(ATTEMPT)
            // One call at a time: HTTP/2 would only keep a connection that died while the function was
            // frozen, and let every call on it time out.
            .http1_only()
            // Stripe does not redirect; following one would carry the key along.
            .redirect(redirect::Policy::none())
            .tls_backend_preconfigured(tls::public_web(env)?);
        let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        // A proxy for the outside world can't reach a stand-in on this machine.
        let builder = if loopback { builder.no_proxy() } else { builder };
        let http = builder.build().map_err(|error| ConfigError::invalid(BASE_URL, error))?;
        Ok(Self { http, base_url: base_url.to_owned() })
    }

    /// Sends `request` once, under the idempotency key `key` if there is one; the answer's body.
    pub(crate) async fn send(
        &self,
        request: RequestBuilder,
        key: Option<&str>,
    ) -> Result<Vec<u8>, StripeFailed> {
        let RequestBuilder { query, body, path, method } = request;
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        let method = match method {
            StripeMethod::Get => Method::GET,
            StripeMethod::Post => Method::POST,
            StripeMethod::Delete => Method::DELETE,
        };
        let mut request = self.http.request(method, format!("{}/v1{path}{query}", self.base_url));
        if let Some(key) = key {
            request = request.header(IDEMPOTENCY_KEY, key);
        }
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, FORM).body(body);
        }
        let response = request.send().await.map_err(|error| lost(&error))?;
        let status = response.status();
        let body = read(response).await?;
        if status.is_success() { Ok(body) } else { Err(answer::refusal(status.as_u16(), &body)) }
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, StripeFailed> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| lost(&error))? {
        if body.len() + chunk.len() > LARGEST {
            return Err(StripeFailed::Unreadable);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn lost(error: &reqwest::Error) -> StripeFailed {
    StripeFailed::Unavailable(if error.is_timeout() { "timed out" } else { "not reached" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_librarys() {
        assert_eq!(API_VERSION, stripe_client_core::VERSION.as_str());
    }

    #[test]
    fn a_key_that_no_header_can_carry_is_refused_without_being_shown() {
        let key = SecretString::from("sk_secret\n");
        let error = Transport::from_env(&Env::default(), &key).err().unwrap().to_string();
        assert!(error.contains("STRIPE_SECRET_KEY") && !error.contains("sk_secret"), "{error}");
        let key = SecretString::from("sk_secret");
        let at = |url| Transport::from_env(&Env::default().with(BASE_URL, url), &key);
        assert!(at("not a url").is_err());
        let debugged = format!("{:?}", Transport::from_env(&Env::default(), &key).unwrap().http);
        assert!(!debugged.contains("sk_secret"), "{debugged}");
    }
}
