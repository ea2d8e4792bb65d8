//! The named queues of this SQS, and what can be done with them.

mod messages;
mod queues;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use shared::domain::{Clock, SystemClock};
use tokio::sync::Notify;

use super::{
    error::Error,
    queue::{Depth, Queue},
};

/// The account that all queues belong to: a part of their URLs and ARNs.
pub(super) const ACCOUNT: &str = "000000000000";

/// An SQS in memory. Clones are the same SQS.
#[derive(Debug, Clone)]
pub struct Sqs {
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    queues: BTreeMap<String, NamedQueue>,
    /// No receive waits any more.
    closed: bool,
}

#[derive(Debug)]
struct NamedQueue {
    queue: Queue,
    created_at: Timestamp,
    modified_at: Timestamp,
    /// Wakes the long polls: there may be a message for them.
    changed: Arc<Notify>,
}

impl Default for Sqs {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock))
    }
}

impl Sqs {
    /// An SQS without queues. `clock` rules timeouts, delays, deduplication and retention; a long
    /// poll's own wait is measured by the runtime.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Arc::default() }
    }

    /// How many messages the queue of that name holds; `None` if there is no such queue.
    #[must_use]
    pub fn depth(&self, queue_name: &str) -> Option<Depth> {
        let mut state = self.lock();
        let now = self.clock.now();
        state.queues.get_mut(queue_name).map(|named| named.queue.depth(now))
    }

    /// Ends all long polls, now and from now on, with what they have: so that a server can stop.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        for named in state.queues.values() {
            named.changed.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `change` to the queue at `url`, and wakes who waits for a message of it.
    fn change<T>(
        &self,
        url: &str,
        change: impl FnOnce(&mut Queue, Timestamp) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut state = self.lock();
        let named = state.at_mut(url)?;
        let result = change(&mut named.queue, self.clock.now());
        named.changed.notify_waiters();
        result
    }
}

impl State {
    fn at_mut(&mut self, url: &str) -> Result<&mut NamedQueue, Error> {
        self.queues.get_mut(name_in(url)?).ok_or(Error::QueueDoesNotExist)
    }
}

/// The name of the queue at `url`: the last part of its path.
fn name_in(url: &str) -> Result<&str, Error> {
    match url.rsplit('/').next() {
        None | Some("") => Err(Error::MissingParameter("QueueUrl")),
        Some(name) => Ok(name),
    }
}
