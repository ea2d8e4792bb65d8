//! Errors: problem details (RFC 9457), one shape for every rejection.
//!
//! A handler returns a [`Problem`]; the outermost layer writes it out, with the request's id, and
//! logs it once. A 5xx never carries an internal.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::StoreError;

/// What a handler returns.
pub type Result<T> = std::result::Result<T, Problem>;

/// The problem type of a used-up quota (draft-ietf-httpapi-ratelimit-headers).
const QUOTA_EXCEEDED: &str = "https://iana.org/assignments/http-problem-types#quota-exceeded";

/// Why a request was not fulfilled.
#[derive(Debug, Clone)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    status: StatusCode,
    code: &'static str,
    kind: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// For the log only.
    cause: Option<String>,
}

/// One field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Its name.
    pub field: String,
    /// What is wrong with it, to be read after the name: `must not be blank`.
    pub message: String,
}

/// The body of an error (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody<'a> {
    /// The kind of problem: `about:blank`, or a URI that names it.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    pub kind: &'a str,
    /// The status in words.
    #[schema(example = "Not Found")]
    pub title: &'a str,
    /// The HTTP status.
    #[schema(example = 404)]
    pub status: u16,
    /// What happened, for people.
    pub detail: &'a str,
    /// What happened, for programs: stable.
    #[schema(example = "not_found")]
    pub code: &'a str,
    /// The request, as in the `x-request-id` header and in the logs.
    pub request_id: &'a str,
    /// All fields that were wrong, with 422.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    pub errors: &'a [FieldError],
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            status,
            code,
            kind: "about:blank",
            detail: detail.into(),
            errors: Vec::new(),
            headers: Vec::new(),
            cause: None,
        }))
    }

    fn with_cause(mut self, cause: impl ToString) -> Self {
        self.0.cause = Some(cause.to_string());
        self
    }

    /// 400 with a code of its own.
    pub fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 401: who is asking is not known. Carries `WWW-Authenticate` (RFC 9110, RFC 6750).
    pub fn unauthorized(code: &'static str, detail: impl Into<String>) -> Self {
        // `error` is for requests that did carry a token (RFC 6750, section 3.1).
        let challenge = match code {
            "invalid_token" | "session_ended" => r#"Bearer realm="parley", error="invalid_token""#,
            _ => r#"Bearer realm="parley""#,
        };
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
            .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
    }

    /// 401: the session that the token belongs to has ended, or its user is gone.
    #[must_use]
    pub fn session_ended() -> Self {
        Self::unauthorized("session_ended", "The session has ended. Sign in again.")
    }

    /// 403 with a code of its own.
    pub fn forbidden(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, detail)
    }

    /// 404: it is not there, or not the caller's; nobody can tell which.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("There is no such {what}."))
    }

    /// 405.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        let detail = "This path does not take this method.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
    }

    /// 409 with a code of its own.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 413: more than `largest` bytes.
    #[must_use]
    pub fn too_large(largest: usize) -> Self {
        let detail = format!("The body is larger than {} KiB.", largest / 1024);
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
    }

    /// 415.
    #[must_use]
    pub fn unsupported_media_type() -> Self {
        let detail = "Send the body as application/json.";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
    }

    /// 422: these fields are wrong.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = "Some fields are not valid.";
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", detail);
        problem.0.errors = errors;
        problem
    }

    /// 422 with a code of its own.
    pub fn unprocessable(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// 429: not before `retry_after` seconds.
    pub fn too_many(code: &'static str, detail: impl Into<String>, retry_after: u64) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, code, detail)
            .with_header(header::RETRY_AFTER, retry_after.max(1).into())
    }

    /// 429: the quota is used up until `retry_after` seconds have passed.
    #[must_use]
    pub fn quota_exceeded(detail: impl Into<String>, retry_after: u64) -> Self {
        let mut problem = Self::too_many("quota_exceeded", detail, retry_after);
        problem.0.kind = QUOTA_EXCEEDED;
        problem
    }

    /// 500: `cause` goes to the log, never to the client.
    #[must_use]
    pub fn internal(cause: impl ToString) -> Self {
        let detail = "Something went wrong on our side.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail).with_cause(cause)
    }

    /// 503: a server behind this one does not answer; worth another try soon.
    #[must_use]
    pub fn unavailable(cause: impl ToString) -> Self {
        Self::busy("The service is busy. Nothing was lost; try again in a moment.", cause)
    }

    /// 503 like [`Self::unavailable`], in the midst of a deletion of many things: some of them may be
    /// gone, and another try goes on with the rest.
    #[must_use]
    pub fn partly_deleted(cause: impl ToString) -> Self {
        Self::busy("Not all of it is deleted yet. Try again in a moment.", cause)
    }

    fn busy(detail: &str, cause: impl ToString) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
            .with_cause(cause)
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("2"))
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// Its status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// Logs it once, at the boundary, with the time that the request took: the fault is ours from 500
    /// on.
    pub(super) fn log(&self, duration_ms: u64) {
        let (status, code) = (self.0.status.as_u16(), self.0.code);
        let cause = self.0.cause.as_deref();
        if self.0.status.is_server_error() {
            tracing::error!(
                http.status = status,
                problem.code = code,
                problem.cause = cause,
                duration_ms,
                "failed"
            );
        } else {
            tracing::info!(http.status = status, problem.code = code, duration_ms, "refused");
        }
    }

    /// Writes it out for the request `request_id`.
    pub(super) fn render(&self, request_id: &str) -> Response {
        let body = ProblemBody {
            kind: self.0.kind,
            title: self.0.status.canonical_reason().unwrap_or("Error"),
            status: self.0.status.as_u16(),
            detail: &self.0.detail,
            code: self.0.code,
            request_id,
            errors: &self.0.errors,
        };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.0.status;
        let json = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response.headers_mut().extend(self.0.headers.iter().cloned());
        response
    }
}

impl IntoResponse for Problem {
    /// Only marks the response: the layer writes it out.
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.headers_mut().extend(self.0.headers.iter().cloned());
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::unavailable(error),
            StoreError::Corrupt(_) => Self::internal(error),
        }
    }
}
