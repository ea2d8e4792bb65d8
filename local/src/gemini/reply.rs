//! Replies in Gemini's wire format: answers whole and in chunks, and errors.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::behaviour::{Respond, StatusReply};
use super::request::{Request, tokens};

/// The text of an error that the stand-in was told to send. A test can look for it where it must
/// never be: in replies to users and in logs.
pub const ERROR_MESSAGE: &str =
    "stand-in's internal message, see https://generativelanguage.internal.example/";

/// What every answer is said to have spent on thinking.
const THOUGHT_TOKENS: usize = 12;

/// How many characters of a question the usual answer quotes.
const QUOTED_CHARS: usize = 80;

/// A 200, not yet in JSON.
pub(super) struct Reply {
    model: String,
    response_id: String,
    prompt_tokens: usize,
    body: Body,
}

enum Body {
    Text { text: String, finish_reason: String },
    Thoughts,
    NoParts,
    NoCandidates,
    Blocked,
}

impl Reply {
    /// The reply number `number` to `request`. What is not a matter of content (an error, a hang, a
    /// cut) is not decided here: it has the usual answer for its content.
    pub(super) fn new(model: &str, request: &Request, respond: &Respond, number: u64) -> Self {
        let body = match respond {
            Respond::Answer | Respond::Hang | Respond::Cut | Respond::Status(_) => {
                Body::Text { text: usual_answer(request), finish_reason: "STOP".to_owned() }
            }
            Respond::Text(reply) => Body::Text {
                text: reply.text.clone(),
                finish_reason: reply.finish_reason.clone().unwrap_or_else(|| "STOP".to_owned()),
            },
            Respond::Block => Body::Blocked,
            Respond::Empty => Body::NoParts,
            Respond::NoCandidates => Body::NoCandidates,
            Respond::ThoughtsOnly => Body::Thoughts,
        };
        Self {
            model: model.to_owned(),
            response_id: format!("stand-in-{number}"),
            prompt_tokens: request.tokens(),
            body,
        }
    }

    /// The body of `generateContent`.
    pub(super) fn whole(&self) -> Value {
        match &self.body {
            Body::Text { text, finish_reason } => {
                self.text_chunk(text, Some(finish_reason), tokens(text))
            }
            Body::Thoughts => {
                let parts = json!([{"text": "**Considering**\nLet me think.", "thought": true}]);
                let content = json!({"role": "model", "parts": parts});
                self.candidate(&content, Some("MAX_TOKENS"), 0)
            }
            Body::NoParts => self.candidate(&json!({"role": "model"}), Some("STOP"), 0),
            Body::NoCandidates => self.envelope(json!({}), &self.usage(None)),
            Body::Blocked => {
                let feedback = json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}});
                self.envelope(feedback, &self.usage(None))
            }
        }
    }

    /// The chunks of `streamGenerateContent`. Their usage is cumulative.
    pub(super) fn chunks(&self) -> Vec<Value> {
        let Body::Text { text, finish_reason } = &self.body else {
            return vec![self.whole()];
        };
        let pieces = pieces(text);
        let mut sent = 0;
        let mut chunks = Vec::with_capacity(pieces.len());
        for (index, piece) in pieces.iter().enumerate() {
            sent += piece.len();
            let last = index + 1 == pieces.len();
            let reason = last.then_some(finish_reason.as_str());
            chunks.push(self.text_chunk(piece, reason, tokens(&text[..sent])));
        }
        chunks
    }

    fn text_chunk(&self, text: &str, finish_reason: Option<&str>, output: usize) -> Value {
        let content = json!({"role": "model", "parts": [{"text": text}]});
        self.candidate(&content, finish_reason, output)
    }

    fn candidate(&self, content: &Value, finish_reason: Option<&str>, output: usize) -> Value {
        let mut candidate = json!({"content": content, "index": 0});
        if let Some(reason) = finish_reason {
            candidate["finishReason"] = json!(reason);
        }
        self.envelope(json!({"candidates": [candidate]}), &self.usage(Some(output)))
    }

    fn envelope(&self, mut body: Value, usage: &Value) -> Value {
        body["usageMetadata"] = usage.clone();
        body["modelVersion"] = json!(self.model);
        body["responseId"] = json!(self.response_id);
        body
    }

    /// `output` is none where the model was never asked.
    fn usage(&self, output: Option<usize>) -> Value {
        let input = self.prompt_tokens;
        let details = json!([{"modality": "TEXT", "tokenCount": input}]);
        match output {
            Some(output) => json!({
                "promptTokenCount": input,
                "candidatesTokenCount": output,
                "thoughtsTokenCount": THOUGHT_TOKENS,
                "totalTokenCount": input + output + THOUGHT_TOKENS,
                "promptTokensDetails": details,
            }),
            None => json!({
                "promptTokenCount": input,
                "totalTokenCount": input,
                "promptTokensDetails": details,
            }),
        }
    }
}

/// A model's entry in the catalogue.
pub(super) fn entry(model: &str) -> Value {
    json!({
        "name": format!("models/{model}"),
        "version": "001",
        "displayName": model,
        "description": "Parley's stand-in for Gemini",
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    })
}

/// The body of `countTokens`.
pub(super) fn token_count(request: &Request) -> Value {
    let total = request.tokens();
    json!({
        "totalTokens": total,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": total}],
    })
}

fn usual_answer(request: &Request) -> String {
    let question = request.question();
    let words: Vec<_> = question.split_whitespace().collect();
    let question = words.join(" ");
    let mut quoted: String = question.chars().take(QUOTED_CHARS).collect();
    if quoted.len() < question.len() {
        quoted.push('…');
    }
    let turns = match request.turns() {
        1 => "1 turn".to_owned(),
        n => format!("{n} turns"),
    };
    let instruction =
        if request.has_system_instruction() { " and the room's instructions" } else { "" };
    format!(
        "Hello! This is Parley's stand-in for Gemini. You said: “{quoted}” I was shown {turns} of \
         our conversation{instruction}. Set GEMINI_API_KEY to talk to the real Gemini."
    )
}

/// The text in about four pieces, each of whole words.
fn pieces(text: &str) -> Vec<String> {
    let words: Vec<_> = text.split_inclusive(' ').collect();
    if words.is_empty() {
        return vec![String::new()];
    }
    words.chunks(words.len().div_ceil(4)).map(<[_]>::concat).collect()
}

/// An error in Google's form.
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
    details: Vec<Value>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), details: Vec::new() }
    }

    pub(super) fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn no_api_key() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Method doesn't allow unregistered callers (callers without established identity). \
             Please use API Key or other form of API consumer identity to call this API.",
        )
    }

    pub(super) fn bad_api_key() -> Self {
        let message = "API key not valid. Please pass a valid API key.";
        let info = json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "API_KEY_INVALID",
            "domain": "googleapis.com",
            "metadata": {"service": "generativelanguage.googleapis.com"},
        });
        let localized = json!({
            "@type": "type.googleapis.com/google.rpc.LocalizedMessage",
            "locale": "en-US",
            "message": message,
        });
        Self { details: vec![info, localized], ..Self::invalid_argument(message) }
    }

    pub(super) fn no_such_model(model: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            format!(
                "models/{model} is not found for API version v1beta, or is not supported for \
                 generateContent. Call ListModels to see the list of available models and their \
                 supported methods."
            ),
        )
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut error = json!({
            "code": self.status.as_u16(),
            "message": self.message,
            "status": canonical_code(self.status),
        });
        if !self.details.is_empty() {
            error["details"] = json!(self.details);
        }
        (self.status, Json(json!({"error": error}))).into_response()
    }
}

/// The error that the stand-in was told to send.
pub(super) fn told_error(reply: &StatusReply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match &reply.body {
        Some(Value::String(text)) => {
            let html = [(header::CONTENT_TYPE, "text/html; charset=UTF-8")];
            (status, html, text.clone()).into_response()
        }
        Some(body) => (status, Json(body)).into_response(),
        None => {
            let retry_info = reply.retry_after.as_ref().map(|delay| {
                json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay})
            });
            let details = retry_info.into_iter().collect();
            Refusal { details, ..Refusal::new(status, ERROR_MESSAGE) }.into_response()
        }
    }
}

/// `google.rpc.Code` by HTTP status: <https://google.aip.dev/193>.
fn canonical_code(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        500 => "INTERNAL",
        501 => "UNIMPLEMENTED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => "UNKNOWN",
    }
}
