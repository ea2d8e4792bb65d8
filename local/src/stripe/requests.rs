//! What the stand-in received.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::Serialize;

/// How many are kept.
const MAX_ENTRIES: usize = 1_000;

/// One API call that the stand-in received, accepted or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Received {
    /// When.
    pub at: Timestamp,
    /// Such as `POST`.
    pub method: String,
    /// Such as `/v1/customers`.
    pub path: String,
    /// The header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// The parameters, of the query or of the body, with names such as `line_items[0][price]`.
    pub form: BTreeMap<String, String>,
}

/// The latest of them.
#[derive(Debug, Default)]
pub(super) struct Requests(VecDeque<Received>);

impl Requests {
    pub(super) fn record(&mut self, received: Received) {
        if self.0.len() == MAX_ENTRIES {
            self.0.pop_front();
        }
        self.0.push_back(received);
    }

    pub(super) fn all(&self) -> Vec<Received> {
        self.0.iter().cloned().collect()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
