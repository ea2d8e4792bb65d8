//! An address that stays, for a process that comes back on another port: what Stripe knows a Parley by.

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

use crate::Api;

/// Passes connections on to wherever `api` is at that moment, until it is dropped. Where nobody is, it
/// hangs up.
pub(crate) struct Relay {
    url: String,
    task: JoinHandle<()>,
}

impl Relay {
    pub(crate) async fn start(api: Api) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        Self { url, task: tokio::spawn(pass_on(listener, api)) }
    }

    /// Its base URL, without a slash at the end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass_on(listener: TcpListener, api: Api) {
    let mut connections = JoinSet::new();
    while let Ok((mut from, _)) = listener.accept().await {
        let base_url = api.base_url();
        connections.spawn(async move {
            let address = base_url.trim_start_matches("http://");
            if let Ok(mut to) = TcpStream::connect(address).await {
                // However it ends, both sides see it end.
                let _ = copy_bidirectional(&mut from, &mut to).await;
            }
        });
        while connections.try_join_next().is_some() {}
    }
}
