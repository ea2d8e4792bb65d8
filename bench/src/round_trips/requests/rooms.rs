//! Chatrooms.

use serde_json::json;

use super::{
    Host::{self, Cached, Uncached},
    Person, Request, Row, World,
};

/// With and without a cache.
const HOSTS: [(Host, &str); 2] = [(Cached, "cache"), (Uncached, "no cache")];

/// Rooms in a list.
const ROOMS: usize = 10;

pub(super) async fn rows(world: &World) -> Vec<Row> {
    let mut rows = opening(world).await;
    rows.extend(listing(world).await);
    rows.extend(one(world).await);
    rows
}

async fn opening(world: &World) -> Vec<Row> {
    const OPEN: &str = "POST /chatroom";
    let mut rows = Vec::new();
    for (host, state) in HOSTS {
        let person = Person::new(world).await;
        rows.push(world.measure(OPEN, state, host, person.opens_room()).await.0);
    }
    let person = Person::new(world).await;
    for state in ["no cache, an idempotency key", "no cache, the same again"] {
        let request = person.opens_room().with_key();
        rows.push(world.measure(OPEN, state, Uncached, request).await.0);
    }
    rows
}

async fn listing(world: &World) -> Vec<Row> {
    const LIST: &str = "GET /chatroom";
    let person = Person::new(world).await;
    for _ in 0..ROOMS {
        person.room().await;
    }
    let list = || Request::get("/chatroom").by(&person.token);
    let mut rows = Vec::new();
    for (state, host, found) in [
        ("10 rooms, a miss", Cached, "MISS"),
        ("10 rooms, a hit", Cached, "HIT"),
        ("10 rooms, no cache", Uncached, "MISS"),
    ] {
        let (row, answer) = world.measure(LIST, state, host, list()).await;
        assert_eq!(answer.headers["x-cache"], found, "{state}");
        rows.push(row);
    }
    rows
}

async fn one(world: &World) -> Vec<Row> {
    const CHATROOM: &str = "GET /chatroom/{id}";
    let person = Person::new(world).await;
    let path = format!("/chatroom/{}", person.room_with(10).await);
    let show = Request::get(&path).by(&person.token);
    let mut rows = vec![world.measure(CHATROOM, "10 messages", Uncached, show).await.0];
    for (host, state) in HOSTS {
        let rename = Request::patch(&path).by(&person.token).json(&json!({ "name": "Porto" }));
        rows.push(world.measure("PATCH /chatroom/{id}", state, host, rename).await.0);
    }
    for (host, state) in HOSTS {
        let path = format!("/chatroom/{}", person.room().await);
        let delete = Request::delete(path).by(&person.token);
        rows.push(world.measure("DELETE /chatroom/{id}", state, host, delete).await.0);
    }
    rows
}
