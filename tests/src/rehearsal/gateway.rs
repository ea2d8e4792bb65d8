//! The address of a stack's API. The emulator knows an API by a long path, and answers `/health` in its
//! own name where it knows it by its host: so the suite is given an address on loopback, from which
//! every request goes on to that path, as it is.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use tokio::{net::TcpListener, task::JoinHandle};

/// An address that leads to an API, until it is dropped.
pub struct Gateway {
    url: String,
    open: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Gateway {
    /// A free address on loopback.
    pub async fn listener() -> TcpListener {
        TcpListener::bind(("127.0.0.1", 0)).await.unwrap()
    }

    /// Leads from there to the API with this id, in the emulator at `endpoint`.
    #[must_use]
    pub fn start(listener: TcpListener, endpoint: &str, api: &str) -> Self {
        let url = format!("http://{}", listener.local_addr().unwrap());
        let open = Arc::new(AtomicBool::new(true));
        let way = Way {
            prefix: format!("{endpoint}/_aws/execute-api/{api}/$default").into(),
            client: Client::builder(TokioExecutor::new()).build_http(),
            open: Arc::clone(&open),
        };
        Self { url, open, task: tokio::spawn(serve(listener, way)) }
    }

    /// Its base URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on it answers, or hangs up: also on those who wait for an answer at that moment.
    pub fn open(&self, open: bool) {
        self.open.store(open, Ordering::SeqCst);
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone)]
struct Way {
    prefix: Arc<str>,
    client: Client<HttpConnector, Full<Bytes>>,
    open: Arc<AtomicBool>,
}

/// To return an error is to hang up.
#[derive(Debug)]
struct HungUp;

impl std::fmt::Display for HungUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("nobody is there")
    }
}

impl std::error::Error for HungUp {}

async fn serve(listener: TcpListener, way: Way) {
    while let Ok((connection, _)) = listener.accept().await {
        connection.set_nodelay(true).ok();
        let way = way.clone();
        let pass_on = service_fn(move |request| {
            let way = way.clone();
            async move { way.pass_on(request).await }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(connection), pass_on));
    }
}

impl Way {
    async fn pass_on(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, HungUp> {
        self.is_open()?;
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        parts.uri = format!("{}{path}", self.prefix).parse().map_err(|_| HungUp)?;
        let body = body.collect().await.map_err(|_| HungUp)?.to_bytes();
        let answer = self.client.request(Request::from_parts(parts, Full::new(body))).await;
        let (parts, body) = answer.map_err(|_| HungUp)?.into_parts();
        let body = body.collect().await.map_err(|_| HungUp)?.to_bytes();
        self.is_open()?;
        Ok(Response::from_parts(parts, Full::new(body)))
    }

    fn is_open(&self) -> Result<(), HungUp> {
        if self.open.load(Ordering::SeqCst) { Ok(()) } else { Err(HungUp) }
    }
}
