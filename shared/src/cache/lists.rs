//! Lists of chatrooms in the cache, and what keeps them from lying to their owner.
//!
//! A user's lists live in one hash. Beside it stand a version and the user's writes under way
//! (docs/adr/0007):
//!
//! - **A write holds before, and releases after.** Both raise the version and drop the lists. In
//!   between nothing is kept. A hold whose write never tells its end (the process died, the table's
//!   answer or the release got lost) ends by itself, once the write can't take effect any more.
//! - **A list is kept only under the version that was seen before it was read**: a slow reader can't
//!   put back what a write has made old.
//! - **A page tells when it was read**, and counts only if that was after the last time that this
//!   process had reason to doubt: see [`trust`](super::trust).

use std::time::{Duration, Instant};

use super::{
    Cache,
    connection::{Connection, Importance},
    script,
};
use crate::domain::UserId;

/// How long lists are kept after the first page of them was, seconds.
const LIST_TTL: u64 = 300;
/// How long a version outlives the last write, seconds: longer than any read can take.
const VERSION_TTL: u64 = 3_600;
/// How long a hold stands that nobody releases. Longer than a write can take with a read behind it:
/// the table is waited for 8 s, and a function ends after 10 s, but what it has sent may arrive later.
const HOLD: Duration = Duration::from_secs(30);

/// The version, one page, and the server's time.
const LOOK_UP: &str = "return { redis.call('GET', KEYS[1]), \
    redis.call('HGET', KEYS[2], ARGV[1]), redis.call('TIME') }";
/// Keeps a page if no write is under way, and none has moved the version since the page was read.
const KEEP: &str = "local now = redis.call('TIME')[1] \
    if (redis.call('GET', KEYS[1]) or '') == ARGV[1] \
    and redis.call('ZCOUNT', KEYS[3], '(' .. now, '+inf') == 0 then \
    redis.call('HSET', KEYS[2], ARGV[2], ARGV[3]) \
    redis.call('EXPIRE', KEYS[2], ARGV[4], 'NX') end";
/// Moves the version, drops the lists, and notes a write with the second in which its hold ends.
const BEGIN: &str = "local now = redis.call('TIME')[1] \
    redis.call('INCR', KEYS[1]) \
    redis.call('EXPIRE', KEYS[1], ARGV[1]) \
    redis.call('DEL', KEYS[2]) \
    redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now) \
    redis.call('ZADD', KEYS[3], now + ARGV[2], ARGV[3]) \
    redis.call('EXPIRE', KEYS[3], ARGV[2])";
/// Moves the version, drops the lists, and strikes the write off.
const END: &str = "redis.call('INCR', KEYS[1]) \
    redis.call('EXPIRE', KEYS[1], ARGV[1]) \
    redis.call('DEL', KEYS[2]) \
    redis.call('ZREM', KEYS[3], ARGV[2])";

/// What a look-up of a list found.
#[derive(Debug)]
pub enum Lookup {
    /// The list, as it was kept.
    Hit(String),
    /// None is kept that can be trusted; the list may be kept under this version once it has been
    /// read.
    Miss(Version),
}

/// The state of a user's lists at the time of a look-up; `None` if it is not known.
#[derive(Debug)]
pub struct Version(Option<Seen>);

#[derive(Debug)]
struct Seen {
    version: String,
    /// The server's time in microseconds.
    at: u64,
}

impl Version {
    /// One under which nothing is kept.
    #[must_use]
    pub fn unknown() -> Self {
        Self(None)
    }
}

/// A write of a user's, under way: while it stands, no list is kept.
///
/// [`Cache::release_lists`] ends it. To drop it is to leave it, and it stands for 30 s then: that is for a
/// write whose end is not known.
#[must_use = "dropped, it stands for 30 s"]
pub struct Hold {
    user: UserId,
    /// What the server knows it by.
    token: u64,
    /// The server, if it could not be told.
    untold: Option<Connection>,
}

impl Drop for Hold {
    /// What the server doesn't know, this process has to heed.
    fn drop(&mut self) {
        if let Some(connection) = &self.untold {
            connection.trust().suspend(Instant::now(), HOLD);
        }
    }
}

impl Cache {
    /// Looks up one page of `user`'s list of chatrooms. One round trip.
    pub async fn list(&self, user: UserId, page: &str) -> Lookup {
        self.look_up(user, page).await.unwrap_or(Lookup::Miss(Version::unknown()))
    }

    async fn look_up(&self, user: UserId, page: &str) -> Option<Lookup> {
        type Found = ((Option<String>, Option<String>, (u64, u64)),);
        let connection = self.0.as_ref()?;
        let doubts = connection.trust().doubts(Instant::now())?;
        let mut look_up = script(LOOK_UP, &keys(user));
        look_up.arg(page);
        let found = connection.query::<Found>(Importance::Optional, &look_up).await?;
        let ((version, page, (seconds, micros)),) = found.value;
        let at = seconds * 1_000_000 + micros;
        let since = connection.trust().take_ground(doubts, found.connection, at);
        let trusted =
            page.as_deref().and_then(read_at).filter(|(read, _)| (since..=at).contains(read));
        Some(match trusted {
            Some((_, list)) => Lookup::Hit(list.to_owned()),
            None => Lookup::Miss(Version(Some(Seen { version: version.unwrap_or_default(), at }))),
        })
    }

    /// Keeps a page of `user`'s list, unless a write has come between, or is under way. One round
    /// trip.
    pub async fn keep_list(&self, user: UserId, page: &str, version: Version, list: &str) {
        let Version(Some(Seen { version, at })) = version else { return };
        let mut keep = script(KEEP, &keys(user));
        keep.arg(version).arg(page).arg(format!("{at} {list}")).arg(LIST_TTL).ignore();
        self.query::<()>(Importance::Optional, &keep).await;
    }

    /// Makes `write`, a write to `user`'s rooms, under a hold. Two round trips besides its own.
    ///
    /// An error leaves its end unknown: it may yet take effect, and the hold is left to end by itself.
    /// A write that was refused is over, and is not to be an error.
    ///
    /// # Errors
    /// Those of `write`.
    pub async fn holding_lists<T, E>(
        &self,
        user: UserId,
        write: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let hold = self.hold_lists(user).await;
        let done = write.await?;
        self.release_lists(hold).await;
        Ok(done)
    }

    /// Tells that a write to `user`'s rooms is about to be made: drops all of their lists, and lets
    /// none be kept until it is released. That it can't be told is no reason not to write. One round
    /// trip.
    pub async fn hold_lists(&self, user: UserId) -> Hold {
        let mut begin = script(BEGIN, &keys(user));
        let token = rand::random();
        begin.arg(VERSION_TTL).arg(HOLD.as_secs()).arg(token).ignore();
        let told = self.query::<()>(Importance::Tried, &begin).await;
        let untold = if told.is_none() { self.0.clone() } else { None };
        Hold { user, token, untold }
    }

    /// Drops all lists again after a write that was made, or certainly was not. To be called before
    /// the answer. One round trip.
    pub async fn release_lists(&self, mut hold: Hold) {
        let mut end = script(END, &keys(hold.user));
        end.arg(VERSION_TTL).arg(hold.token).ignore();
        self.query::<()>(Importance::Tried, &end).await;
        // Whether it got there or not: the write is over, and a failure has been noted.
        hold.untold = None;
    }
}

/// When a page was read from the table, and the page.
fn read_at(page: &str) -> Option<(u64, &str)> {
    let (at, list) = page.split_once(' ')?;
    Some((at.parse().ok()?, list))
}

/// The version, the lists, and the writes under way. Cluster slots are chosen by the part in braces:
/// all keys of one user share a slot.
fn keys(user: UserId) -> [String; 3] {
    ["version", "list", "writes"].map(|name| format!("rooms:{{{user}}}:{name}"))
}
