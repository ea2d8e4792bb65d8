//! How Gemini is reached: checked once, turned into an HTTP client with every bound set.

use std::time::Duration;

use reqwest::{Client, Url, redirect};
use rustls::ClientConfig;
use shared::aws::warm_up;

/// Connecting, TLS included, is a matter of milliseconds; a host that takes longer is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// HTTP/2 pings while a call waits. A frozen Lambda wakes up with connections that died meanwhile;
/// without a ping, the next call on one would wait for its whole time-out.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// How to reach Gemini.
#[derive(Debug)]
pub struct Settings {
    /// Scheme and host, and a path where a proxy wants one; [`GEMINI_BASE_URL`](shared::config::GEMINI_BASE_URL)
    /// for Google.
    pub base_url: String,
    /// The model's name, such as `gemini-3.8-flash`.
    pub model: String,
    /// Bound on one call: from connecting to the answer's last byte.
    pub timeout: Duration,
    /// Whom to trust: [`public_web`](shared::tls::public_web).
    pub tls: ClientConfig,
}

/// Where the model is asked, and the connections to it.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub(super) client: Client,
    pub(super) url: Url,
}

/// Why no client can be made of the [`Settings`].
#[derive(Debug, thiserror::Error)]
pub enum InvalidSettings {
    /// Not an absolute http or https URL, or one with a query or a fragment.
    #[error("the base URL of Gemini is not an http or https URL")]
    BaseUrl,
    /// Empty, or with characters that no model's name has.
    #[error("the name of the Gemini model is empty or has unexpected characters")]
    Model,
    /// Empty, or with characters that no HTTP header can carry.
    #[error("the API key of Gemini is empty or has unexpected characters")]
    ApiKey,
    /// The HTTP client could not be built.
    #[error("the HTTP client for Gemini could not be built")]
    Client(#[source] reqwest::Error),
}

impl Endpoint {
    /// Checks `settings`; nothing is sent yet.
    ///
    /// # Errors
    /// A setting can't be used.
    pub fn new(settings: Settings) -> Result<Self, InvalidSettings> {
        let url = url(&settings)?;
        let builder = Client::builder()
            .timeout(settings.timeout)
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(PING_INTERVAL)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            // Google does not redirect; following one would carry the key along.
            .redirect(redirect::Policy::none())
            .tls_backend_preconfigured(settings.tls);
        let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        // A proxy for the outside world cannot reach a stand-in on this machine.
        let builder = if loopback { builder.no_proxy() } else { builder };
        let client = builder.build().map_err(InvalidSettings::Client)?;
        Ok(Self { client, url })
    }

    /// Connects, so that the first question doesn't have to: see [`warm_up`]. What is asked for is a
    /// page that needs no key, and is not there.
    pub async fn warm_up(&self) {
        let mut nothing = self.url.clone();
        nothing.set_path("/");
        warm_up(self.client.head(nothing).send()).await;
    }
}

/// The URL of `generateContent` for the model.
fn url(settings: &Settings) -> Result<Url, InvalidSettings> {
    let in_a_name = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    if settings.model.is_empty() || !settings.model.bytes().all(in_a_name) {
        return Err(InvalidSettings::Model);
    }
    let mut url = Url::parse(&settings.base_url).map_err(|_| InvalidSettings::BaseUrl)?;
    let plain = url.has_host() && url.query().is_none() && url.fragment().is_none();
    if !plain || !matches!(url.scheme(), "http" | "https") {
        return Err(InvalidSettings::BaseUrl);
    }
    let prefix = url.path().trim_end_matches('/');
    url.set_path(&format!("{prefix}/v1beta/models/{}:generateContent", settings.model));
    Ok(url)
}

#[cfg(test)]
mod tests {
    use shared::{
        config::{Env, GEMINI_BASE_URL},
        tls::public_web,
    };

    use super::*;

    fn endpoint(base_url: &str, model: &str) -> Result<Endpoint, InvalidSettings> {
        Endpoint::new(Settings {
            base_url: base_url.to_owned(),
            model: model.to_owned(),
            timeout: Duration::from_secs(1),
            tls: public_web(&Env::default()).unwrap(),
        })
    }

    #[test]
    fn the_endpoint_is_the_models_under_the_base_url() {
        for (base, expected) in [
            (
                GEMINI_BASE_URL,
                "https://generativelanguage.googleapis.com/v1beta/models/gemini-3.8-flash:generateContent",
            ),
            (
                "http://127.0.0.1:9/gemini/",
                "http://127.0.0.1:9/gemini/v1beta/models/gemini-3.8-flash:generateContent",
            ),
        ] {
            assert_eq!(endpoint(base, "gemini-3.8-flash").unwrap().url.as_str(), expected);
        }
    }

    #[test]
    fn a_base_url_that_is_not_one_is_refused() {
        for base in
            ["", "localhost:3000", "ftp://host", "http://", "http://host/?q=", "http://h/#f"]
        {
            assert!(matches!(endpoint(base, "m"), Err(InvalidSettings::BaseUrl)), "{base}");
        }
    }

    #[test]
    fn a_model_cannot_lead_to_another_path() {
        for model in ["", "../secrets", "a/b", "a?b", "a:b", "a b", "é"] {
            let refused = endpoint(GEMINI_BASE_URL, model);
            assert!(matches!(refused, Err(InvalidSettings::Model)), "{model}");
        }
    }
}
