//! What is kept, what is forgotten, and what an old reader can't put back: at a single server and
//! in a cluster.

use shared::{
    cache::{Lookup, Version},
    config::Env,
};

use crate::{
    node::Node,
    setting::{Setting, at, user},
};

/// Runs a test at a server, and then in a cluster.
pub(crate) async fn everywhere(test: impl AsyncFn(Setting)) {
    let Some(single) = Node::start(&[]).await else { return };
    test(Setting::new(&at(&single.url()))).await;
    let Some(cluster) = Node::cluster_of_one(&[]).await else { return };
    test(Setting::new(&at(&cluster.url()).with("VALKEY_CLUSTER", "true"))).await;
}

#[tokio::test]
async fn a_list_is_kept_by_its_page_and_user() {
    everywhere(async |setting| {
        let version = setting.miss("50:").await;
        setting.cache.keep_list(setting.user, "50:", version, "[1]").await;
        assert_eq!(setting.hit("50:").await, "[1]");
        setting.miss("10:").await;
        assert!(matches!(setting.cache.list(user(8), "50:").await, Lookup::Miss(_)));
    })
    .await;
}

#[tokio::test]
async fn a_write_forgets_every_page() {
    everywhere(async |setting| {
        for page in ["50:", "10:"] {
            let version = setting.miss(page).await;
            setting.cache.keep_list(setting.user, page, version, "[1]").await;
            setting.hit(page).await;
        }
        let hold = setting.cache.hold_lists(setting.user).await;
        setting.miss("50:").await;
        setting.miss("10:").await;
        setting.cache.release_lists(hold).await;
        setting.miss("50:").await;
    })
    .await;
}

#[tokio::test]
async fn a_slow_reader_cannot_put_back_what_a_write_has_made_old() {
    everywhere(async |setting| {
        for _ in 0..3 {
            let seen_before = setting.miss("50:").await;
            let hold = setting.cache.hold_lists(setting.user).await;
            let seen_meanwhile = setting.miss("50:").await;
            setting.cache.release_lists(hold).await;
            for seen in [seen_before, seen_meanwhile] {
                setting.cache.keep_list(setting.user, "50:", seen, "[old]").await;
                setting.miss("50:").await;
            }
        }
        assert!(setting.keeps("50:", "[new]").await);
    })
    .await;
}

#[tokio::test]
async fn nothing_is_kept_under_an_unknown_version() {
    everywhere(async |setting| {
        setting.cache.keep_list(setting.user, "50:", Version::unknown(), "[1]").await;
        setting.miss("50:").await;
    })
    .await;
}

#[tokio::test]
async fn sends_are_counted_by_user_and_minute() {
    everywhere(async |setting| {
        assert_eq!(setting.cache.count_send(setting.user, 7).await, Some(1));
        assert_eq!(setting.cache.count_send(setting.user, 7).await, Some(2));
        assert_eq!(setting.cache.count_send(setting.user, 8).await, Some(1));
    })
    .await;
}

#[tokio::test]
async fn a_ping_is_answered() {
    everywhere(async |setting| {
        assert!(setting.cache.ping().await.is_some());
    })
    .await;
}

#[tokio::test]
async fn nothing_stays_for_ever() {
    let Some(server) = Node::start(&[]).await else { return };
    let setting = Setting::new(&at(&server.url()));
    setting.writes(setting.user).await;
    assert!(setting.keeps("50:", "[1]").await);
    setting.cache.count_send(setting.user, 7).await;
    let _hold = setting.cache.hold_lists(user(8)).await;
    let keys: Vec<String> = server.ask(&["KEYS", "*"]).await;
    assert_eq!(keys.len(), 5, "{keys:?}");
    for key in keys {
        let seconds: i64 = server.ask(&["TTL", &key]).await;
        assert!((20..=3_600).contains(&seconds), "{key}: {seconds}");
    }
}

#[tokio::test]
async fn without_a_cache_everything_is_a_miss_and_no_rate_is_enforced() {
    let unreachable = at("redis://127.0.0.1:1");
    let cluster = unreachable.clone().with("VALKEY_CLUSTER", "true");
    for env in [at("off"), Env::default(), unreachable, cluster] {
        let setting = Setting::new(&env);
        let version = setting.miss("50:").await;
        setting.cache.keep_list(setting.user, "50:", version, "[1]").await;
        setting.writes(setting.user).await;
        assert_eq!(setting.cache.count_send(setting.user, 7).await, None);
        assert_eq!(setting.cache.ping().await, None);
    }
}
