//! The cache in Valkey: an optimisation that may be off, slow or down at any time.
//!
//! Every call has a short time-out and no failure reaches a user: a read that fails is a miss, a
//! count that fails is no count.
//!
//! **Never stale to its owner.** A user's lists live in one hash beside a version. Every write of
//! theirs moves the version and drops the hash; a list read from the table is only kept if the
//! version is still the one seen before that read. So a slow reader can't put an old list back
//! after a write has passed it.

use std::time::Duration;

use redis::{
    Client, RedisError, Script,
    aio::{ConnectionManager, ConnectionManagerConfig},
};

use crate::{
    config::{ConfigError, Env},
    domain::UserId,
};

const RESPONSE: Duration = Duration::from_millis(100);
const CONNECT: Duration = Duration::from_millis(500);
/// How long a list is kept, seconds.
const LIST_TTL: u64 = 300;
/// How long a version outlives the last write, seconds: longer than any read can take.
const VERSION_TTL: u64 = 3_600;

/// Keeps the list only if no write has moved the version since it was read.
const KEEP: &str = "if (redis.call('GET', KEYS[1]) or '') == ARGV[1] then \
    redis.call('HSET', KEYS[2], ARGV[2], ARGV[3]) \
    redis.call('EXPIRE', KEYS[2], ARGV[4]) end";

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
pub struct Cache(Option<ConnectionManager>);

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Cache(on)" } else { "Cache(off)" })
    }
}

impl Cache {
    /// The Valkey at `VALKEY_URL`; no cache where that is empty or `off`. Connects at first use.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        const NAME: &str = "VALKEY_URL";
        let Some(url) = env.get(NAME).filter(|url| *url != "off") else {
            return Ok(Self(None));
        };
        let invalid = |_: RedisError| ConfigError::invalid(NAME, "not a redis:// or rediss:// URL");
        let client = Client::open(url).map_err(invalid)?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_response_timeout(Some(RESPONSE))
            .set_connection_timeout(Some(CONNECT));
        let manager = ConnectionManager::new_lazy_with_config(client, config).map_err(invalid)?;
        Ok(Self(Some(manager)))
    }

    /// Looks up one page of `user`'s list of chatrooms. One round trip.
    pub async fn list(&self, user: UserId, page: &str) -> Lookup {
        let mut pipe = redis::pipe();
        pipe.get(version_key(user)).hget(list_key(user), page);
        match self.query::<(Option<String>, Option<String>)>(&pipe).await {
            Some((_, Some(list))) => Lookup::Hit(list),
            Some((version, None)) => Lookup::Miss(Version(Some(version.unwrap_or_default()))),
            None => Lookup::Miss(Version(None)),
        }
    }

    /// Keeps a page of `user`'s list, unless a write has come between. One round trip.
    pub async fn keep_list(&self, user: UserId, page: &str, version: Version, list: &str) {
        let (Some(manager), Version(Some(version))) = (&self.0, version) else { return };
        let outcome = Script::new(KEEP)
            .key(version_key(user))
            .key(list_key(user))
            .arg(version)
            .arg(page)
            .arg(list)
            .arg(LIST_TTL)
            .invoke_async::<()>(&mut manager.clone())
            .await;
        report(outcome);
    }

    /// Drops all of `user`'s lists. To be called after every write of theirs, before the answer.
    /// One round trip.
    pub async fn forget_lists(&self, user: UserId) {
        let version = version_key(user);
        let mut pipe = redis::pipe();
        pipe.incr(&version, 1).ignore();
        pipe.expire(&version, VERSION_TTL.cast_signed()).ignore();
        pipe.del(list_key(user)).ignore();
        self.query::<()>(&pipe).await;
    }

    /// Counts one send of `user` in the minute `minute` (Unix time / 60) and tells the count so
    /// far; `None` without a cache, where no rate limit is enforced. One round trip.
    pub async fn count_send(&self, user: UserId, minute: i64) -> Option<u32> {
        let key = format!("rate:{{{user}}}:{minute}");
        let mut pipe = redis::pipe();
        pipe.incr(&key, 1);
        pipe.expire(&key, 120).ignore();
        self.query::<(u32,)>(&pipe).await.map(|(count,)| count)
    }

    async fn query<T: redis::FromRedisValue>(&self, pipe: &redis::Pipeline) -> Option<T> {
        let manager = self.0.as_ref()?;
        report(pipe.query_async(&mut manager.clone()).await)
    }
}

/// Cluster slots are chosen by the part in braces: all keys of one user share a slot.
fn version_key(user: UserId) -> String {
    format!("rooms:{{{user}}}:version")
}

fn list_key(user: UserId) -> String {
    format!("rooms:{{{user}}}:list")
}

fn report<T>(outcome: Result<T, RedisError>) -> Option<T> {
    outcome
        .inspect_err(|error| {
            tracing::warn!(cache.error = ?error.kind(), "the cache did not answer");
        })
        .ok()
}
