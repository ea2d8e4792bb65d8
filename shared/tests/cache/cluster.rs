//! A cluster: its nodes are found, followed when slots move, and missed only while they are away.

use shared::{
    config::Env,
    domain::{Ids, UserId},
};

use crate::{
    node::{Node, until},
    setting::{Setting, at},
};

fn cluster_at(url: &str) -> Env {
    at(url).with("VALKEY_CLUSTER", "true")
}

/// A user each of whose keys belongs to a slot between `first` and `last`.
async fn user_in(node: &Node, slots: std::ops::RangeInclusive<u16>) -> (UserId, String) {
    let ids = Ids::default();
    loop {
        let user: UserId = ids.next("2026-11-21T12:00:00Z".parse().unwrap());
        let slot: u16 = node.ask(&["CLUSTER", "KEYSLOT", &format!("{{{user}}}")]).await;
        if slots.contains(&slot) {
            return (user, slot.to_string());
        }
    }
}

async fn id(node: &Node) -> String {
    node.ask(&["CLUSTER", "MYID"]).await
}

#[tokio::test]
async fn users_are_spread_over_the_nodes_and_each_is_found() {
    let Some(nodes) = Node::cluster_of_three().await else { return };
    let setting = Setting::new(&cluster_at(&nodes[0].url()));
    let ids = Ids::default();
    for _ in 0..60 {
        let user = ids.next("2026-11-21T12:00:00Z".parse().unwrap());
        assert!(setting.keeps_and_forgets(user).await);
        assert_eq!(setting.cache.count_send(user, 1).await, Some(1));
    }
    for node in &nodes {
        let keys: usize = node.ask(&["DBSIZE"]).await;
        assert!(keys > 0, "a node holds nothing");
    }
}

/// Whichever call is the first to meet the redirection.
#[tokio::test]
async fn a_slot_that_has_moved_is_followed() {
    let Some([from, to, other]) = Node::cluster_of_three().await else { return };
    let settings = [0; 3].map(|_| Setting::new(&cluster_at(&from.url())));
    for setting in &settings {
        assert!(setting.serves(setting.user).await, "it knows the cluster as it was");
    }
    let (user, slot) = user_in(&from, 0..=5_460).await;
    for node in [&to, &from, &other] {
        node.ask::<()>(&["CLUSTER", "SETSLOT", &slot, "NODE", &id(&to).await]).await;
    }
    let keys = async || to.ask::<u32>(&["CLUSTER", "COUNTKEYSINSLOT", &slot]).await;
    let [counting, writing, reading] = &settings;
    for count in 1..=3 {
        assert_eq!(counting.cache.count_send(user, 1).await, Some(count));
    }
    assert_eq!(keys().await, 1, "the count");
    writing.writes(user).await;
    assert_eq!(keys().await, 2, "and the version");
    assert!(reading.keeps_and_forgets(user).await);
}

#[tokio::test]
async fn while_a_slot_is_moving_every_send_is_counted_once() {
    let Some([from, to, _other]) = Node::cluster_of_three().await else { return };
    let setting = Setting::new(&cluster_at(&from.url()));
    let (user, slot) = user_in(&from, 0..=5460).await;
    assert_eq!(setting.cache.count_send(user, 1).await, Some(1), "before");
    to.ask::<()>(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &id(&from).await]).await;
    from.ask::<()>(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &id(&to).await]).await;
    assert_eq!(setting.cache.count_send(user, 1).await, Some(2), "has not moved yet");
    for count in 1..=3 {
        assert_eq!(setting.cache.count_send(user, 2).await, Some(count), "is made elsewhere");
    }
    let counted: usize = to.ask(&["CLUSTER", "COUNTKEYSINSLOT", &slot]).await;
    assert_eq!(counted, 1);
}

#[tokio::test]
async fn while_a_node_is_away_its_users_do_without_and_the_others_do_not() {
    let Some(mut nodes) = Node::cluster_of_three().await else { return };
    let setting = Setting::new(&cluster_at(&nodes[0].url()));
    let (theirs, _) = user_in(&nodes[0], 10_923..=16_383).await;
    let (others, _) = user_in(&nodes[0], 0..=5_460).await;
    assert!(setting.serves(theirs).await && setting.serves(others).await);

    nodes[2].kill().await;
    assert!(!setting.serves(theirs).await);
    until("the others are served", async || setting.serves(others).await).await;
    assert!(!setting.serves(theirs).await);

    nodes[2].come_back().await;
    until("the node's users are served again", async || setting.serves(theirs).await).await;
    until("and what is theirs is kept", async || setting.keeps_and_forgets(theirs).await).await;
}

#[tokio::test]
async fn a_cluster_that_was_away_altogether_is_found_again() {
    let Some(mut node) = Node::cluster_of_one(&[]).await else { return };
    node.kill().await;
    let setting = Setting::new(&cluster_at(&node.url()));
    assert!(!setting.serves(setting.user).await);
    node.come_back().await;
    until("it is served", async || setting.serves(setting.user).await).await;

    node.kill().await;
    assert!(!setting.serves(setting.user).await);
    node.come_back().await;
    until("it is served again", async || setting.serves(setting.user).await).await;
}
