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

use redis::Script;

use crate::{
    config::{ConfigError, Env},
    domain::UserId,
};

use connection::{Connection, Importance};

/// How long lists are kept after the first page of them was, seconds.
const LIST_TTL: u64 = 300;
/// How long a version outlives the last write, seconds: longer than any read can take.
const VERSION_TTL: u64 = 3_600;

/// Keeps the list only if no write has moved the version since it was read.
const KEEP: &str = "if (redis.call('GET', KEYS[1]) or '') == ARGV[1] then \
    redis.call('HSET', KEYS[2], ARGV[2], ARGV[3]) \
    redis.call('EXPIRE', KEYS[2], ARGV[4], 'NX') end";

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
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        const NAME: &str = "VALKEY_URL";
        let Some(url) = env.get(NAME).filter(|url| *url != "off") else {
            return Ok(Self(None));
        };
        let connection = Connection::new(url)
            .map_err(|_| ConfigError::invalid(NAME, "not a redis:// or rediss:// URL"))?;
        Ok(Self(Some(connection)))
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
        let (Some(connection), Version(Some(version))) = (&self.0, version) else { return };
        let script = Script::new(KEEP);
        let mut keep = script.prepare_invoke();
        keep.key(version_key(user)).key(list_key(user));
        keep.arg(version).arg(page).arg(list).arg(LIST_TTL);
        let keep = async |mut manager| keep.invoke_async::<()>(&mut manager).await;
        connection.call(Importance::Optional, keep).await;
    }

    /// Drops all of `user`'s lists. To be called after every write of theirs, before the answer.
    /// One round trip.
    pub async fn forget_lists(&self, user: UserId) {
        let version = version_key(user);
        let mut pipe = redis::pipe();
        pipe.incr(&version, 1).ignore();
        pipe.expire(&version, VERSION_TTL.cast_signed()).ignore();
        pipe.del(list_key(user)).ignore();
        self.query::<()>(Importance::Tried, &pipe).await;
    }

    /// Counts one send of `user` in the minute `minute` (Unix time / 60) and tells the count so
    /// far; `None` without a cache, where no rate limit is enforced. One round trip.
    pub async fn count_send(&self, user: UserId, minute: i64) -> Option<u32> {
        let key = format!("rate:{{{user}}}:{minute}");
        let mut pipe = redis::pipe();
        pipe.incr(&key, 1);
        pipe.expire(&key, 120).ignore();
        self.query::<(u32,)>(Importance::Optional, &pipe).await.map(|(count,)| count)
    }

    async fn query<T: redis::FromRedisValue>(
        &self,
        importance: Importance,
        pipe: &redis::Pipeline,
    ) -> Option<T> {
        let query = async |mut manager| pipe.query_async(&mut manager).await;
        self.0.as_ref()?.call(importance, query).await
    }
}

/// Cluster slots are chosen by the part in braces: all keys of one user share a slot.
fn version_key(user: UserId) -> String {
    format!("rooms:{{{user}}}:version")
}

fn list_key(user: UserId) -> String {
    format!("rooms:{{{user}}}:list")
}
