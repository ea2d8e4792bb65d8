//! One answer, read to its end, with assertions that show it when they fail.

use std::fmt;

use reqwest::{
    Method, StatusCode, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde_json::Value;

/// An answer of the server.
///
/// The rules for all answers are checked as each one arrives: it has an `x-request-id`; an error is
/// `application/problem+json` (RFC 9457) with a title, the status, a stable code and the same request
/// id; a 401 says how to authenticate (RFC 9110, section 15.5.2); nothing of the model service's or
/// Stripe's internals is in it; and no test of this suite may ever see a 5xx that it has not asked for
/// ([`Request::may_fail`](crate::Request::may_fail)).
pub struct Response {
    method: Method,
    url: Url,
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Response {
    pub(crate) async fn read(
        method: Method,
        response: reqwest::Response,
    ) -> Result<Self, reqwest::Error> {
        let status = response.status();
        let headers = response.headers().clone();
        let url = response.url().clone();
        let body = response.bytes().await?;
        Ok(Self { method, url, status, headers, body: body.to_vec() })
    }

    pub(crate) fn obeys_the_rules_for_all(&self, never_shown: &[String], may_fail: bool) {
        let request_id = self.try_header("x-request-id").unwrap_or_default();
        // A preflight is answered by API Gateway, before there is anybody to give it an id.
        let is_preflight = self.method == Method::OPTIONS;
        if self.is_the_gateways() {
            return;
        }
        assert!(!request_id.trim().is_empty() || is_preflight, "no request id: {self}");
        assert!(may_fail || !self.status.is_server_error(), "a server error: {self}");
        let whole = self.whole();
        for text in never_shown {
            assert!(!whole.contains(text), "an internal, {text:?}: {self}");
        }
        let is_json = self.try_json().is_some();
        assert!(!is_json || !whole.contains("client_secret"), "a secret of Stripe's: {self}");
        if self.status == StatusCode::UNAUTHORIZED {
            assert!(self.try_header("www-authenticate").is_some(), "no WWW-Authenticate: {self}");
        }
        let is_error = self.status.is_client_error() || self.status.is_server_error();
        if is_error && self.method != Method::HEAD {
            self.is_a_problem(&request_id);
        }
    }

    /// Whether API Gateway itself says that it has no such route, or nothing for this origin: then
    /// Parley was not asked.
    fn is_the_gateways(&self) -> bool {
        let no_route =
            self.status == StatusCode::NOT_FOUND && self.body == br#"{"message":"Not Found"}"#;
        let is_preflight = self.method == Method::OPTIONS;
        self.headers.contains_key("apigw-requestid") && (no_route || is_preflight)
    }

    fn is_a_problem(&self, request_id: &str) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16(), "{self}");
        assert_eq!(problem["request_id"], request_id, "{self}");
        for member in ["type", "title", "detail", "code"] {
            let text = problem[member].as_str().unwrap_or_default();
            assert!(!text.trim().is_empty(), "no {member:?}: {self}");
        }
        if self.status == StatusCode::UNPROCESSABLE_ENTITY
            && let Some(errors) = problem.get("errors")
        {
            let errors = errors.as_array().unwrap_or_else(|| panic!("errors is no array: {self}"));
            assert!(!errors.is_empty(), "no errors: {self}");
            for error in errors {
                assert!(error["field"].is_string() && error["message"].is_string(), "{self}");
            }
        }
    }

    /// The same answer, if it has this status.
    #[track_caller]
    #[must_use = "to ignore the answer, write `let _ =` or read something of it"]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "another status: {self}");
        self
    }

    /// Panics unless it has this status.
    #[track_caller]
    pub fn is(&self, status: u16) {
        assert_eq!(self.status.as_u16(), status, "another status: {self}");
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// All headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// A header that has to be there.
    #[track_caller]
    #[must_use]
    pub fn header(&self, name: &str) -> String {
        self.try_header(name).unwrap_or_else(|| panic!("no header {name:?}: {self}"))
    }

    /// A header, if it is there.
    #[must_use]
    pub fn try_header(&self, name: &str) -> Option<String> {
        let value = self.headers.get(name)?;
        Some(value.to_str().unwrap_or_else(|_| panic!("{name} is not text: {self}")).to_owned())
    }

    /// The `Retry-After` header, in seconds (RFC 9110, section 10.2.3), which is at least one.
    #[track_caller]
    #[must_use]
    pub fn retry_after(&self) -> i64 {
        let seconds = self.header("retry-after");
        let seconds =
            seconds.parse().unwrap_or_else(|_| panic!("Retry-After is no number: {self}"));
        assert!(seconds >= 1, "Retry-After asks for no patience: {self}");
        seconds
    }

    /// A reference in this answer as a whole URL (RFC 3986, section 5).
    #[track_caller]
    #[must_use]
    pub fn resolve(&self, reference: &str) -> String {
        self.url.join(reference).unwrap_or_else(|_| panic!("{reference:?}: {self}")).into()
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    #[must_use]
    pub fn json(&self) -> Value {
        self.try_json().unwrap_or_else(|| panic!("the body is no JSON: {self}"))
    }

    pub(crate) fn try_json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// A member of the body that is a non-empty string.
    #[track_caller]
    #[must_use]
    pub fn string(&self, member: &str) -> String {
        let body = self.json();
        let text = body[member].as_str().unwrap_or_default();
        assert!(!text.is_empty(), "no {member:?}: {self}");
        text.to_owned()
    }

    /// The body as a JSON array.
    #[track_caller]
    #[must_use]
    pub fn array(&self) -> Vec<Value> {
        match self.json() {
            Value::Array(items) => items,
            _ => panic!("the body is no array: {self}"),
        }
    }

    /// Status, headers and body, as text.
    fn whole(&self) -> String {
        let header = |(name, value): (&HeaderName, &HeaderValue)| {
            format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))
        };
        let headers: Vec<_> = self.headers.iter().map(header).collect();
        format!("{}\n{}\n\n{}", self.status, headers.join("\n"), self.text())
    }

    /// The fields that a validation found fault with, sorted, each once.
    #[track_caller]
    #[must_use]
    pub fn faulty_fields(&self) -> Vec<String> {
        self.is(422);
        let body = self.json();
        let errors = body["errors"].as_array().unwrap_or_else(|| panic!("no errors: {self}"));
        let mut fields: Vec<_> = errors
            .iter()
            .map(|error| error["field"].as_str().unwrap_or_default().to_owned())
            .collect();
        fields.sort();
        fields.dedup();
        fields
    }
}

impl fmt::Display for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ENOUGH: usize = 4_000;
        let whole = self.whole();
        let shown: String = whole.chars().take(ENOUGH).collect();
        let rest = if shown.len() < whole.len() { "…" } else { "" };
        writeln!(f, "{} {}\n{shown}{rest}", self.method, self.url)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
