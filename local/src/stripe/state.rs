//! What the parts of the server share.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::sync::watch;

use super::{
    behaviour::Behaviours, delivery::Delivery, protocol::Keys, requests::Requests, store::Store,
    wire,
};

pub(crate) struct State {
    pub(crate) store: Arc<Store>,
    pub(crate) delivery: Arc<Delivery>,
    pub(crate) behaviours: Mutex<Behaviours>,
    pub(crate) requests: Mutex<Requests>,
    pub(crate) keys: Mutex<Keys>,
    closing: watch::Receiver<()>,
}

impl State {
    /// `closing` is closed when the stand-in is to stop.
    pub(crate) fn new(
        store: Arc<Store>,
        delivery: Arc<Delivery>,
        closing: watch::Receiver<()>,
    ) -> Self {
        Self {
            store,
            delivery,
            behaviours: Mutex::default(),
            requests: Mutex::default(),
            keys: Mutex::default(),
            closing,
        }
    }

    /// All customers as the API shows them; of deleted ones it says so.
    pub(crate) fn customers(&self) -> Vec<Value> {
        self.store.read(|account| {
            let all = account.customers().iter();
            all.map(|customer| {
                let mut shown = wire::customer(customer);
                if customer.deleted {
                    shown["deleted"] = true.into();
                }
                shown
            })
            .collect()
        })
    }

    /// Waits until the stand-in is to stop.
    pub(crate) async fn closed(&self) {
        let mut closing = self.closing.clone();
        // Nothing is ever sent: this ends when the sender is gone.
        while closing.changed().await.is_ok() {}
    }
}
