//! What the stand-in was told, and what it received.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use shared::domain::{Clock as _, SystemClock};
use tokio::sync::watch;

use super::behaviour::Behaviour;

/// One request that the stand-in received, accepted or not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Received {
    /// When.
    pub at: Timestamp,
    /// For which model.
    pub model: String,
    /// `generateContent`, `streamGenerateContent` or `countTokens`.
    pub method: String,
    /// The body; a JSON string of it where it is not JSON.
    pub body: Value,
}

impl Received {
    /// The texts of `contents`, in order.
    #[must_use]
    pub fn turns(&self) -> Vec<&str> {
        let contents = self.body["contents"].as_array().map_or(&[][..], Vec::as_slice);
        contents.iter().filter_map(|turn| turn["parts"][0]["text"].as_str()).collect()
    }
}

pub(super) struct State {
    behaviours: Mutex<Vec<Behaviour>>,
    delay_ms: AtomicU64,
    requests: Mutex<Log>,
    replies: AtomicU64,
    closing: watch::Receiver<()>,
}

impl State {
    /// `closing` is closed when the stand-in is to stop.
    pub(super) fn new(closing: watch::Receiver<()>) -> Self {
        Self {
            behaviours: Mutex::default(),
            delay_ms: AtomicU64::new(0),
            requests: Mutex::default(),
            replies: AtomicU64::new(0),
            closing,
        }
    }

    pub(super) fn add(&self, behaviour: Behaviour) {
        lock(&self.behaviours).push(behaviour);
    }

    pub(super) fn clear_behaviours(&self) {
        lock(&self.behaviours).clear();
    }

    /// The behaviour for this question, counted as used once.
    pub(super) fn behaviour_for(&self, question: &str) -> Behaviour {
        let mut behaviours = lock(&self.behaviours);
        let matching = behaviours.iter().rposition(|behaviour| {
            behaviour.times != Some(0)
                && behaviour.when.as_ref().is_none_or(|when| question.contains(when))
        });
        let Some(index) = matching else {
            return Behaviour::default();
        };
        if let Some(times) = &mut behaviours[index].times {
            *times -= 1;
        }
        behaviours[index].clone()
    }

    pub(super) fn set_delay(&self, delay: Duration) {
        let millis = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.delay_ms.store(millis, Ordering::Relaxed);
    }

    /// Waits for the behaviour's delay or the usual one, but not beyond the stand-in's end.
    pub(super) async fn wait(&self, behaviour: &Behaviour) {
        let millis = behaviour.delay_ms.unwrap_or_else(|| self.delay_ms.load(Ordering::Relaxed));
        if millis > 0 {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(millis)) => {}
                () = self.closed() => {}
            }
        }
    }

    /// Waits until the stand-in is to stop.
    pub(super) async fn closed(&self) {
        let mut closing = self.closing.clone();
        // Nothing is ever sent: this ends when the sender is gone.
        while closing.changed().await.is_ok() {}
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closing.has_changed().is_err()
    }

    /// The next reply's number, from 1.
    pub(super) fn next_reply(&self) -> u64 {
        self.replies.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn record(&self, model: &str, method: &str, body: Bytes) {
        lock(&self.requests).push(Entry {
            at: SystemClock.now(),
            model: model.to_owned(),
            method: method.to_owned(),
            body,
        });
    }

    pub(super) fn requests(&self) -> Vec<Received> {
        lock(&self.requests).entries.iter().map(Entry::read).collect()
    }

    pub(super) fn clear_requests(&self) {
        *lock(&self.requests) = Log::default();
    }
}

/// Nothing is left half done while a lock is held, so a panic elsewhere spoils nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The latest requests, bounded in number and in size: `local` may run under load for hours.
#[derive(Default)]
struct Log {
    entries: VecDeque<Entry>,
    bytes: usize,
}

struct Entry {
    at: Timestamp,
    model: String,
    method: String,
    body: Bytes,
}

impl Log {
    const MAX_ENTRIES: usize = 1_000;
    const MAX_BYTES: usize = 16 * 1024 * 1024;

    fn push(&mut self, entry: Entry) {
        self.bytes += entry.body.len();
        self.entries.push_back(entry);
        while self.entries.len() > Self::MAX_ENTRIES
            || (self.bytes > Self::MAX_BYTES && self.entries.len() > 1)
        {
            if let Some(oldest) = self.entries.pop_front() {
                self.bytes -= oldest.body.len();
            }
        }
    }
}

impl Entry {
    fn read(&self) -> Received {
        let body = serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&self.body)));
        Received { at: self.at, model: self.model.clone(), method: self.method.clone(), body }
    }
}

#[cfg(test)]
mod tests {
    use super::super::behaviour::Respond;
    use super::*;

    fn state() -> State {
        State::new(watch::channel(()).1)
    }

    fn respond_to(state: &State, question: &str) -> Respond {
        state.behaviour_for(question).respond
    }

    #[test]
    fn without_orders_it_answers() {
        assert_eq!(respond_to(&state(), "Hello"), Respond::Answer);
    }

    #[test]
    fn the_last_that_matches_is_used_as_often_as_it_may_be() {
        let state = state();
        state.add(Behaviour::new(Respond::Block));
        state.add(Behaviour::new(Respond::Hang).when("rain").times(2));
        assert_eq!(respond_to(&state, "Will it rain?"), Respond::Hang);
        assert_eq!(respond_to(&state, "Hello"), Respond::Block);
        assert_eq!(respond_to(&state, "Why does it rain?"), Respond::Hang);
        assert_eq!(respond_to(&state, "Will it rain?"), Respond::Block);
        state.clear_behaviours();
        assert_eq!(respond_to(&state, "Hello"), Respond::Answer);
    }

    #[test]
    fn only_the_latest_requests_are_kept() {
        let state = state();
        for n in 0..Log::MAX_ENTRIES + 3 {
            state.record("gemini-3.8-flash", "generateContent", Bytes::from(n.to_string()));
        }
        let requests = state.requests();
        assert_eq!(requests.len(), Log::MAX_ENTRIES);
        assert_eq!(requests[0].body, Value::from(3));
        state.clear_requests();
        assert!(state.requests().is_empty());
    }

    #[test]
    fn large_requests_push_older_ones_out() {
        let state = state();
        let megabyte = Bytes::from(vec![b'x'; 1024 * 1024]);
        for _ in 0..40 {
            state.record("gemini-3.8-flash", "generateContent", megabyte.clone());
        }
        assert_eq!(state.requests().len(), 16);
    }
}
