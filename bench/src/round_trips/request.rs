//! Requests as clients make them.

use axum::{
    body::Body,
    http::{self, Method, header},
};
use serde_json::Value;

/// A request to the API.
pub(super) struct Request {
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Option<String>,
}

impl Request {
    fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: None }
    }

    pub(super) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(super) fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    pub(super) fn patch(path: impl Into<String>) -> Self {
        Self::new(Method::PATCH, path)
    }

    pub(super) fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    /// By whom `token` was given to.
    pub(super) fn by(self, token: &str) -> Self {
        self.with("authorization", format!("Bearer {token}"))
    }

    pub(super) fn with(mut self, header: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((header, value.into()));
        self
    }

    /// With a key as clients make them, a UUID.
    pub(super) fn with_key(self) -> Self {
        self.with("idempotency-key", "7c9e6679-7425-40de-944b-e07fc1f90ae7")
    }

    pub(super) fn json(self, body: &Value) -> Self {
        self.body(body.to_string())
    }

    pub(super) fn body(self, body: impl Into<String>) -> Self {
        Self { body: Some(body.into()), ..self }.with("content-type", "application/json")
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn build(self) -> http::Request<Body> {
        let mut request = http::Request::builder().method(self.method).uri(self.path);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let body = self.body.unwrap_or_default();
        request.header(header::CONTENT_LENGTH, body.len()).body(body.into()).unwrap()
    }
}
