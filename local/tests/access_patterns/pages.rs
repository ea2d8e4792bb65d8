//! A page costs the same however much lies before and behind it.

use shared::store::{ChatroomChange, Direction};

use crate::{
    proxy::Call,
    world::{Person, World},
};

/// Small enough for the shortest room, both from its end and from its middle.
const LIMIT: u16 = 4;
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
        page("messages", "The newest 4 messages of a room"),
        page("messages", "4 messages from amidst a room"),
        page("chatrooms", "The 4 rooms of a user with the latest activity"),
        page("chatrooms", "4 rooms from amidst the list"),
    ];
    for length in LENGTHS {
        let mut world = World::new().await;
        // Each is more than a unit, so that one message more would be seen.
        world.text = world.text.repeat(10);
        let (one, other) = (world.person().await, world.person().await);
        let calls = [messages(&world, &one, length).await, rooms(&world, &other, length).await];
        for (page, calls) in pages.iter_mut().zip(calls.concat()) {
            page.calls.push(calls);
        }
    }
    pages
}

async fn messages(world: &World, person: &Person, length: usize) -> Vec<Vec<Call>> {
    let room = world.room_with(person, 2).await;
    world.copy("messages", ["chatroom_id", "message_id"], &room.to_string(), length).await;
    let half = u16::try_from(length / 2).unwrap();
    let newer = world.store.messages(room, Direction::Latest, half).await.unwrap();
    let amidst = newer.messages[0].id;
    let mut calls = Vec::new();
    for direction in [Direction::Latest, Direction::Before(amidst)] {
        drop(world.proxy.take_calls());
        let page = world.store.messages(room, direction, LIMIT).await.unwrap();
        assert_eq!(page.messages.len(), usize::from(LIMIT));
        calls.push(world.proxy.take_calls());
    }
    calls
}

async fn rooms(world: &World, person: &Person, length: usize) -> Vec<Vec<Call>> {
    let user = person.caller.user_id;
    let room = world.room(person).await;
    let instruction = world.text[..4_000].to_owned().try_into().unwrap();
    let change =
        ChatroomChange { system_instruction: Some(Some(instruction)), ..Default::default() };
    world.store.change_chatroom(user, room, &change, world.now()).await.unwrap();
    world.copy("chatrooms", ["user_id", "chatroom_id"], &user.to_string(), length).await;
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
