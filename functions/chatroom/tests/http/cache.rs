//! The list of chatrooms, kept in a Valkey.

use local::testing;
use serde_json::json;
use shared::{config::Env, domain::Caller};

use crate::host::Host;

/// The names of the caller's rooms, which are asked for once more to see them kept.
async fn kept_rooms(host: &Host, caller: &Caller) -> Vec<String> {
    let list = host.get(caller, "/chatroom").await;
    assert_eq!(list.is(200).header("x-cache"), "MISS");
    let again = host.get(caller, "/chatroom").await;
    assert_eq!((again.header("x-cache"), &again.body), ("HIT", &list.body));
    let rooms = list.json();
    let name = |room: &serde_json::Value| room["name"].as_str().unwrap().to_owned();
    rooms.as_array().unwrap().iter().map(name).collect()
}

#[tokio::test]
async fn after_every_write_the_list_is_read_anew() {
    let Some((_valkey, url)) = testing::valkey().await else { return };
    let host = Host::start_with(Env::default().with("VALKEY_URL", url)).await;
    let ada = host.user().await;
    assert_eq!(kept_rooms(&host, &ada).await, [""; 0]);

    let first = host.room(&ada).await;
    assert_eq!(kept_rooms(&host, &ada).await, ["New chat"]);
    host.post(&ada, "/chatroom", &json!({ "name": "Biology" })).await.is(201);
    assert_eq!(kept_rooms(&host, &ada).await, ["Biology", "New chat"]);

    let path = format!("/chatroom/{first}");
    host.after(jiff::SignedDuration::from_secs(1));
    host.send(&ada, first, "Why is the sky blue?").await.is(202);
    assert_eq!(kept_rooms(&host, &ada).await, ["New chat", "Biology"]);
    host.patch(&ada, &path, &json!({ "name": "Physics" })).await.is(200);
    assert_eq!(kept_rooms(&host, &ada).await, ["Physics", "Biology"]);
    host.delete(&ada, &path).await.is(204);
    assert_eq!(kept_rooms(&host, &ada).await, ["Biology"]);
}
