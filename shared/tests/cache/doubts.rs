//! A cache that was away: what it comes back with counts only where it is newer.

use crate::{
    node::{Node, until},
    relay::{Mode, Relay},
    setting::{Setting, at},
};

/// Waits until look-ups are not left out any more. Finds nothing, and keeps nothing.
async fn served_again(setting: &Setting) {
    until("it is served again", async || setting.serves(setting.user).await).await;
}

#[tokio::test]
async fn a_new_process_reads_each_page_anew_once_and_the_others_go_on() {
    let Some(server) = Node::start(&[]).await else { return };
    let old = Setting::new(&at(&server.url()));
    for page in ["50:", "10:"] {
        assert!(old.keeps(page, "[1]").await);
    }
    let new = Setting::new(&at(&server.url()));
    for page in ["50:", "10:"] {
        assert!(new.keeps(page, "[2]").await, "a miss, and then a hit");
        assert_eq!(old.hit(page).await, "[2]");
    }
}

#[tokio::test]
async fn a_write_that_the_cache_never_heard_of_makes_what_it_kept_old() {
    let Some(server) = Node::start(&[]).await else { return };
    for how in [Mode::Refuses, Mode::Loses, Mode::Hangs] {
        let relay = Relay::start(&server).await;
        let setting = Setting::new(&at(&relay.url()));
        for page in ["50:", "10:"] {
            assert!(setting.keeps(page, "[old]").await);
        }
        relay.turns(how);
        setting.writes(setting.user).await;
        relay.turns(Mode::Passes);
        served_again(&setting).await;
        for page in ["50:", "10:"] {
            assert!(setting.keeps(page, "[new]").await, "{how:?}: a miss, and then a hit");
        }
        server.ask::<()>(&["FLUSHALL"]).await;
    }
}

/// The connection lasts: it is full, or a replica, and says so.
#[tokio::test]
async fn what_a_server_has_kept_that_refused_writes_for_a_while_is_old() {
    let Some(server) = Node::start(&[]).await else { return };
    let setting = Setting::new(&at(&server.url()));
    assert!(setting.keeps("50:", "[old]").await);
    server.ask::<()>(&["CONFIG", "SET", "maxmemory", "1"]).await;
    setting.writes(setting.user).await;
    server.ask::<()>(&["CONFIG", "SET", "maxmemory", "0"]).await;
    served_again(&setting).await;
    assert!(setting.keeps("50:", "[new]").await, "a miss, and then a hit");
}

/// No call fails here: the connection is made again within the look-up.
#[tokio::test]
async fn a_server_that_comes_back_with_an_old_dump_is_not_believed() {
    let Some(mut server) = Node::start(&[]).await else { return };
    let setting = Setting::new(&at(&server.url()));
    assert!(setting.keeps("50:", "[old]").await);
    server.ask::<()>(&["SAVE"]).await;
    setting.writes(setting.user).await;
    server.kill().await;
    server.come_back().await;
    let kept: u32 = server.ask(&["EXISTS", &format!("rooms:{{{}}}:list", setting.user)]).await;
    assert_eq!(kept, 1, "it has what it had");
    assert!(setting.keeps("50:", "[new]").await, "a miss, and then a hit");
}

/// What somebody else keeps after our return was read before it.
#[tokio::test]
async fn a_page_is_as_old_as_its_reading_not_its_keeping() {
    let Some(server) = Node::start(&[]).await else { return };
    let relay = Relay::start(&server).await;
    let (writer, reader) = (Setting::new(&at(&relay.url())), Setting::new(&at(&server.url())));
    assert!(writer.keeps("50:", "[1]").await);
    let seen_before = reader.miss("50:").await;
    relay.turns(Mode::Refuses);
    writer.writes(writer.user).await;
    relay.turns(Mode::Passes);
    served_again(&writer).await;
    writer.miss("50:").await;
    reader.cache.keep_list(reader.user, "50:", seen_before, "[old]").await;
    writer.miss("50:").await;
}

/// The table's answer got lost, too: the write may take effect after the cache is back.
#[tokio::test]
async fn a_write_that_is_left_and_that_the_cache_never_heard_of_suspends_it() {
    let Some(server) = Node::start(&[]).await else { return };
    let relay = Relay::start(&server).await;
    let setting = Setting::new(&at(&relay.url()));
    assert!(setting.keeps("50:", "[old]").await);
    relay.turns(Mode::Refuses);
    drop(setting.cache.hold_lists(setting.user).await);
    relay.turns(Mode::Passes);
    served_again(&setting).await;
    for _ in 0..3 {
        assert!(!setting.keeps("50:", "[old]").await);
    }
}

#[tokio::test]
async fn what_no_process_of_this_version_has_kept_is_read_anew() {
    let Some(server) = Node::start(&[]).await else { return };
    let setting = Setting::new(&at(&server.url()));
    let list = format!("rooms:{{{}}}:list", setting.user);
    for foreign in ["[1]", "", "x [1]", "99999999999999999 [1]"] {
        setting.miss("50:").await;
        server.ask::<()>(&["HSET", &list, "50:", foreign]).await;
        setting.miss("50:").await;
    }
}
