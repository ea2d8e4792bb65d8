//! The docs function as its clients see it, and as API Gateway does.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that can't go on fails its test")]

mod document;
mod lambda;
mod page;
mod service;
mod vendored;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, Method, Request, StatusCode, header},
};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

/// An answer that has arrived as a whole.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    /// The value of a header that is there once.
    fn header(&self, name: &HeaderName) -> &str {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().unwrap_or_else(|| panic!("no {name}")).to_str().unwrap();
        assert!(values.next().is_none(), "{name} more than once");
        value
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// The router as `main` runs it.
fn served() -> axum::Router {
    shared::http::service(docs::router())
}

async fn request(method: Method, path: &str, headers: &[(HeaderName, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    let (parts, body) = served().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, body }
}

async fn get(path: &str) -> Answer {
    request(Method::GET, path, &[]).await
}

async fn get_with(path: &str, name: HeaderName, value: &str) -> Answer {
    request(Method::GET, path, &[(name, value)]).await
}

/// Asks again with the entity tag of the first answer, and with another one.
async fn assert_conditional(path: &str, accept_encoding: &str) {
    let accepting = (header::ACCEPT_ENCODING, accept_encoding);
    let first = request(Method::GET, path, std::slice::from_ref(&accepting)).await;
    assert_eq!(first.status, StatusCode::OK, "{path}");
    assert!(!first.body.is_empty(), "{path}");
    let etag = first.header(&header::ETAG);

    let named = (header::IF_NONE_MATCH, etag);
    let again = request(Method::GET, path, &[accepting.clone(), named]).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED, "{path}");
    assert!(again.body.is_empty(), "{path}");
    for name in [header::ETAG, header::CACHE_CONTROL] {
        assert_eq!(again.header(&name), first.header(&name), "{path}");
    }
    assert_eq!(again.headers.get(header::VARY), first.headers.get(header::VARY), "{path}");

    let other = (header::IF_NONE_MATCH, "\"another\"");
    let changed = request(Method::GET, path, &[accepting, other]).await;
    assert_eq!(changed.status, StatusCode::OK, "{path}");
    assert_eq!(changed.body, first.body, "{path}");
}
