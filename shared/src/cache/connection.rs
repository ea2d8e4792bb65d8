//! The connection to Valkey: bounded in time, and left alone for a while after it has failed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use redis::{FromRedisValue, Pipeline};

use super::{
    link::{Answered, Link},
    server::Server,
    trust::Trust,
};

/// How long one call may take, a new connection included.
const BOUND: Duration = Duration::from_millis(150);

/// How long a call that matters waits over TLS, where a connection may have to be made first: two
/// handshakes and a sign-in may take longer than [`BOUND`] on the fraction of a core that a small
/// function has (docs/adr/0013).
const HANDSHAKE_BOUND: Duration = Duration::from_millis(500);

/// How long calls that can be left out are left out after one has failed: a server that hangs costs
/// one request in a second its bound, not all of them. Calls that matter have [`BOUND`] for as long
/// after one has failed that had more.
const REST: Duration = Duration::from_secs(1);

/// A connection that is made at first use and again after it broke.
#[derive(Clone)]
pub(super) struct Connection {
    link: Arc<Link>,
    started: Instant,
    /// Milliseconds after `started`.
    rests_until: Arc<AtomicU64>,
    /// No call is patient until then; milliseconds after `started`.
    hurries_until: Arc<AtomicU64>,
    trust: Arc<Trust>,
}

/// How much a call matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Importance {
    /// Left out while the connection rests.
    Optional,
    /// Always tried: it tells others that what they keep is old, or is about to be.
    Tried,
}

impl Connection {
    /// To `server`. Makes no call.
    pub(super) fn new(server: Server) -> Self {
        let link = Arc::new(Link::new(server));
        let started = Instant::now();
        Self {
            link,
            started,
            rests_until: Arc::default(),
            hurries_until: Arc::default(),
            trust: Arc::default(),
        }
    }

    /// What is trusted of what is kept there.
    pub(super) fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Makes a call in one round trip; none if it failed, took too long, or was left out. Failures
    /// shake the [trust](Self::trust), and are logged once a rest, not once a call.
    pub(super) async fn query<T: FromRedisValue>(
        &self,
        importance: Importance,
        commands: &Pipeline,
    ) -> Option<Answered<T>> {
        let resting = self.now() < self.rests_until.load(Ordering::Relaxed);
        if resting && importance == Importance::Optional {
            return None;
        }
        let is_patient = importance == Importance::Tried && self.link.shakes_hands();
        let is_patient = is_patient && self.now() >= self.hurries_until.load(Ordering::Relaxed);
        let bound = if is_patient { HANDSHAKE_BOUND } else { BOUND };
        let reason = match tokio::time::timeout(bound, self.link.query(commands)).await {
            Ok(Ok(answer)) => {
                self.link.succeeded();
                return Some(answer);
            }
            Ok(Err(error)) => format!("{:?}", error.kind()),
            Err(_) => "took too long".to_owned(),
        };
        self.link.failed();
        self.trust.doubt();
        if !resting {
            tracing::warn!(cache.error = reason, "the cache did not answer");
        }
        let rested = self.now() + u64::try_from(REST.as_millis()).unwrap_or_default();
        self.rests_until.store(rested, Ordering::Relaxed);
        if is_patient {
            self.hurries_until.store(rested, Ordering::Relaxed);
        }
        None
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
