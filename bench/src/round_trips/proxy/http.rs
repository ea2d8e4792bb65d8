//! Calls of HTTP/1.1, over connections that are kept.

use std::{io, sync::Arc};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    header::CONTENT_LENGTH,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use tokio::{net::TcpListener, task::JoinSet};

use super::capacity;
use crate::round_trips::calls::{Calls, Said, Server};

pub(super) async fn serve(listener: TcpListener, server: Server, upstream: String, calls: Calls) {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new()).build(connector);
    let relay = Arc::new(Relay { server, upstream, client, calls });
    let mut connections = JoinSet::new();
    while let Ok((connection, _)) = listener.accept().await {
        connection.set_nodelay(true).ok();
        let relay = Arc::clone(&relay);
        connections.spawn(async move {
            let service = service_fn(|request| relay.pass(request));
            // However it ends, the client sees it end.
            http1::Builder::new().serve_connection(TokioIo::new(connection), service).await.ok();
        });
        while connections.try_join_next().is_some() {}
    }
}

struct Relay {
    server: Server,
    upstream: String,
    client: Client<HttpConnector, Full<Bytes>>,
    calls: Calls,
}

impl Relay {
    async fn pass(&self, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
        let under_way = self.calls.begin(self.server);
        let operation = operation(&request);
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        parts.uri = format!("{}{path}", self.upstream).parse().map_err(io::Error::other)?;
        let mut body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let mut said = Said { operation, sent: body.len(), ..Said::default() };
        if self.server == Server::DynamoDb {
            body = capacity::asked_for(&body);
            parts.headers.remove(CONTENT_LENGTH);
        }
        let asked = Request::from_parts(parts, Full::new(body));
        let answer = self.client.request(asked).await.map_err(io::Error::other)?;
        let (mut parts, body) = answer.into_parts();
        let mut body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        if self.server == Server::DynamoDb {
            body = capacity::taken_from(&body, &mut said);
            // Both are of the body as it came.
            parts.headers.remove(CONTENT_LENGTH);
            parts.headers.remove("x-amz-crc32");
        }
        said.received = body.len();
        if let Some(under_way) = under_way {
            under_way.answered(said).hold().await;
        }
        Ok(Response::from_parts(parts, Full::new(body)))
    }
}

/// What is asked for: `GetItem` of AWS, `generateContent` of the model, `GET /v1/customers/…` of others.
fn operation(request: &Request<Incoming>) -> String {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
    if let Some((_, action)) = target.and_then(|target| target.split_once('.')) {
        return action.to_owned();
    }
    let path = request.uri().path();
    match path.split_once(':') {
        Some((_, action)) => action.to_owned(),
        None => format!("{} {}", request.method(), without_ids(path)),
    }
}

/// The same path for every object. All ids, and nothing else behind the version, have digits.
fn without_ids(path: &str) -> String {
    let is_id = |part: &str| !part.starts_with("v1") && part.contains(|c: char| c.is_ascii_digit());
    let parts: Vec<_> = path.split('/').map(|part| if is_id(part) { "…" } else { part }).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_without_their_ids() {
        for (path, told) in [
            ("/v1/customers", "/v1/customers"),
            ("/v1/customers/cus_R1a2", "/v1/customers/…"),
            ("/v1/checkout/sessions/cs_test_1/expire", "/v1/checkout/sessions/…/expire"),
            ("/v1beta/models/gemini-3.8-flash", "/v1beta/models/…"),
        ] {
            assert_eq!(without_ids(path), told);
        }
    }
}
