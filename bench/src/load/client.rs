//! An HTTP/1.1 client that costs next to nothing, for it has the same two cores as what it measures: one
//! connection that is kept, requests that are bytes already, answers that are not looked into.

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The most that is read at once, and more headers than any answer has.
const CHUNK: usize = 64 * 1024;
const MAX_HEADERS: usize = 32;

/// A connection that is kept open.
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// One answer, whole.
pub(crate) struct Answer<'a> {
    /// As bytes: head and body.
    whole: &'a [u8],
    head: Head,
}

#[derive(Clone, Copy)]
struct Head {
    status: u16,
    length: usize,
    body_length: usize,
}

impl Connection {
    /// To host and port.
    pub(crate) async fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, received: Vec::with_capacity(CHUNK) }
    }

    /// Sends a request that [`request`] has made, and reads the answer to its end.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Answer<'_> {
        self.stream.write_all(request).await.unwrap();
        self.received.clear();
        let head = loop {
            self.read_some().await;
            if let Some(head) = head(&self.received) {
                break head;
            }
        };
        while self.received.len() < head.length + head.body_length {
            self.read_some().await;
        }
        Answer { whole: &self.received, head }
    }

    async fn read_some(&mut self) {
        self.received.reserve(CHUNK);
        let count = self.stream.read_buf(&mut self.received).await.unwrap();
        assert!(count > 0, "the server closed a connection that is to be kept");
    }
}

impl Answer<'_> {
    /// Checks the status.
    ///
    /// # Panics
    /// It is another one.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> &Self {
        assert_eq!(self.head.status, status, "{}", String::from_utf8_lossy(self.whole));
        self
    }

    /// Head and body, bytes.
    pub(crate) fn size(&self) -> usize {
        self.whole.len()
    }

    /// The body.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.whole[self.head.length..]).unwrap()
    }
}

/// The head, if it has come whole.
fn head(received: &[u8]) -> Option<Head> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = response.parse(received).unwrap() else { return None };
    let is_length =
        |header: &&httparse::Header<'_>| header.name.eq_ignore_ascii_case("content-length");
    let body_length = response.headers.iter().find(is_length).expect("an answer of known length");
    let body_length = str::from_utf8(body_length.value).unwrap().parse().unwrap();
    Some(Head { status: response.code.unwrap(), length, body_length })
}

/// A request as it goes over the wire; `body` is JSON, empty for none.
pub(crate) fn request(method: &str, path: &str, token: &str, body: &str) -> Vec<u8> {
    let head =
        format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n");
    let content = match body {
        "" => String::new(),
        _ => format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len()),
    };
    format!("{head}{content}\r\n{body}").into_bytes()
}
