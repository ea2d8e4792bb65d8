//! One call to `generateContent`: the connection, its bounds, and what came of it.

use std::time::{Duration, Instant};

use reqwest::Response;
use reqwest::header::{HeaderName, HeaderValue, RETRY_AFTER};
use secrecy::{ExposeSecret, SecretString};

use super::error::ErrorReply;
use super::wire::GenerateContentRequest;
use super::{Answer, Cause, Endpoint, Failure, InvalidSettings, Prompt};

/// The bound on one answer, thoughts included, in tokens. About 32 KB of text: a long answer, and
/// a tenth of what an item of DynamoDB may hold.
pub const MAX_OUTPUT_TOKENS: u32 = 8_192;

/// The bound on an answer as it is sent, escapes and thoughts included: thirty times what
/// [`MAX_OUTPUT_TOKENS`] amounts to. Ten of a batch fit into the function's memory at once.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// The bound on its text: what an item of DynamoDB may hold, 400 KB, less what is kept beside it
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>).
pub const MAX_TEXT_BYTES: usize = 380 * 1000;

/// Google's errors are a few KB; only their `status` and `details` are read.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// Carries the API key.
const API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");

/// Gemini's `generateContent` for one model. Keeps its connections: make one and share it.
#[derive(Debug)]
pub struct Gemini {
    endpoint: Endpoint,
    api_key: HeaderValue,
}

impl Gemini {
    /// A client that is let in by `api_key`; nothing is sent yet.
    ///
    /// # Errors
    /// The key can't be used. It is not shown.
    pub fn new(endpoint: Endpoint, api_key: &SecretString) -> Result<Self, InvalidSettings> {
        let api_key = api_key.expose_secret();
        let mut header = HeaderValue::from_str(api_key).map_err(|_| InvalidSettings::ApiKey)?;
        if header.is_empty() {
            return Err(InvalidSettings::ApiKey);
        }
        header.set_sensitive(true);
        Ok(Self { endpoint, api_key: header })
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
        let Endpoint { client, url } = &self.endpoint;
        let asked = client.post(url.clone()).header(API_KEY, self.api_key.clone()).json(&request);
        let response = asked.send().await.map_err(|error| lost(&error))?;

        let status = response.status();
        trace.http_status = Some(status.as_u16());
        if status.is_success() {
            let (body, end) = read(response, MAX_ANSWER_BYTES).await;
            return match end {
                BodyEnd::Complete => Answer::read(&body).and_then(within_bounds),
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

/// An answer that can be kept.
fn within_bounds(answer: Answer) -> Result<Answer, Failure> {
    if answer.text.len() > MAX_TEXT_BYTES {
        return Err(Failure::Final { cause: Cause::TooLarge, usage: Some(answer.usage) });
    }
    Ok(answer)
}

/// What a log line may say about a failed call. Whether it is an alarm depends on what comes of the
/// message, so that is its handler's to log.
#[derive(Default)]
struct Trace {
    http_status: Option<u16>,
    google_status: Option<&'static str>,
}

impl Trace {
    fn log(&self, cause: Cause, elapsed: Duration) {
        tracing::info!(
            gemini.cause = cause.name(),
            gemini.status = self.google_status,
            http.response.status_code = self.http_status,
            duration_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            "no answer from Gemini"
        );
    }
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

#[cfg(test)]
mod tests {
    use shared::{config::Env, tls::public_web};

    use super::super::Settings;
    use super::*;

    fn gemini(api_key: &str) -> Result<Gemini, InvalidSettings> {
        let endpoint = Endpoint::new(Settings {
            base_url: shared::config::GEMINI_BASE_URL.to_owned(),
            model: "gemini-3.8-flash".to_owned(),
            timeout: Duration::from_secs(1),
            tls: public_web(&Env::default()).unwrap(),
        });
        Gemini::new(endpoint.unwrap(), &SecretString::from(api_key))
    }

    #[test]
    fn a_key_that_no_header_can_carry_is_refused_without_being_shown() {
        for key in ["", "secret\nkey"] {
            let error = gemini(key).err().unwrap();
            assert!(matches!(error, InvalidSettings::ApiKey));
            assert!(!format!("{error:?} {error}").contains("secret"));
        }
    }

    #[test]
    fn a_client_does_not_show_the_key_when_it_is_debugged() {
        assert!(!format!("{:?}", gemini("secret-key").unwrap()).contains("secret-key"));
    }
}
