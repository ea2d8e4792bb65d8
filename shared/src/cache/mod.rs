//! The cache in Valkey: an optimisation that may be off, slow or down at any time.
//!
//! Every call is bounded in time (see [`connection`]) and no failure reaches a user: a read that fails is a miss, a
//! count that fails is no count.
//!
//! As long as it answers, a list in it is never stale to its owner (see [`lists`]). What may be left where
//! it did not is told in docs/adr/0007.

mod connection;
mod iam;
mod link;
mod lists;
mod server;
mod trust;
mod wire;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use redis::{FromRedisValue, Pipeline};

use crate::{
    config::{ConfigError, Env},
    domain::{Clock, UserId},
};

use connection::{Connection, Importance};
pub use lists::{Hold, Lookup, Version};
use server::Server;

/// How long a count of sends is kept, seconds: longer than the minute that it is of.
const COUNT_TTL: u64 = 120;

// What writes is one script, not a pipeline: while a cluster moves a slot, a pipeline may be done by
// half, and then again elsewhere. And the script goes along with every call: what a server was told
// once is lost with it.

/// Counts one more.
const COUNT: &str = "local count = redis.call('INCR', KEYS[1]) \
    redis.call('EXPIRE', KEYS[1], ARGV[1]) \
    return count";

/// A connection to Valkey, or none.
#[derive(Clone)]
pub struct Cache(Option<Connection>);

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Cache(on)" } else { "Cache(off)" })
    }
}

impl Cache {
    /// The Valkey at `VALKEY_URL`; no cache where that is empty or `off`. Connects at first use.
    ///
    /// `VALKEY_CLUSTER=true`: it is a cluster. `VALKEY_IAM_USER` and `VALKEY_IAM_CACHE`: a
    /// serverless cache of ElastiCache, to be signed in to as that IAM user (docs/adr/0013).
    ///
    /// # Errors
    /// A variable is unusable, or goes without one that belongs to it.
    pub fn from_env(env: &Env, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        Ok(Self(Server::from_env(env, clock)?.map(Connection::new)))
    }

    /// Whether there is one, up or down.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Counts one send of `user` in the minute `minute` (Unix time / 60) and tells the count so
    /// far; `None` without a cache, where no rate limit is enforced. One round trip.
    pub async fn count_send(&self, user: UserId, minute: i64) -> Option<u32> {
        let mut count = script(COUNT, &[format!("rate:{{{user}}}:{minute}")]);
        count.arg(COUNT_TTL);
        self.query::<(u32,)>(Importance::Optional, &count).await.map(|(count,)| count)
    }

    /// Connects, so that the first request doesn't have to. One round trip.
    pub async fn warm_up(&self) {
        let mut ping = redis::pipe();
        ping.cmd("PING");
        self.query::<(String,)>(Importance::Tried, &ping).await;
    }

    /// How long it takes to answer `PING`; none if it doesn't. Two round trips: the first may have
    /// to connect, the second is measured.
    pub async fn ping(&self) -> Option<Duration> {
        let mut ping = redis::pipe();
        ping.cmd("PING");
        self.query::<(String,)>(Importance::Tried, &ping).await?;
        let asked = Instant::now();
        self.query::<(String,)>(Importance::Tried, &ping).await?;
        Some(asked.elapsed())
    }

    async fn query<T: FromRedisValue>(
        &self,
        importance: Importance,
        commands: &Pipeline,
    ) -> Option<T> {
        self.0.as_ref()?.query(importance, commands).await.map(|answered| answered.value)
    }
}

/// A call of `script` with `keys`; its arguments are to follow.
fn script(script: &str, keys: &[String]) -> Pipeline {
    let mut call = redis::pipe();
    call.cmd("EVAL").arg(script).arg(keys.len()).arg(keys);
    call
}
