//! What was deleted from view is purged.

use crate::host::Host;

#[tokio::test]
async fn nothing_is_left_of_a_deleted_room_and_all_of_the_others() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let [deleted, kept] = [host.room(&ada).await, host.room(&ada).await];
    host.fill(deleted, 620).await;
    host.fill(kept, 30).await;
    let pending = host.ask(&ada, kept).await;
    assert!(host.store.delete_chatroom(ada.user_id, deleted, host.now()).await.unwrap());

    let report = host.sweep().await;
    assert_eq!((report.rooms_purged, report.items_purged, report.failed_steps), (1, 621, 0));
    assert_eq!(host.messages_in(deleted).await, 0);
    assert_eq!(host.messages_in(kept).await, 31);
    assert_eq!(host.rooms_of(ada.user_id).await, 1);
    assert!(host.store.message(kept, pending.message_id).await.unwrap().is_some());

    assert_eq!(host.sweep().await.items_purged, 0);
    assert!(host.store.chatroom(ada.user_id, kept).await.unwrap().is_some());
}

#[tokio::test]
async fn a_run_is_bounded_and_the_next_one_goes_on() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let [long, short] = [host.room(&ada).await, host.room(&ada).await];
    host.fill(long, 2_300).await;
    host.fill(short, 10).await;
    for room in [long, short] {
        assert!(host.store.delete_chatroom(ada.user_id, room, host.now()).await.unwrap());
    }

    let first = host.sweep().await;
    assert_eq!(first.rooms_purged, 1, "the short room does not wait for the long one");
    assert!((2_000..2_300).contains(&first.items_purged), "{first:?}");
    assert_eq!(host.messages_in(short).await, 0);
    assert_eq!(host.rooms_of(ada.user_id).await, 1, "the long room is still to be found");

    let second = host.sweep().await;
    assert_eq!(second.rooms_purged, 1);
    assert_eq!(first.items_purged + second.items_purged, 2_300 + 10 + 2);
    assert_eq!((host.messages_in(long).await, host.rooms_of(ada.user_id).await), (0, 0));
}

#[tokio::test]
async fn nothing_is_orphaned_by_an_account_whose_rooms_were_never_deleted() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let mut rooms = Vec::new();
    for _ in 0..30 {
        rooms.push(host.room(&ada).await);
        host.fill(rooms[rooms.len() - 1], 3).await;
    }
    host.ask(&ada, rooms[7]).await;
    let stranger = host.user("+442079460000").await;
    let strangers_room = host.room(&stranger).await;
    host.fill(strangers_room, 3).await;
    host.delete_account(&ada).await;

    let first = host.sweep().await;
    assert_eq!((first.accounts_purged, first.failed_steps), (1, 0));
    assert_eq!(host.items_of(ada.user_id).await, 0);
    assert!(host.store.chatrooms(ada.user_id, 100, None).await.unwrap().rooms.is_empty());

    let second = host.sweep().await;
    assert_eq!(first.rooms_purged + second.rooms_purged, 30);
    assert_eq!(host.rooms_of(ada.user_id).await, 0);
    for room in rooms {
        assert_eq!(host.messages_in(room).await, 0);
    }
    assert_eq!(host.store.pending_before(jiff::Timestamp::MAX, 10).await.unwrap(), []);
    let third = host.sweep().await;
    assert_eq!((third.items_purged, third.accounts_purged), (0, 0));

    assert_eq!(host.items_of(stranger.user_id).await, 1);
    assert_eq!(host.messages_in(strangers_room).await, 3);
}

#[tokio::test]
async fn sessions_and_usage_go_with_the_account() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let room = host.room(&ada).await;
    host.ask(&ada, room).await;
    host.seconds_pass(4_000);
    assert_eq!(host.sweep().await.given_up, 1);
    host.store
        .open_session(&shared::store::Session {
            session_id: ada.session_id,
            user_id: ada.user_id,
            family_hash: "f".to_owned(),
            token_hash: "t".to_owned(),
            generation: 0,
            expires_at: host.now().as_second() + 9_000,
        })
        .await
        .unwrap();
    assert_eq!(host.items_of(ada.user_id).await, 3, "profile, usage, session");
    host.delete_account(&ada).await;
    let report = host.sweep().await;
    assert_eq!(report.accounts_purged, 1);
    assert_eq!(host.items_of(ada.user_id).await, 0);
}

#[tokio::test]
async fn the_tombstone_stays_until_billing_is_settled() {
    let host = Host::start().await;
    let ada = host.ada().await;
    host.delete_unsettled_account(&ada).await;
    for _ in 0..2 {
        let report = host.sweep().await;
        assert_eq!((report.accounts_purged, report.items_purged, report.failed_steps), (0, 0, 0));
    }
    let left = host.store.billing(ada.user_id).await.unwrap().unwrap();
    host.store.end_billing(ada.user_id, &left).await.unwrap();
    assert_eq!(host.sweep().await.accounts_purged, 1);
    assert_eq!(host.store.billing(ada.user_id).await.unwrap(), None);
}
