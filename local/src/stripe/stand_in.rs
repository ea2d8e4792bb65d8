//! A stand-in that runs.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use axum::{Router, serve::ListenerExt as _};
use tokio::{net::TcpListener, sync::watch};

use super::{
    account::View, api, control, delivery::Delivery, pages, settings::Settings, state::State,
    store::Store,
};

/// How often it is looked whether a session has expired.
const TICK: Duration = Duration::from_millis(500);

/// A running stand-in. It stops when this is dropped: hanging calls and deliveries under way are cut,
/// other calls are finished.
pub struct StandIn {
    url: String,
    webhook_secret: String,
    pub(super) state: Arc<State>,
    /// Its receivers see it go.
    _alive: watch::Sender<()>,
}

impl StandIn {
    /// Starts one on 127.0.0.1. Has to be called within a Tokio runtime.
    ///
    /// # Errors
    /// The port can't be had, or the file of an earlier run can't be used.
    pub async fn start(settings: Settings) -> Result<Self, crate::Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (alive, closing) = watch::channel(());
        let view = View { version: settings.version, base: url.clone() };
        let store = Arc::new(Store::open(settings.data, settings.clock, view)?);
        let delivery = Arc::new(Delivery::new(Arc::clone(&store), &settings.webhook_secret)?);
        let state = Arc::new(State::new(store, delivery, closing));
        serve(listener, Arc::clone(&state));
        tokio::spawn(work(Arc::clone(&state)));
        Ok(Self { url, webhook_secret: settings.webhook_secret, state, _alive: alive })
    }

    /// Its base URL, such as `http://127.0.0.1:4000`, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it signs webhooks with, as it was set.
    #[must_use]
    pub fn webhook_secret(&self) -> &str {
        &self.webhook_secret
    }
}

fn serve(listener: TcpListener, state: Arc<State>) {
    let router = Router::new()
        .merge(api::router())
        .merge(control::router())
        .merge(pages::router())
        .with_state(Arc::clone(&state));
    // An answer in two packets must not wait for the first one's acknowledgement.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY for a connection to the stand-in for Stripe");
        }
    });
    let server =
        axum::serve(listener, router).with_graceful_shutdown(async move { state.closed().await });
    tokio::spawn(server.into_future());
}

/// Delivers webhooks and lets time pass, until the stand-in is to stop.
async fn work(state: Arc<State>) {
    let ticks = async {
        loop {
            tokio::time::sleep(TICK).await;
            // To look is enough: what is overdue expires.
            state.store.read(|_| ());
        }
    };
    tokio::select! {
        () = Arc::clone(&state.delivery).run() => {}
        () = ticks => {}
        () = state.closed() => {}
    }
}
