//! Writes under way: nothing is kept meanwhile, whether they tell their end or not.

use crate::{
    node::Node,
    relay::{Mode, Relay},
    rules::everywhere,
    setting::{Setting, at},
};

impl Node {
    /// Lets `user`'s holds end, as time does.
    async fn ends_all_holds(&self, setting: &Setting) {
        let writes = format!("rooms:{{{}}}:writes", setting.user);
        let tokens: Vec<String> = self.ask(&["ZRANGE", &writes, "0", "-1"]).await;
        for token in tokens {
            self.ask::<()>(&["ZADD", &writes, "1", &token]).await;
        }
    }
}

#[tokio::test]
async fn nothing_is_kept_while_a_write_is_under_way() {
    everywhere(async |setting| {
        let hold = setting.cache.hold_lists(setting.user).await;
        assert!(!setting.keeps("50:", "[old]").await);
        assert!(!setting.keeps("10:", "[old]").await);
        setting.cache.release_lists(hold).await;
        assert!(setting.keeps("50:", "[new]").await);
        assert!(setting.keeps("10:", "[new]").await);
    })
    .await;
}

#[tokio::test]
async fn a_write_that_is_done_is_released_and_one_that_fails_is_left() {
    everywhere(async |setting| {
        let write = async { Ok::<_, ()>(setting.keeps("50:", "[old]").await) };
        let kept_meanwhile = setting.cache.holding_lists(setting.user, write).await;
        assert_eq!(kept_meanwhile, Ok(false));
        assert!(setting.keeps("50:", "[new]").await);
        let failed =
            setting.cache.holding_lists(setting.user, async { Err::<(), _>("lost") }).await;
        assert_eq!(failed, Err("lost"));
        assert!(!setting.keeps("50:", "[new]").await);
    })
    .await;
}

#[tokio::test]
async fn a_write_that_ends_does_not_end_another() {
    everywhere(async |setting| {
        let first = setting.cache.hold_lists(setting.user).await;
        let second = setting.cache.hold_lists(setting.user).await;
        setting.cache.release_lists(first).await;
        assert!(!setting.keeps("50:", "[old]").await);
        setting.cache.release_lists(second).await;
        assert!(setting.keeps("50:", "[new]").await);
    })
    .await;
}

/// The process dies, its client goes away, or the table's answer gets lost: the write may yet take
/// effect.
#[tokio::test]
async fn a_write_that_never_tells_its_end_is_over_half_a_minute_later() {
    let Some(server) = Node::start(&[]).await else { return };
    let setting = Setting::new(&at(&server.url()));
    let dead = Setting::new(&at(&server.url()));
    assert!(setting.keeps("50:", "[old]").await);
    drop((dead.cache.hold_lists(dead.user).await, dead.cache));
    assert!(!setting.keeps("50:", "[old]").await);

    let writes = format!("rooms:{{{}}}:writes", setting.user);
    let [now, _]: [f64; 2] = server.ask(&["TIME"]).await;
    let held: Vec<(String, f64)> = server.ask(&["ZRANGE", &writes, "0", "-1", "WITHSCORES"]).await;
    let [(_, until)] = &held[..] else { panic!("{held:?}") };
    assert!((now + 20.0..=now + 30.0).contains(until), "{until}, and it is {now}");
    server.ends_all_holds(&setting).await;
    assert!(setting.keeps("50:", "[new]").await);
}

/// A hold in the middle of others must not live as long as they come.
#[tokio::test]
async fn a_write_that_never_tells_its_end_is_over_even_if_others_follow() {
    let Some(server) = Node::start(&[]).await else { return };
    let setting = Setting::new(&at(&server.url()));
    drop(setting.cache.hold_lists(setting.user).await);
    server.ends_all_holds(&setting).await;
    setting.writes(setting.user).await;
    assert!(setting.keeps("50:", "[new]").await);
    let held: u32 = server.ask(&["EXISTS", &format!("rooms:{{{}}}:writes", setting.user)]).await;
    assert_eq!(held, 0, "it is tidied away");
}

#[tokio::test]
async fn a_write_that_never_tells_its_end_makes_old_what_was_read_before_it() {
    let Some(server) = Node::start(&[]).await else { return };
    let setting = Setting::new(&at(&server.url()));
    let seen_before = setting.miss("50:").await;
    drop(setting.cache.hold_lists(setting.user).await);
    server.ends_all_holds(&setting).await;
    setting.cache.keep_list(setting.user, "50:", seen_before, "[old]").await;
    setting.miss("50:").await;
}

/// Others have not noticed that the cache was away for one of us.
#[tokio::test]
async fn where_the_hold_is_lost_the_release_drops_everybodys_lists() {
    let Some(server) = Node::start(&[]).await else { return };
    let relay = Relay::start(&server).await;
    let writer = Setting::new(&at(&relay.url()));
    let reader = Setting::new(&at(&server.url()));
    relay.turns(Mode::Refuses);
    let hold = writer.cache.hold_lists(writer.user).await;
    assert!(reader.keeps("50:", "[old]").await);
    relay.turns(Mode::Passes);
    writer.cache.release_lists(hold).await;
    assert!(reader.keeps("50:", "[new]").await, "a miss, and then a hit");
}

#[tokio::test]
async fn where_the_release_is_lost_nobody_keeps_anything() {
    let Some(server) = Node::start(&[]).await else { return };
    for how in [Mode::Loses, Mode::Refuses] {
        let relay = Relay::start(&server).await;
        let writer = Setting::new(&at(&relay.url()));
        let reader = Setting::new(&at(&server.url()));
        assert!(reader.keeps("50:", "[old]").await);
        let hold = writer.cache.hold_lists(writer.user).await;
        let seen_meanwhile = reader.miss("50:").await;
        relay.turns(how);
        writer.cache.release_lists(hold).await;
        reader.cache.keep_list(reader.user, "50:", seen_meanwhile, "[old]").await;
        assert!(!reader.keeps("50:", "[old]").await, "{how:?}");
        server.ask::<()>(&["FLUSHALL"]).await;
    }
}

/// It was slow, or its answer got lost: it stands no longer than the others do.
#[tokio::test]
async fn a_hold_that_was_not_heard_of_is_released_nevertheless() {
    let Some(server) = Node::start(&[]).await else { return };
    for how in [Mode::LosesAnswers, Mode::Hangs] {
        let relay = Relay::start(&server).await;
        let setting = Setting::new(&at(&relay.url()));
        assert!(setting.keeps("50:", "[old]").await);
        relay.turns(how);
        let hold = setting.cache.hold_lists(setting.user).await;
        relay.turns(Mode::Passes);
        setting.cache.release_lists(hold).await;
        assert!(Setting::new(&at(&server.url())).keeps("50:", "[new]").await, "{how:?}");
        server.ask::<()>(&["FLUSHALL"]).await;
    }
}
