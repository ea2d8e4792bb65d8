//! Requests to the routers of `docs` and `chatroom`: paths, queries, tokens, idempotency keys, JSON.
//!
//! Input: as HTTP/1.1 has it, with bare line feeds and without the version: `POST /chatroom`, headers,
//! an empty line, the body. `$TOKEN` in a header stands for a good access token.
#![no_main]

use axum::{
    body::Body,
    http::{Method, Request},
};
use fuzz::{bounded, web};
use http_body_util::BodyExt;
use libfuzzer_sys::fuzz_target;
use tower::ServiceExt;

fuzz_target!(|input: &[u8]| bounded(input, |input| {
    let Some(request) = request(input) else { return };
    let is_head = request.method() == Method::HEAD;
    // Before `at_once`: the first time, it is made on the same runtime.
    let router = web::router();
    let answer = web::at_once(async {
        let (head, body) = router.oneshot(request).await.unwrap().into_parts();
        (head, body.collect().await.unwrap().to_bytes())
    });
    if let Some((head, body)) = answer
        && !is_head
    {
        let header = |name: &str| Some(head.headers.get(name)?.to_str().unwrap().to_owned());
        web::hold(head.status.as_u16(), header, &body);
    }
}));

fn request(input: &[u8]) -> Option<Request<Body>> {
    let end = input.windows(2).position(|pair| pair == b"\n\n").unwrap_or(input.len());
    let (head, body) = input.split_at(end);
    let mut lines = str::from_utf8(head).ok()?.split('\n');
    let (method, target) = lines.next()?.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(target);
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        request = request.header(name, web::with_token(value));
    }
    request.body(Body::from(body.get(2..).unwrap_or_default().to_vec())).ok()
}
