//! The cache in Valkey: an optimisation that may be off, slow or down at any time.
//!
//! Every call is bounded in time (see [`connection`]) and no failure reaches a user: a read that fails is a miss, a
//! count that fails is no count.
//!
//! **Never stale to its owner.** A user's lists live in one hash beside a version. Every write of
//! theirs moves the version and drops the hash; a list read from the table is only kept if the
//! version is still the one seen before that read. So a slow reader can't put an old list back
//! after a write has passed it.

mod connection;
mod iam;
mod link;
mod server;
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
use server::Server;

/// How long lists are kept after the first page of them was, seconds.
const LIST_TTL: u64 = 300;
/// How long a version outlives the last write, seconds: longer than any read can take.
const VERSION_TTL: u64 = 3_600;

/// How long a count of sends is kept, seconds: longer than the minute that it is of.
const COUNT_TTL: u64 = 120;

// What writes is one script, not a pipeline: while a cluster moves a slot, a pipeline may be done by
// half, and then again elsewhere. And the script goes along with every call: what a server was told
// once is lost with it.

/// Keeps the list only if no write has moved the version since it was read.
const KEEP: &str = "if (redis.call('GET', KEYS[1]) or '') == ARGV[1] then \
    redis.call('HSET', KEYS[2], ARGV[2], ARGV[3]) \
    redis.call('EXPIRE', KEYS[2], ARGV[4], 'NX') end";
/// Moves the version and drops the lists.
const FORGET: &str = "redis.call('INCR', KEYS[1]) \
    redis.call('EXPIRE', KEYS[1], ARGV[1]) \
    redis.call('DEL', KEYS[2])";
/// Counts one more.
const COUNT: &str = "local count = redis.call('INCR', KEYS[1]) \
    redis.call('EXPIRE', KEYS[1], ARGV[1]) \
    return count";

/// What a look-up of a list found.
#[derive(Debug)]
pub enum Lookup {
    /// The list, as it was kept.
    Hit(String),
    /// None is kept; the list may be kept under this version once it has been read.
    Miss(Version),
}

/// The state of a user's lists at the time of a look-up; `None` if the cache did not answer.
#[derive(Debug)]
pub struct Version(Option<String>);

impl Version {
    /// One under which nothing is kept.
    #[must_use]
    pub fn unknown() -> Self {
        Self(None)
    }
}

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

    /// Looks up one page of `user`'s list of chatrooms. One round trip.
    pub async fn list(&self, user: UserId, page: &str) -> Lookup {
        let mut pipe = redis::pipe();
        pipe.get(version_key(user)).hget(list_key(user), page);
        match self.query::<(Option<String>, Option<String>)>(Importance::Optional, &pipe).await {
            Some((_, Some(list))) => Lookup::Hit(list),
            Some((version, None)) => Lookup::Miss(Version(Some(version.unwrap_or_default()))),
            None => Lookup::Miss(Version(None)),
        }
    }

    /// Keeps a page of `user`'s list, unless a write has come between. One round trip.
    pub async fn keep_list(&self, user: UserId, page: &str, version: Version, list: &str) {
        let Version(Some(version)) = version else { return };
        let mut keep = script(KEEP, &[version_key(user), list_key(user)]);
        keep.arg(version).arg(page).arg(list).arg(LIST_TTL).ignore();
        self.query::<()>(Importance::Optional, &keep).await;
    }

    /// Drops all of `user`'s lists. To be called after every write of theirs, before the answer.
    /// One round trip.
    pub async fn forget_lists(&self, user: UserId) {
        let mut forget = script(FORGET, &[version_key(user), list_key(user)]);
        forget.arg(VERSION_TTL).ignore();
        self.query::<()>(Importance::Tried, &forget).await;
    }

    /// Counts one send of `user` in the minute `minute` (Unix time / 60) and tells the count so
    /// far; `None` without a cache, where no rate limit is enforced. One round trip.
    pub async fn count_send(&self, user: UserId, minute: i64) -> Option<u32> {
        let mut count = script(COUNT, &[format!("rate:{{{user}}}:{minute}")]);
        count.arg(COUNT_TTL);
        self.query::<(u32,)>(Importance::Optional, &count).await.map(|(count,)| count)
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
        self.0.as_ref()?.query(importance, commands).await
    }
}

/// A call of `script` with `keys`; its arguments are to follow.
fn script(script: &str, keys: &[String]) -> Pipeline {
    let mut call = redis::pipe();
    call.cmd("EVAL").arg(script).arg(keys.len()).arg(keys);
    call
}

/// Cluster slots are chosen by the part in braces: all keys of one user share a slot.
fn version_key(user: UserId) -> String {
    format!("rooms:{{{user}}}:version")
}

fn list_key(user: UserId) -> String {
    format!("rooms:{{{user}}}:list")
}
