//! One call to `generateContent`: the connection, its bounds, and what came of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, Response, Url, redirect};
use rustls::{ClientConfig, RootCertStore};
use secrecy::{ExposeSecret, SecretString};

use super::error::ErrorReply;
use super::wire::{GenerateContentRequest, GenerateContentResponse};
use super::{Answer, Cause, Failure, Prompt, answer};

/// Google's own service.
pub const DEFAULT_BASE_URL: &str = "https://generativelanguage.googleapis.com";

/// The bound on one answer, thoughts included, in tokens. About 32 KB of text: a long answer, a
/// tenth of what an item of DynamoDB may hold, and a few cents at most.
pub const MAX_OUTPUT_TOKENS: u32 = 8_192;

/// Connecting, TLS included, is a matter of milliseconds; a host that takes longer is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// HTTP/2 pings while a call waits. A frozen Lambda wakes up with connections that died meanwhile;
/// without a ping, the next call on one would wait for its whole time-out.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// A hundred times what [`MAX_OUTPUT_TOKENS`] amounts to.
const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;

/// Google's errors are a few KB; only their `status` and `details` are read.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// How to reach Gemini.
#[derive(Debug)]
pub struct Settings {
    /// Scheme and host, and a path where a proxy wants one; [`DEFAULT_BASE_URL`] for Google.
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

/// Gemini's `generateContent` for one model. Keeps its connections: make one and share it.
pub struct Gemini {
    client: Client,
    endpoint: Url,
}

impl Gemini {
    /// A client; nothing is sent yet.
    ///
    /// # Errors
    /// If the settings cannot be used; the error names the one and shows no secret.
    pub fn new(settings: Settings) -> Result<Self, InvalidSettings> {
        let endpoint = endpoint(&settings.base_url, &settings.model)?;
        let mut headers = HeaderMap::new();
        headers.insert("x-goog-api-key", api_key_header(&settings.api_key)?);
        let client = http_client(&endpoint)
            .default_headers(headers)
            .timeout(settings.timeout)
            .tls_backend_preconfigured(tls_config().map_err(InvalidSettings::Tls)?)
            .build()
            .map_err(InvalidSettings::Client)?;
        Ok(Self { client, endpoint })
    }

    /// Asks for the answer to `prompt`, once.
    ///
    /// # Errors
    /// A [`Failure`] that says whether another attempt can help.
    pub async fn generate(&self, prompt: &Prompt) -> Result<Answer, Failure> {
        let started = Instant::now();
        let mut trace = Trace::default();
        let result = self.attempt(prompt, &mut trace).await;
        if let Err(failure) = &result {
            trace.log(failure.cause(), started.elapsed());
        }
        result
    }

    async fn attempt(&self, prompt: &Prompt, trace: &mut Trace) -> Result<Answer, Failure> {
        let request = GenerateContentRequest::new(prompt, MAX_OUTPUT_TOKENS);
        let sent = self.client.post(self.endpoint.clone()).json(&request).send().await;
        let response = sent.map_err(|error| lost(&error))?;

        let status = response.status();
        trace.http_status = Some(status.as_u16());
        if status.is_success() {
            let (body, end) = read(response, MAX_ANSWER_BYTES).await;
            return match end {
                BodyEnd::Complete => parse(&body).and_then(answer::read),
                BodyEnd::OverLimit => Err(Failure::r#final(Cause::TooLarge)),
                BodyEnd::Lost(failure) => Err(failure),
            };
        }
        let retry_after = response.headers().get(RETRY_AFTER).cloned();
        // However the body ends, the status tells enough.
        let (body, _) = read(response, MAX_ERROR_BYTES).await;
        let retry_after = retry_after.as_ref().and_then(|value| value.to_str().ok());
        let reply = ErrorReply::read(status.as_u16(), retry_after, &body);
        trace.google_status = reply.google_status;
        Err(reply.failure)
    }
}

/// What a log line may say about a failed call.
#[derive(Default)]
struct Trace {
    http_status: Option<u16>,
    google_status: Option<&'static str>,
}

impl Trace {
    fn log(&self, cause: Cause, elapsed: Duration) {
        let (http_status, google_status) = (self.http_status, self.google_status);
        let duration_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        if cause.needs_operator() {
            tracing::error!(
                gemini.cause = cause.name(),
                gemini.status = google_status,
                http.response.status_code = http_status,
                duration_ms,
                "Gemini refuses every call until an operator acts"
            );
        } else {
            tracing::warn!(
                gemini.cause = cause.name(),
                gemini.status = google_status,
                http.response.status_code = http_status,
                duration_ms,
                "no answer from Gemini"
            );
        }
    }
}

fn endpoint(base_url: &str, model: &str) -> Result<Url, InvalidSettings> {
    let in_a_name = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    if model.is_empty() || !model.bytes().all(in_a_name) {
        return Err(InvalidSettings::Model);
    }
    let mut url = Url::parse(base_url).map_err(|_| InvalidSettings::BaseUrl)?;
    let plain = url.has_host() && url.query().is_none() && url.fragment().is_none();
    if !plain || !matches!(url.scheme(), "http" | "https") {
        return Err(InvalidSettings::BaseUrl);
    }
    let prefix = url.path().trim_end_matches('/');
    url.set_path(&format!("{prefix}/v1beta/models/{model}:generateContent"));
    Ok(url)
}

fn api_key_header(key: &SecretString) -> Result<HeaderValue, InvalidSettings> {
    let key = key.expose_secret();
    if key.is_empty() {
        return Err(InvalidSettings::ApiKey);
    }
    let mut value = HeaderValue::from_str(key).map_err(|_| InvalidSettings::ApiKey)?;
    value.set_sensitive(true);
    Ok(value)
}

/// A client with every bound but the total time-out.
fn http_client(endpoint: &Url) -> ClientBuilder {
    let builder = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(PING_INTERVAL)
        .http2_keep_alive_timeout(PING_TIMEOUT)
        // Google does not redirect; following one would carry the key along.
        .redirect(redirect::Policy::none());
    let loopback = matches!(endpoint.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    // A proxy for the outside world cannot reach a stand-in on this machine.
    if loopback { builder.no_proxy() } else { builder }
}

/// TLS with ring and Mozilla's roots as compiled in (`webpki-roots`; they are renewed by updating
/// that crate). reqwest leaves ALPN of a configuration like this to its maker.
fn tls_config() -> Result<ClientConfig, rustls::Error> {
    let roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// How the reading of a body ended.
enum BodyEnd {
    Complete,
    OverLimit,
    Lost(Failure),
}

/// Reads at most `limit` bytes, and returns what came, however it ended.
async fn read(mut response: Response, limit: usize) -> (Vec<u8>, BodyEnd) {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > limit => {
                return (body, BodyEnd::OverLimit);
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return (body, BodyEnd::Complete),
            Err(error) => return (body, BodyEnd::Lost(lost(&error))),
        }
    }
}

fn lost(error: &reqwest::Error) -> Failure {
    let timed_out = error.is_timeout() && !error.is_connect();
    Failure::retryable(if timed_out { Cause::TimedOut } else { Cause::Connection })
}

fn parse(body: &[u8]) -> Result<GenerateContentResponse, Failure> {
    serde_json::from_slice(body).map_err(|_| Failure::retryable(Cause::Unreadable))
}

#[cfg(test)]
mod tests {
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
                DEFAULT_BASE_URL,
                "https://generativelanguage.googleapis.com/v1beta/models/gemini-3.8-flash:generateContent",
            ),
            (
                "http://127.0.0.1:9/gemini/",
                "http://127.0.0.1:9/gemini/v1beta/models/gemini-3.8-flash:generateContent",
            ),
        ] {
            assert_eq!(Gemini::new(settings(base)).unwrap().endpoint.as_str(), expected);
        }
    }

    #[test]
    fn a_base_url_that_is_not_one_is_refused() {
        for base in
            ["", "localhost:3000", "file:///etc", "http://", "http://host/?q=", "http://h/#f"]
        {
            assert!(matches!(endpoint(base, "m"), Err(InvalidSettings::BaseUrl)), "{base}");
        }
    }

    #[test]
    fn a_model_cannot_lead_to_another_path() {
        for model in ["", "../secrets", "a/b", "a?b", "a:b", "a b", "é"] {
            let settings = Settings { model: model.to_owned(), ..settings(DEFAULT_BASE_URL) };
            assert!(matches!(Gemini::new(settings), Err(InvalidSettings::Model)), "{model}");
        }
    }

    #[test]
    fn a_key_that_no_header_can_carry_is_refused_without_being_shown() {
        for key in ["", "secret\nkey"] {
            let settings =
                Settings { api_key: SecretString::from(key), ..settings(DEFAULT_BASE_URL) };
            let error = Gemini::new(settings).err().unwrap();
            assert!(matches!(error, InvalidSettings::ApiKey));
            assert!(!format!("{error:?} {error}").contains("secret"));
        }
    }

    #[test]
    fn neither_settings_nor_client_show_the_key_when_they_are_debugged() {
        let settings = settings(DEFAULT_BASE_URL);
        assert!(!format!("{settings:?}").contains("secret-key"));
        let gemini = Gemini::new(settings).unwrap();
        assert!(!format!("{:?}", gemini.client).contains("secret-key"));
    }

    #[test]
    fn http_2_is_offered_and_then_http_1() {
        let config = tls_config().unwrap();
        assert_eq!(config.alpn_protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);
    }

    #[test]
    fn a_body_that_is_no_answer_can_be_tried_again() {
        for body in ["", "<html></html>", r#"{"candidates": [{"content""#, "null"] {
            let failure = parse(body.as_bytes()).err().unwrap();
            assert_eq!(failure, Failure::retryable(Cause::Unreadable), "{body}");
        }
    }
}
