//! Sending and reading messages.

use super::{
    Host::{Cached, Uncached},
    Person, Request, Row, World,
};
use crate::round_trips::SEND;

pub(super) async fn rows(world: &World) -> Vec<Row> {
    let mut rows = sending(world).await;
    rows.extend(keys(world).await);
    rows.extend(reading(world).await);
    rows
}

async fn sending(world: &World) -> Vec<Row> {
    let mut rows = Vec::new();
    for (host, pro, basic, first) in [
        (Uncached, "Pro, no cache", "Basic, no cache", "Basic, no cache, the first of the day"),
        (Cached, "Pro, cache", "Basic, cache", "Basic, cache, the first of the day"),
    ] {
        let person = Person::pro(world).await;
        let room = person.room_with(2).await;
        rows.push(world.measure(SEND, pro, host, person.sends(room)).await.0);
        let person = Person::new(world).await;
        let room = person.room().await;
        let began = world.measure(SEND, first, host, person.sends(room)).await.0;
        rows.push(world.measure(SEND, basic, host, person.sends(room)).await.0);
        rows.push(began);
    }
    rows
}

async fn keys(world: &World) -> Vec<Row> {
    let person = Person::pro(world).await;
    let room = person.room_with(2).await;
    let mut rows = Vec::new();
    for state in ["Pro, no cache, an idempotency key", "Pro, no cache, the same again"] {
        let request = person.sends(room).with_key();
        rows.push(world.measure(SEND, state, Uncached, request).await.0);
    }
    rows
}

async fn reading(world: &World) -> Vec<Row> {
    const LIST: &str = "GET /chatroom/{id}/messages";
    let person = Person::new(world).await;
    let (short, long) = (person.room_with(10).await, person.long_room(1_000).await);
    let room = person.room().await;
    let question = person.asks(room).await.message_id;
    let mut rows = Vec::new();
    for (room, query, state) in [
        (short, "limit=10".to_owned(), "a page of 10, all there are"),
        (long, "limit=10".to_owned(), "a page of 10 of 1,000"),
        (long, "limit=50".to_owned(), "a page of 50 of 1,000"),
        (room, format!("after={question}"), "after the newest: none"),
    ] {
        let list = Request::get(format!("/chatroom/{room}/messages?{query}")).by(&person.token);
        rows.push(world.measure(LIST, state, Uncached, list).await.0);
    }
    let show = Request::get(format!("/chatroom/{room}/messages/{question}")).by(&person.token);
    rows.push(world.measure("GET /chatroom/{id}/messages/{id}", "", Uncached, show).await.0);
    rows
}
