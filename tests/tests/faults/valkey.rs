//! The cache is away, hangs, or comes back with what is no longer true: nobody notices.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{
    User, cache_is_expected,
    chaos::fault::{Fault, Target},
    eventually,
};
use tokio::time::{Instant, sleep};

use crate::world::{RECOVERY, World, within};

/// What the cache may cost a request, on a busy machine: 150 ms a call on an idle one.
const BOUND: Duration = Duration::from_secs(5);

/// Two processes with one cache; none where no cache server is installed.
async fn world() -> Option<World> {
    let world = World::builder().processes(2).env("BASIC_DAILY_MESSAGES", "0").start().await;
    if world.proxies().contains_key(&Target::Valkey) {
        return Some(world);
    }
    assert!(!cache_is_expected(), "there is a cache server, and it was not started");
    eprintln!("left out: there is no cache server on this machine");
    None
}

/// The rooms as the list shows them, in time.
async fn listed(user: &User) -> Vec<(String, String)> {
    let list = within(BOUND, user.get("/chatroom")).await.expect(200).array();
    let text = |room: &Value, member| room[member].as_str().unwrap().to_owned();
    list.iter().map(|room| (text(room, "id"), text(room, "name"))).collect()
}

/// Waits until the list comes from the cache: what is not there can't be stale.
async fn is_cached(user: &User) {
    eventually("the list is cached", RECOVERY, async || {
        let list = user.get("/chatroom").await.expect(200);
        (list.header("x-cache") == "HIT").then_some(())
    })
    .await;
}

/// Lists that are in the cache, the cache gone, and one write of each kind; then the cache again, with
/// what it held. At all times, both processes have to list what is so.
async fn tells_the_truth(outage: Fault) {
    let Some(world) = world().await else { return };
    let user = world.user().await;
    let elsewhere = world.at(1, &user).await;
    let [kept, deleted] = [user.create_room("Kept").await, user.create_room("Deleted").await];
    is_cached(&user).await;
    is_cached(&elsewhere).await;

    world.breaks(Target::Valkey, &outage);
    let both_list = async |what: &str, expected: &[(&str, &str)]| {
        let expected: Vec<_> =
            expected.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect();
        for user in [&user, &elsewhere] {
            assert_eq!(listed(user).await, expected, "{what}");
        }
    };
    both_list("gone", &[(&deleted, "Deleted"), (&kept, "Kept")]).await;
    let path = format!("/chatroom/{kept}");
    let renamed = user.patch(&path).json(&json!({"name": "Renamed"}));
    within(BOUND, renamed).await.is(200);
    both_list("renamed", &[(&kept, "Renamed"), (&deleted, "Deleted")]).await;
    within(BOUND, user.sending(&deleted, "To the top")).await.is(202);
    both_list("sent to", &[(&deleted, "Deleted"), (&kept, "Renamed")]).await;
    within(BOUND, user.delete(&format!("/chatroom/{deleted}"))).await.is(204);
    let created = user.post("/chatroom").json(&json!({"name": "Created"}));
    let created = within(BOUND, created).await.expect(201).string("id");
    let now = [(&*created, "Created"), (&*kept, "Renamed")];
    both_list("deleted and created", &now).await;
    assert!(world.failed(Target::Valkey) > 0, "nothing has failed");

    world.calm();
    // Longer than the connection rests after a failure: then the cache is asked again.
    let rested = Instant::now() + Duration::from_secs(3);
    while Instant::now() < rested {
        both_list("the cache is back", &now).await;
        sleep(Duration::from_millis(50)).await;
    }
    // And it is of use again, and right.
    is_cached(&elsewhere).await;
    both_list("cached again", &now).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_that_was_away_comes_back_with_old_lists_and_nobody_sees_them() {
    tells_the_truth(Fault::Refuse).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_that_hung_comes_back_with_old_lists_and_nobody_sees_them() {
    tells_the_truth(Fault::Hang).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_that_loses_its_answers_costs_nobody_anything() {
    tells_the_truth(Fault::Swallow).await;
}
