//! Rooms: `shared::store::chatrooms`.

use shared::store::{ChatroomChange, Created};

use super::{Row, row};
use crate::world::World;

/// A page, as it is asked for unless somebody asks for another.
pub(crate) const PAGE: u16 = 50;

pub(super) async fn rows() -> Vec<Row> {
    let world = World::new().await;
    let person = world.person().await;
    let user = person.caller.user_id;
    let (room, mut claimed) = (world.new_room(), world.new_room());
    claimed.claim = Some(world.claim());
    let change = ChatroomChange {
        name: Some("Two weekends in Lisbon".to_owned().try_into().unwrap()),
        system_instruction: None,
    };
    let mut rows = vec![
        row!("Open a room", world.create_chatroom(&person.caller, &room) => Created::Done),
        row!("Open a room, with an idempotency key",
            world.create_chatroom(&person.caller, &claimed) => Created::Done),
    ];
    for _ in 0..60 {
        world.room(&person).await;
    }
    let page = world.store.chatrooms(user, PAGE, None).await.unwrap();
    let (cursor, now) = (page.next.as_deref(), world.now());
    rows.extend([
        row!("A user's rooms, latest activity first: a page of 50 of 62",
            world.chatrooms(user, PAGE, None) => page if page.rooms.len() == 50),
        row!("A user's rooms, the second page: 12 of 62",
            world.chatrooms(user, PAGE, cursor) => page if page.rooms.len() == 12),
        row!("Connect, before the first job: a room that nobody has", world.warm_up_rooms()),
        row!("A room", world.chatroom(user, room.id) => Some(_)),
        row!("Whether a room is there", world.has_chatroom(user, room.id) => true),
        row!("Change a room", world.change_chatroom(user, room.id, &change, now) => Some(_)),
        row!("Delete a room from view", world.delete_chatroom(user, room.id, now) => true),
    ]);
    rows
}
