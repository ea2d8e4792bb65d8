//! The connection to Valkey: bounded in time, and left alone for a while after it has failed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use redis::{
    Client, RedisError,
    aio::{ConnectionManager, ConnectionManagerConfig},
};

/// How long one call may take, a new connection included.
const BOUND: Duration = Duration::from_millis(150);

/// How long calls that can be left out are left out after one has failed: a server that hangs costs
/// one request in a second its bound, not all of them.
const REST: Duration = Duration::from_secs(1);

/// A connection that is made at first use and again after it broke.
#[derive(Clone)]
pub(super) struct Connection {
    manager: ConnectionManager,
    started: Instant,
    /// Milliseconds after `started`.
    rests_until: Arc<AtomicU64>,
}

/// How much a call matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Importance {
    /// Left out while the connection rests.
    Optional,
    /// Always tried: it tells others that what they keep is old.
    Tried,
}

impl Connection {
    /// To the server at `url`. Makes no call.
    pub(super) fn new(url: &str) -> Result<Self, RedisError> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_response_timeout(Some(BOUND))
            .set_connection_timeout(Some(BOUND));
        let manager = ConnectionManager::new_lazy_with_config(Client::open(url)?, config)?;
        Ok(Self { manager, started: Instant::now(), rests_until: Arc::default() })
    }

    /// Makes a call; none if it failed, took too long, or was left out. Failures are logged once a
    /// rest, not once a call.
    pub(super) async fn call<T, F>(
        &self,
        importance: Importance,
        call: impl FnOnce(ConnectionManager) -> F,
    ) -> Option<T>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        let resting = self.now() < self.rests_until.load(Ordering::Relaxed);
        if resting && importance == Importance::Optional {
            return None;
        }
        let reason = match tokio::time::timeout(BOUND, call(self.manager.clone())).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => format!("{:?}", error.kind()),
            Err(_) => "took too long".to_owned(),
        };
        if !resting {
            tracing::warn!(cache.error = reason, "the cache did not answer");
        }
        let rest = u64::try_from(REST.as_millis()).unwrap_or_default();
        self.rests_until.store(self.now() + rest, Ordering::Relaxed);
        None
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
