//! Requests as bytes: an HTTP client would tidy them up first.

use std::time::Duration;

use serde_json::Value;
use tests::{Parley, rehearsal::report::left_out};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(30);

/// An answer to one.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Status line and headers.
    pub(super) head: String,
    pub(super) body: String,
}

impl Answer {
    /// Panics unless it is a refusal, and a problem if it is Parley's: a server of HTTP refuses what is
    /// none with an empty body.
    #[track_caller]
    pub(super) fn refused(&self) {
        assert!((400..500).contains(&self.status), "not refused: {self:?}");
        let is_parleys = self.head.to_ascii_lowercase().contains("x-request-id");
        let problem: Option<Value> = serde_json::from_str(&self.body).ok();
        let is_problem = problem.is_some_and(|problem| problem["status"] == self.status);
        assert!(!is_parleys || is_problem, "no problem: {self:?}");
    }
}

/// Sends `request`, which is all but the headers `Host` and `Connection` and the body, and reads the
/// answer to its end. None where there is no plain connection to a server of HTTP.
pub(super) async fn ask(parley: &Parley, request: &[u8], body: &[u8]) -> Option<Answer> {
    let base_url = parley.base_url();
    let Some(host) = base_url.strip_prefix("http://") else {
        left_out("it needs a connection without TLS");
        return None;
    };
    let mut bytes = request.to_vec();
    bytes.extend_from_slice(format!("host: {host}\r\nconnection: close\r\n\r\n").as_bytes());
    bytes.extend_from_slice(body);
    let mut connection = TcpStream::connect(host).await.unwrap();
    // A server may refuse and hang up before it has read everything.
    let _ = connection.write_all(&bytes).await;
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, connection.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "no end of {}", String::from_utf8_lossy(&answer));
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no answer: {answer:?}"));
    Some(Answer { status, head: head.to_owned(), body: body.to_owned() })
}

/// `GET` of a path that is sent as it is written.
pub(super) async fn get(parley: &Parley, token: &str, path: &str) -> Option<Answer> {
    let request = format!("GET {path} HTTP/1.1\r\nauthorization: Bearer {token}\r\n");
    ask(parley, request.as_bytes(), &[]).await
}
