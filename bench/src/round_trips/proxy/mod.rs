//! Proxies that note what goes over them in [`Calls`](super::calls::Calls).

mod capacity;
mod http;
mod resp;
mod valkey;

use tokio::{net::TcpListener, task::JoinHandle};

use super::calls::{Calls, Server};

/// A running proxy. It stops when this is dropped.
pub(super) struct Proxy {
    url: String,
    served: JoinHandle<()>,
}

impl Proxy {
    /// In front of the server at `upstream`, a base URL without a slash at its end.
    pub(super) async fn start(server: Server, upstream: &str, calls: &Calls) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (upstream, calls) = (upstream.to_owned(), calls.clone());
        let (scheme, served) = match server {
            Server::Valkey => ("redis", tokio::spawn(valkey::serve(listener, upstream, calls))),
            _ => ("http", tokio::spawn(http::serve(listener, server, upstream, calls))),
        };
        Self { url: format!("{scheme}://{address}"), served }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.served.abort();
    }
}
