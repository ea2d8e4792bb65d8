//! What the sweeper takes away: `shared::store::purge`, and what comes before it.

use shared::store::{Purged, Recorded};

use super::{Row, row};
use crate::world::World;

/// The sweeper's bounds: items and rooms of one step, entries of one listing.
const ITEMS: u16 = 250;
const ROOMS: u16 = 25;
const LISTED: u16 = 500;

pub(super) async fn rows() -> Vec<Row> {
    let mut rows = rooms().await;
    rows.extend(accounts().await);
    rows
}

async fn rooms() -> Vec<Row> {
    let world = World::new().await;
    let person = world.person().await;
    let user = person.caller.user_id;
    let room = world.room_with(&person, 50).await;
    assert!(world.store.delete_chatroom(user, room, world.now()).await.unwrap());
    vec![
        row!("The rooms that wait to be purged: one",
            world.rooms_to_purge(LISTED) => rooms if rooms.len() == 1),
        row!("Purge 50 messages of a room",
            world.purge_messages(room, ITEMS) => Purged { items: 50, finished: false }),
        row!("Look for messages in a room in which none is left",
            world.purge_messages(room, ITEMS) => Purged { items: 0, finished: false }),
        row!("Purge such a room",
            world.purge_room(user, room) => Purged { items: 1, finished: true }),
    ]
}

async fn accounts() -> Vec<Row> {
    let world = World::new().await;
    let person = world.person().await;
    world.room_with(&person, 10).await;
    for _ in 0..4 {
        world.room(&person).await;
    }
    let (user, now) = (person.caller.user_id, world.now());
    let mut rows = vec![
        row!("Delete an account from view",
            world.delete_account(&person.caller, &person.account.user, now) => true),
        row!("The accounts that wait to be purged: one",
            world.accounts_to_purge(LISTED) => accounts if accounts.len() == 1),
        row!("Delete from view the five rooms of a user, all at once",
            world.delete_rooms_of(user, ROOMS, now) => Purged { items: 5, finished: true }),
    ];
    rows.push(row!("Whether a deleted account still has rooms that are to be purged before it",
        world.has_rooms(user) => true));
    let waits = row!("Purge an account with a session and a day of usage, but for its tombstone: its \
        subscription is not cancelled yet",
        world.purge_account(user, ITEMS) => Purged { items: 2, finished: false });
    let billing = world.store.billing(user).await.unwrap().unwrap();
    assert_eq!(world.store.end_billing(user, &billing).await.unwrap(), Recorded::Done);
    rows.extend([
        waits,
        row!("Purge what is left of an account: its tombstone",
            world.purge_account(user, ITEMS) => Purged { items: 1, finished: true }),
    ]);
    rows
}
