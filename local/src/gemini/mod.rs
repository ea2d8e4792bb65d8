//! A stand-in for Gemini that speaks its wire format over HTTP, and does what it is told.
//!
//! `local` runs it where no API key is set; tests run it in-process with [`StandIn::start`]. It
//! serves what Google serves under `/v1beta/models/`: `{model}:generateContent`,
//! `{model}:streamGenerateContent` (SSE with `?alt=sse`, else a JSON array),
//! `{model}:countTokens`, and `GET` of a `{model}`'s entry. It is a strict judge of requests: no `x-goog-api-key` is a 403, the key
//! `invalid` is a 400, a model that is not `gemini-…`, or is of the retired `gemini-2.…` line, is a
//! 404, and unknown fields or a last turn that is not the user's are a 400.
//!
//! # Control
//!
//! The same server takes orders:
//!
//! | | |
//! |---|---|
//! | `POST /control/behaviours` | adds a [`Behaviour`], see below; 201 |
//! | `DELETE /control/behaviours` | forgets all of them; 204 |
//! | `PUT /control/delay` | `{"delay_ms": 200}`: how long every reply takes that has no delay of its own; 204 |
//! | `GET /control/requests` | what was received, oldest first: `[{"at","model","method","body"}]`; the latest 1,000, or 16 MiB |
//! | `DELETE /control/requests` | forgets them; 204 |
//!
//! A behaviour is `{"when"?, "times"?, "delay_ms"?, "respond"?}`: for requests whose last user turn
//! contains `when` (all, if left out), so many `times` (always, if left out), after `delay_ms`,
//! `respond`. Of those that match, the one added last is used. `respond` is one of
//!
//! | `respond` | what happens |
//! |---|---|
//! | `"answer"` | the usual answer; so too if left out |
//! | `{"text":"…","finish_reason":"MAX_TOKENS"}` | this text; `finish_reason` is `STOP` if left out |
//! | `{"status":503,"retry_after":"2s","body":…}` | an error; `retry_after` becomes `RetryInfo`; `body`, if given, replaces Google's JSON: a string is sent as HTML, anything else as JSON |
//! | `"hang"` | nothing, until the client goes away |
//! | `"cut"` | the connection breaks in the middle of the body |
//! | `"block"` | the prompt is blocked (`promptFeedback`) |
//! | `"empty"` | a candidate without parts |
//! | `"no_candidates"` | a 200 without candidates |
//! | `"thoughts_only"` | the tokens were all spent on thinking |
//!
//! ```sh
//! curl -X POST http://127.0.0.1:4000/control/behaviours -H 'content-type: application/json' \
//!   -d '{"when":"weather","times":2,"respond":{"status":429,"retry_after":"1.5s"}}'
//! ```
//!
//! Behaviours concern `generateContent` and `streamGenerateContent`; a request that is refused by
//! the rules above uses none up. Asking for a model's entry is no request to the model: it is not
//! among those received.

mod behaviour;
mod control;
mod reply;
mod request;
mod service;
mod state;

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::sync::watch;

pub use behaviour::{Behaviour, Respond, StatusReply, TextReply};
pub use reply::ERROR_MESSAGE;
pub use state::Received;

use state::State;

/// A running stand-in. It stops when this is dropped: hanging and delayed replies are cut, others
/// are finished.
pub struct StandIn {
    url: String,
    state: Arc<State>,
    /// Its receivers see it go.
    _alive: watch::Sender<()>,
}

impl StandIn {
    /// Starts one on `port` of 127.0.0.1; 0 takes any that is free.
    ///
    /// # Errors
    /// If the port cannot be had.
    pub async fn start(port: u16) -> io::Result<Self> {
        Self::start_on(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?)
    }

    /// Starts one on `listener`. Has to be called within a Tokio runtime.
    ///
    /// # Errors
    /// If the listener has no local address.
    pub fn start_on(listener: TcpListener) -> io::Result<Self> {
        let url = format!("http://{}", listener.local_addr()?);
        let (alive, closing) = watch::channel(());
        let state = Arc::new(State::new(closing));
        let router = service::router().merge(control::router()).with_state(Arc::clone(&state));
        // Without this a streamed event waits for the last one's acknowledgement.
        let listener = listener.tap_io(|connection| {
            if let Err(error) = connection.set_nodelay(true) {
                tracing::debug!(%error, "no TCP_NODELAY for a connection to the stand-in for Gemini");
            }
        });
        let closed = Arc::clone(&state);
        let server = axum::serve(listener, router)
            .with_graceful_shutdown(async move { closed.closed().await });
        tokio::spawn(server.into_future());
        Ok(Self { url, state, _alive: alive })
    }

    /// Its base URL, such as `http://127.0.0.1:4000`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Adds a behaviour; it goes before those added earlier.
    pub fn on(&self, behaviour: Behaviour) {
        self.state.add(behaviour);
    }

    /// Forgets all behaviours.
    pub fn clear_behaviours(&self) {
        self.state.clear_behaviours();
    }

    /// How long a reply takes that has no delay of its own.
    pub fn set_delay(&self, delay: Duration) {
        self.state.set_delay(delay);
    }

    /// What it received, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Received> {
        self.state.requests()
    }

    /// Forgets what it received.
    pub fn clear_requests(&self) {
        self.state.clear_requests();
    }
}
