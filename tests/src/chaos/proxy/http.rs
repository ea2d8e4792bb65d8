//! Calls of HTTP/1.1.

use std::{future::pending, io, sync::Arc};

use futures_util::stream;
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{
    Request, Response,
    body::{Bytes, Frame, Incoming},
    header,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use tokio::{net::TcpListener, task::JoinSet, time::sleep};

use super::{Fault, Rules};
use crate::chaos::fault::Canned;

type Body = BoxBody<Bytes, io::Error>;

/// An error is not told to the client: hyper closes the connection.
type Answer = Result<Response<Body>, io::Error>;

pub(super) async fn serve(listener: TcpListener, upstream: String, rules: Arc<Rules>) {
    let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
    let relay = Arc::new(Relay { upstream, client, rules });
    let mut connections = JoinSet::new();
    while let Ok((connection, _)) = listener.accept().await {
        connection.set_nodelay(true).ok();
        let relay = Arc::clone(&relay);
        connections.spawn(async move {
            let service = service_fn(|request| relay.pass(request));
            let serve = http1::Builder::new().serve_connection(TokioIo::new(connection), service);
            // However it ends, the client sees it end.
            relay.rules.until_severed(async { drop(serve.await) }).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

struct Relay {
    upstream: String,
    client: Client<HttpConnector, Full<Bytes>>,
    rules: Arc<Rules>,
}

impl Relay {
    async fn pass(&self, request: Request<Incoming>) -> Answer {
        let fault = self.rules.next(operation(&request));
        match fault {
            None => self.forward(request).await.map(whole),
            Some(Fault::Refuse) => Err(gone()),
            Some(Fault::Delay(by)) => {
                sleep(by).await;
                self.forward(request).await.map(whole)
            }
            Some(Fault::Late(by)) => {
                let answer = self.forward(request).await?;
                sleep(by).await;
                Ok(whole(answer))
            }
            // Until the client goes away: hyper drops this then.
            Some(Fault::Hang) => pending().await,
            Some(Fault::Cut) => self.forward(request).await.map(half),
            Some(Fault::Swallow) => {
                self.forward(request).await?;
                Err(gone())
            }
            Some(Fault::Answer(canned)) => answer(canned),
        }
    }

    /// What the server says, read to its end: then it has happened.
    async fn forward(&self, request: Request<Incoming>) -> io::Result<Response<Bytes>> {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        parts.uri = format!("{}{path}", self.upstream).parse().map_err(io::Error::other)?;
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let request = Request::from_parts(parts, Full::new(body));
        let answer = self.client.request(request).await.map_err(io::Error::other)?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        Ok(Response::from_parts(parts, body))
    }
}

/// What is asked for.
fn operation(request: &Request<Incoming>) -> String {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
    match target.and_then(|target| target.split_once('.')) {
        Some((_, action)) => action.to_owned(),
        None => format!("{} {}", request.method(), request.uri().path()),
    }
}

fn whole(answer: Response<Bytes>) -> Response<Body> {
    answer.map(|body| Full::new(body).map_err(|never| match never {}).boxed())
}

/// Half of it, and then the connection breaks; of one without a body, nothing.
fn half(answer: Response<Bytes>) -> Response<Body> {
    let (mut parts, body) = answer.into_parts();
    parts.headers.insert(header::CONTENT_LENGTH, body.len().max(1).into());
    let start = body.slice(..body.len() / 2);
    let pieces = stream::iter([Ok(Frame::data(start)), Err(gone())]);
    Response::from_parts(parts, BodyExt::boxed(StreamBody::new(pieces)))
}

fn answer(canned: Canned) -> Answer {
    let body = Full::new(Bytes::from(canned.body)).map_err(|never| match never {}).boxed();
    Response::builder()
        .status(canned.status)
        .header(header::CONTENT_TYPE, canned.content_type)
        .body(body)
        .map_err(io::Error::other)
}

fn gone() -> io::Error {
    io::ErrorKind::ConnectionReset.into()
}
