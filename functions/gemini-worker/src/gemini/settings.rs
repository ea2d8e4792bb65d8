//! How Gemini is reached: checked once, turned into an HTTP client with every bound set.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Url, redirect};
use secrecy::{ExposeSecret, SecretString};

/// Connecting, TLS included, is a matter of milliseconds; a host that takes longer is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// HTTP/2 pings while a call waits. A frozen Lambda wakes up with connections that died meanwhile;
/// without a ping, the next call on one would wait for its whole time-out.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// Carries the API key.
const API_KEY_HEADER: HeaderName = HeaderName::from_static("x-goog-api-key");

/// How to reach Gemini.
#[derive(Debug)]
pub struct Settings {
    /// Scheme and host, and a path where a proxy wants one; [`GEMINI_BASE_URL`](shared::config::GEMINI_BASE_URL)
    /// for Google.
    pub base_url: String,
    /// The API key.
    pub api_key: SecretString,
    /// The model's name, such as `gemini-3.8-flash`.
    pub model: String,
    /// Bound on one call: from connecting to the answer's last byte.
    pub timeout: Duration,
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
    /// The TLS provider does not have the protocol versions that are asked for.
    #[error("TLS for Gemini could not be set up")]
    Tls(#[source] rustls::Error),
}

impl Settings {
    /// The URL of `generateContent` for the model.
    pub(super) fn endpoint(&self) -> Result<Url, InvalidSettings> {
        let in_a_name = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
        if self.model.is_empty() || !self.model.bytes().all(in_a_name) {
            return Err(InvalidSettings::Model);
        }
        let mut url = Url::parse(&self.base_url).map_err(|_| InvalidSettings::BaseUrl)?;
        let plain = url.has_host() && url.query().is_none() && url.fragment().is_none();
        if !plain || !matches!(url.scheme(), "http" | "https") {
            return Err(InvalidSettings::BaseUrl);
        }
        let prefix = url.path().trim_end_matches('/');
        url.set_path(&format!("{prefix}/v1beta/models/{}:generateContent", self.model));
        Ok(url)
    }

    /// A client for `endpoint` that carries the key.
    pub(super) fn http_client(&self, endpoint: &Url) -> Result<Client, InvalidSettings> {
        let headers = HeaderMap::from_iter([(API_KEY_HEADER, self.api_key_value()?)]);
        let builder = Client::builder()
            .default_headers(headers)
            .timeout(self.timeout)
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(PING_INTERVAL)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            // Google does not redirect; following one would carry the key along.
            .redirect(redirect::Policy::none())
            .tls_backend_preconfigured(shared::tls::public_web().map_err(InvalidSettings::Tls)?);
        let loopback = matches!(endpoint.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        // A proxy for the outside world cannot reach a stand-in on this machine.
        let builder = if loopback { builder.no_proxy() } else { builder };
        builder.build().map_err(InvalidSettings::Client)
    }

    fn api_key_value(&self) -> Result<HeaderValue, InvalidSettings> {
        let key = self.api_key.expose_secret();
        if key.is_empty() {
            return Err(InvalidSettings::ApiKey);
        }
        let mut value = HeaderValue::from_str(key).map_err(|_| InvalidSettings::ApiKey)?;
        value.set_sensitive(true);
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use shared::config::GEMINI_BASE_URL;

    use super::super::Gemini;
    use super::*;

    fn settings(base_url: &str) -> Settings {
        Settings {
            base_url: base_url.to_owned(),
            api_key: SecretString::from("secret-key"),
            model: "gemini-3.8-flash".to_owned(),
            timeout: Duration::from_secs(1),
        }
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
            assert_eq!(settings(base).endpoint().unwrap().as_str(), expected);
        }
    }

    #[test]
    fn a_base_url_that_is_not_one_is_refused() {
        for base in
            ["", "localhost:3000", "ftp://host", "http://", "http://host/?q=", "http://h/#f"]
        {
            assert!(matches!(settings(base).endpoint(), Err(InvalidSettings::BaseUrl)), "{base}");
        }
    }

    #[test]
    fn a_model_cannot_lead_to_another_path() {
        for model in ["", "../secrets", "a/b", "a?b", "a:b", "a b", "é"] {
            let settings = Settings { model: model.to_owned(), ..settings(GEMINI_BASE_URL) };
            assert!(matches!(Gemini::new(settings), Err(InvalidSettings::Model)), "{model}");
        }
    }

    #[test]
    fn a_key_that_no_header_can_carry_is_refused_without_being_shown() {
        for key in ["", "secret\nkey"] {
            let settings =
                Settings { api_key: SecretString::from(key), ..settings(GEMINI_BASE_URL) };
            let error = Gemini::new(settings).err().unwrap();
            assert!(matches!(error, InvalidSettings::ApiKey));
            assert!(!format!("{error:?} {error}").contains("secret"));
        }
    }

    #[test]
    fn neither_settings_nor_client_show_the_key_when_they_are_debugged() {
        let settings = settings(GEMINI_BASE_URL);
        assert!(!format!("{settings:?}").contains("secret-key"));
        let client = settings.http_client(&settings.endpoint().unwrap()).unwrap();
        assert!(!format!("{client:?}").contains("secret-key"));
    }
}
