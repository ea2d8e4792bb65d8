//! One call to `generateContent`: the connection, its bounds, and what came of it.

use std::time::{Duration, Instant};

use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Response, Url};

use super::error::ErrorReply;
use super::wire::GenerateContentRequest;
use super::{Answer, Cause, Failure, InvalidSettings, Prompt, Settings};

/// The bound on one answer, thoughts included, in tokens. About 32 KB of text: a long answer, and
/// a tenth of what an item of DynamoDB may hold.
pub const MAX_OUTPUT_TOKENS: u32 = 8_192;

/// Hundreds of times what [`MAX_OUTPUT_TOKENS`] amounts to.
const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;

/// Google's errors are a few KB; only their `status` and `details` are read.
const MAX_ERROR_BYTES: usize = 64 * 1024;

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
        let endpoint = settings.endpoint()?;
        let client = settings.http_client(&endpoint)?;
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
                BodyEnd::Complete => Answer::read(&body),
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
