//! The cache against a real Valkey: what is kept, what is forgotten, and what an old reader can't
//! put back.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use local::valkey::Valkey;
use shared::{
    cache::{Cache, Lookup, Version},
    config::Env,
    domain::{Ids, UserId},
};

struct Setting {
    cache: Cache,
    user: UserId,
    _valkey: Valkey,
}

/// `None` where the machine has no Valkey; `make test` installs one, and CI must have it.
async fn setting() -> Option<Setting> {
    // Tests run in the crate's folder; the tools are in the workspace's.
    let tools = concat!(env!("CARGO_MANIFEST_DIR"), "/../.tools/bin");
    let path = format!("{}:{tools}", std::env::var("PATH").unwrap_or_default());
    let valkey = Valkey::start(&Env::default().with("PATH", path)).await.unwrap();
    let env = valkey.env(Env::default());
    if env.get("VALKEY_URL") == Some("off") {
        assert!(std::env::var_os("CI").is_none(), "CI has to have a Valkey");
        eprintln!("skipped: no Valkey here");
        return None;
    }
    let user = Ids::default().next("2026-11-21T12:00:00Z".parse().unwrap());
    Some(Setting { cache: Cache::from_env(&env).unwrap(), user, _valkey: valkey })
}

impl Setting {
    async fn miss(&self, page: &str) -> Version {
        match self.cache.list(self.user, page).await {
            Lookup::Miss(version) => version,
            Lookup::Hit(list) => panic!("{list} was kept"),
        }
    }

    async fn hit(&self, page: &str) -> String {
        match self.cache.list(self.user, page).await {
            Lookup::Hit(list) => list,
            Lookup::Miss(_) => panic!("nothing is kept"),
        }
    }
}

#[tokio::test]
async fn a_list_is_kept_by_its_page_and_user() {
    let Some(setting) = setting().await else { return };
    let version = setting.miss("50:").await;
    setting.cache.keep_list(setting.user, "50:", version, "[1]").await;
    assert_eq!(setting.hit("50:").await, "[1]");
    setting.miss("10:").await;
    let other = UserId::from_bytes([7; 16]);
    assert!(matches!(setting.cache.list(other, "50:").await, Lookup::Miss(_)));
}

#[tokio::test]
async fn a_write_forgets_every_page() {
    let Some(setting) = setting().await else { return };
    for page in ["50:", "10:"] {
        let version = setting.miss(page).await;
        setting.cache.keep_list(setting.user, page, version, "[1]").await;
    }
    setting.cache.forget_lists(setting.user).await;
    setting.miss("50:").await;
    setting.miss("10:").await;
}

#[tokio::test]
async fn a_slow_reader_cannot_put_back_what_a_write_has_made_old() {
    let Some(setting) = setting().await else { return };
    for _ in 0..3 {
        let seen_before_the_write = setting.miss("50:").await;
        setting.cache.forget_lists(setting.user).await;
        setting.cache.keep_list(setting.user, "50:", seen_before_the_write, "[old]").await;
        setting.miss("50:").await;
    }
    let version = setting.miss("50:").await;
    setting.cache.keep_list(setting.user, "50:", version, "[new]").await;
    assert_eq!(setting.hit("50:").await, "[new]");
}

#[tokio::test]
async fn nothing_is_kept_under_an_unknown_version() {
    let Some(setting) = setting().await else { return };
    setting.cache.keep_list(setting.user, "50:", Version::unknown(), "[1]").await;
    setting.miss("50:").await;
}

#[tokio::test]
async fn sends_are_counted_by_user_and_minute() {
    let Some(setting) = setting().await else { return };
    assert_eq!(setting.cache.count_send(setting.user, 7).await, Some(1));
    assert_eq!(setting.cache.count_send(setting.user, 7).await, Some(2));
    assert_eq!(setting.cache.count_send(setting.user, 8).await, Some(1));
}

#[tokio::test]
async fn without_a_cache_everything_is_a_miss_and_no_rate_is_enforced() {
    for url in ["off", "redis://127.0.0.1:1"] {
        let cache = Cache::from_env(&Env::default().with("VALKEY_URL", url)).unwrap();
        let user = UserId::from_bytes([7; 16]);
        let Lookup::Miss(version) = cache.list(user, "50:").await else { panic!("a hit") };
        cache.keep_list(user, "50:", version, "[1]").await;
        cache.forget_lists(user).await;
        assert_eq!(cache.count_send(user, 7).await, None);
    }
}
