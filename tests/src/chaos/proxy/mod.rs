//! A proxy between Parley and one of its servers, which makes calls fail.
//!
//! [`Proxy::http`] understands calls of HTTP/1.1, one by one; [`Proxy::tcp`] takes each piece that a
//! client sends for a call, which is enough for a cache. Which call fails, and how, is decided by a
//! function: see [`Proxy::decide`]. Until one is set, all calls pass.

mod http;
mod tcp;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use super::fault::Fault;

/// One call on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Which call of this proxy it is, from 0.
    pub number: u64,
    /// What is asked for: `SendMessage` of AWS, `POST /v1/customers` of others, nothing of a cache.
    pub operation: String,
}

type Decide = dyn Fn(&Call) -> Option<Fault> + Send + Sync;

/// A running proxy. It stops when this is dropped.
pub struct Proxy {
    url: String,
    rules: Arc<Rules>,
    task: JoinHandle<()>,
}

struct Rules {
    state: Mutex<State>,
    /// Its receivers see when all connections are to be cut.
    severed: watch::Sender<()>,
}

struct State {
    decide: Arc<Decide>,
    calls: u64,
    injected: BTreeMap<&'static str, u64>,
}

impl Proxy {
    /// In front of the HTTP server at `upstream`, a base URL without a slash at its end.
    pub async fn http(upstream: &str) -> Self {
        let upstream = upstream.to_owned();
        Self::start("http", move |listener, rules| http::serve(listener, upstream, rules)).await
    }

    /// In front of the cache at `upstream`, a `redis://` URL.
    pub async fn valkey(upstream: &str) -> Self {
        let upstream = upstream.trim_start_matches("redis://").to_owned();
        Self::start("redis", move |listener, rules| tcp::serve(listener, upstream, rules)).await
    }

    async fn start<F: Future<Output = ()> + Send + 'static>(
        scheme: &str,
        serve: impl FnOnce(TcpListener, Arc<Rules>) -> F,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let (calls, injected) = Default::default();
        let state = Mutex::new(State { decide: Arc::new(|_| None), calls, injected });
        let rules = Arc::new(Rules { state, severed: watch::Sender::default() });
        let task = tokio::spawn(serve(listener, Arc::clone(&rules)));
        Self { url, rules, task }
    }

    /// Where it is: a base URL without a slash at its end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on, this says what becomes of each call.
    pub fn decide(&self, decide: impl Fn(&Call) -> Option<Fault> + Send + Sync + 'static) {
        self.rules.state().decide = Arc::new(decide);
    }

    /// From now on, all calls pass.
    pub fn calm(&self) {
        self.decide(|_| None);
    }

    /// Cuts all connections that there are: a server that goes away takes them along.
    pub fn sever(&self) {
        self.rules.severed.send_replace(());
    }

    /// How many calls have come.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.rules.state().calls
    }

    /// How many of them failed, by [`Fault::name`].
    #[must_use]
    pub fn injected(&self) -> BTreeMap<&'static str, u64> {
        self.rules.state().injected.clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Rules {
    /// What becomes of the next call.
    fn next(&self, operation: String) -> Option<Fault> {
        let (decide, call) = {
            let mut state = self.state();
            let number = state.calls;
            state.calls += 1;
            (Arc::clone(&state.decide), Call { number, operation })
        };
        let fault = decide(&call)?;
        *self.state().injected.entry(fault.name()).or_default() += 1;
        Some(fault)
    }

    /// Serves a connection until it ends, or is severed.
    async fn until_severed(&self, serve: impl Future<Output = ()>) {
        let mut severed = self.severed.subscribe();
        tokio::select! {
            () = serve => {}
            _ = severed.changed() => {}
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
