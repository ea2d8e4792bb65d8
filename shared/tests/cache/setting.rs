//! A cache, and what tests do with it.

use std::sync::Arc;

use shared::{
    cache::{Cache, Lookup, Version},
    config::Env,
    domain::{Clock, SystemClock, UserId},
};

pub(crate) struct Setting {
    pub(crate) cache: Cache,
    pub(crate) user: UserId,
}

/// The `n`th user.
pub(crate) fn user(n: u8) -> UserId {
    UserId::from_bytes([n; 16])
}

/// The environment of a function whose cache is at `url`.
pub(crate) fn at(url: &str) -> Env {
    Env::default().with("VALKEY_URL", url)
}

impl Setting {
    pub(crate) fn new(env: &Env) -> Self {
        Self::with_clock(env, Arc::new(SystemClock))
    }

    pub(crate) fn with_clock(env: &Env, clock: Arc<dyn Clock>) -> Self {
        Self { cache: Cache::from_env(env, clock).unwrap(), user: user(7) }
    }

    pub(crate) async fn miss(&self, page: &str) -> Version {
        match self.cache.list(self.user, page).await {
            Lookup::Miss(version) => version,
            Lookup::Hit(list) => panic!("{list} was kept"),
        }
    }

    pub(crate) async fn hit(&self, page: &str) -> String {
        match self.cache.list(self.user, page).await {
            Lookup::Hit(list) => list,
            Lookup::Miss(_) => panic!("nothing is kept"),
        }
    }

    /// Whether the server answers: it does if it counts.
    pub(crate) async fn serves(&self, user: UserId) -> bool {
        self.cache.count_send(user, 0).await.is_some()
    }

    /// Makes a write of `user`'s, as the cache sees it.
    pub(crate) async fn writes(&self, user: UserId) {
        let hold = self.cache.hold_lists(user).await;
        self.cache.release_lists(hold).await;
    }

    /// Keeps a page that has just been read; whether it is found then.
    pub(crate) async fn keeps(&self, page: &str, list: &str) -> bool {
        let version = self.miss(page).await;
        self.cache.keep_list(self.user, page, version, list).await;
        matches!(self.cache.list(self.user, page).await, Lookup::Hit(kept) if kept == list)
    }

    /// Whether what is kept for `user` is found, and forgotten after a write.
    pub(crate) async fn keeps_and_forgets(&self, user: UserId) -> bool {
        let Lookup::Miss(version) = self.cache.list(user, "50:").await else { return false };
        self.cache.keep_list(user, "50:", version, "[1]").await;
        let kept = matches!(self.cache.list(user, "50:").await, Lookup::Hit(list) if list == "[1]");
        self.writes(user).await;
        kept && matches!(self.cache.list(user, "50:").await, Lookup::Miss(_))
    }
}
