//! A page costs the same however much lies before and behind it.

use shared::{domain::MessageId, store::Direction};

use crate::{
    proxy::Call,
    world::{Person, World},
};

/// Small enough for the shortest room.
const LIMIT: u16 = 5;
/// How long the rooms and the lists are.
pub(crate) const LENGTHS: [usize; 2] = [10, 1_000];

/// One kind of page, of each of the [`LENGTHS`].
pub(crate) struct Page {
    pub(crate) pattern: &'static str,
    pub(crate) method: &'static str,
    pub(crate) calls: Vec<Vec<Call>>,
}

/// Measures pages of rooms and lists of all [`LENGTHS`].
pub(crate) async fn measure() -> Vec<Page> {
    let page = |method, pattern| Page { pattern, method, calls: Vec::new() };
    let mut pages = vec![
        page("messages", "The newest 5 messages of a room"),
        page("messages", "5 messages from its middle"),
        page("chatrooms", "The 5 rooms of a user with the latest activity"),
        page("chatrooms", "5 rooms from the middle of the list"),
    ];
    for length in LENGTHS {
        let world = World::new().await;
        let person = world.person().await;
        let calls = [messages(&world, &person, length).await, rooms(&world, &person, length).await];
        for (page, calls) in pages.iter_mut().zip(calls.concat()) {
            page.calls.push(calls);
        }
    }
    pages
}

async fn messages(world: &World, person: &Person, length: usize) -> Vec<Vec<Call>> {
    let room = world.room_with(person, length).await;
    let all = world.store.messages(room, Direction::Latest, 1_000).await.unwrap();
    let middle: MessageId = all.messages[all.messages.len() / 2].id;
    let mut calls = Vec::new();
    for direction in [Direction::Latest, Direction::Before(middle)] {
        drop(world.proxy.take_calls());
        let page = world.store.messages(room, direction, LIMIT).await.unwrap();
        assert_eq!(page.messages.len(), usize::from(LIMIT));
        calls.push(world.proxy.take_calls());
    }
    calls
}

async fn rooms(world: &World, person: &Person, length: usize) -> Vec<Vec<Call>> {
    let user = person.caller.user_id;
    // The room with the messages is there already.
    for _ in 1..length {
        world.room(person).await;
    }
    let half = u16::try_from(length / 2).unwrap();
    let first = world.store.chatrooms(user, half, None).await.unwrap();
    let mut calls = Vec::new();
    for cursor in [None, first.next.as_deref()] {
        drop(world.proxy.take_calls());
        let page = world.store.chatrooms(user, LIMIT, cursor).await.unwrap();
        assert_eq!(page.rooms.len(), usize::from(LIMIT));
        calls.push(world.proxy.take_calls());
    }
    calls
}
