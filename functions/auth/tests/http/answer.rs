//! One answer, read to its end. Every one is held against the OpenAPI document as it arrives: an
//! answer that is not documented fails the test that got it.

use std::{fmt, sync::LazyLock};

use axum::{
    http::{HeaderMap, Method, StatusCode},
    response::Response,
};
use http_body_util::BodyExt as _;
use serde_json::Value;
use utoipa::OpenApi as _;

pub(crate) static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(auth::ApiDoc::openapi()).unwrap());

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    asked: String,
}

impl Answer {
    pub(crate) async fn read(method: &Method, path: &str, response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let answer = Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
            asked: format!("{method} {path}"),
        };
        answer.is_documented(method, path);
        answer
    }

    fn is_documented(&self, method: &Method, path: &str) {
        let operation = &DOCUMENT["paths"][path][method.as_str().to_ascii_lowercase()];
        if operation.is_null() {
            assert!(matches!(self.status, 404 | 405), "{self}");
            return;
        }
        let documented = &operation["responses"][self.status.to_string()];
        assert!(documented.is_object(), "not documented: {self}");
        if let Some(content_type) = self.headers.get("content-type") {
            let content = &documented["content"][content_type.to_str().unwrap()];
            assert!(content.is_object(), "another content type than documented: {self}");
        }
        for name in ["retry-after", "www-authenticate"] {
            let headers = documented["headers"].as_object().into_iter().flatten();
            let documented = headers.map(|(name, _)| name).any(|n| n.eq_ignore_ascii_case(name));
            assert_eq!(documented, self.headers.contains_key(name), "{name}: {self}");
        }
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// Expects an error with this code.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.str("code").as_str()), (status, code), "{self}");
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn str(&self, member: &str) -> String {
        let text = self.json()[member].as_str().map(str::to_owned);
        text.unwrap_or_else(|| panic!("no {member}: {self}"))
    }

    /// Seconds.
    #[track_caller]
    pub(crate) fn retry_after(&self) -> i64 {
        self.headers["retry-after"].to_str().unwrap().parse().unwrap()
    }

    /// The fields that were found wrong, sorted.
    #[track_caller]
    pub(crate) fn faulty_fields(&self) -> Vec<String> {
        self.refused(422, "validation_failed");
        let body = self.json();
        let fields = body["errors"].as_array().unwrap().iter();
        let mut fields: Vec<_> =
            fields.map(|error| error["field"].as_str().unwrap().to_owned()).collect();
        fields.sort();
        fields
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = StatusCode::from_u16(self.status).unwrap();
        write!(f, "{}: {status}\n{:?}\n{}", self.asked, self.headers, self.text)
    }
}
