//! What was deleted from view is purged.

use shared::store::Settled;
use sweeper::Order;

use crate::{host::Host, proxy};

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
    assert_eq!((report.rooms_purged, report.items_purged, report.failed_steps), (0, 620, 0));
    assert_eq!(host.messages_in(deleted).await, 0);
    let report = host.sweep().await;
    assert_eq!((report.rooms_purged, report.items_purged), (1, 1), "nothing has come since");
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
    assert!((2_000..2_300).contains(&first.items_purged), "{first:?}");
    assert_eq!(host.messages_in(short).await, 0, "it does not wait for the long one");
    assert_eq!(host.rooms_of(ada.user_id).await, 2, "both are still to be found");

    let [second, third] = [host.sweep().await, host.sweep().await];
    assert_eq!([first, second, third].map(|run| run.rooms_purged), [0, 1, 1]);
    let purged = [first, second, third].map(|run| run.items_purged);
    assert_eq!(purged.iter().sum::<usize>(), 2_300 + 10 + 2);
    assert_eq!((host.messages_in(long).await, host.rooms_of(ada.user_id).await), (0, 0));
}

#[tokio::test]
async fn rooms_that_fill_a_run_keep_no_account_waiting() {
    let host = Host::start().await;
    let ada = host.ada().await;
    for _ in 0..8 {
        let room = host.room(&ada).await;
        host.fill(room, 251).await;
        assert!(host.store.delete_chatroom(ada.user_id, room, host.now()).await.unwrap());
    }
    let stranger = host.user("+442079460000").await;
    host.delete_account(&stranger).await;

    let report = host.sweep().await;
    assert_eq!((report.rooms_purged, report.accounts_purged), (0, 1), "{report:?}");
    assert!(report.items_purged >= 2_000, "{report:?}");
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
    assert_eq!((first.rooms_purged, first.accounts_purged, first.failed_steps), (0, 0, 0));
    assert!(host.store.chatrooms(ada.user_id, 100, None).await.unwrap().rooms.is_empty());
    assert_eq!(host.rooms_of(ada.user_id).await, 30, "out of view, and still to be purged");

    let [second, third] = [host.sweep().await, host.sweep().await];
    assert_eq!((second.rooms_purged, second.accounts_purged), (0, 0), "first what is in them");
    assert_eq!((third.rooms_purged, third.accounts_purged), (30, 0), "the account waits");
    assert_eq!((host.items_of(ada.user_id).await, host.rooms_of(ada.user_id).await), (1, 0));
    for room in rooms {
        assert_eq!(host.messages_in(room).await, 0);
    }
    assert_eq!(host.store.pending_before(jiff::Timestamp::MAX, 10).await.unwrap(), []);
    let fourth = host.sweep().await;
    assert_eq!((fourth.items_purged, fourth.accounts_purged), (1, 1));
    assert_eq!(host.items_of(ada.user_id).await, 0);
    assert_eq!(host.sweep().await.items_purged, 0);

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
    let runs = [host.sweep().await, host.sweep().await, host.sweep().await];
    assert_eq!(runs.map(|run| (run.rooms_purged, run.accounts_purged)), [(0, 0), (0, 0), (1, 1)]);
    assert_eq!(host.items_of(ada.user_id).await, 0);
}

#[tokio::test]
async fn a_reply_that_comes_while_its_room_is_purged_goes_too_and_so_does_what_it_counts() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let room = host.room(&ada).await;
    let question = host.ask(&ada, room).await;
    assert!(host.store.delete_chatroom(ada.user_id, room, host.now()).await.unwrap());
    host.delete_account(&ada).await;

    // The messages are read, and the question is about to go.
    let (url, mut held) = proxy::holding(host.dynamodb_url(), ".BatchWriteItem").await;
    let sweeper = host.sweeper_with("AWS_ENDPOINT_URL_DYNAMODB", &url);
    let answered = async {
        let go_on = held.recv().await.unwrap();
        assert_eq!(host.answer(&question).await, Settled::Done);
        go_on.send(()).unwrap();
    };
    let (report, ()) = tokio::join!(sweeper.run(Order::default()), answered);

    let report = report.unwrap();
    assert_eq!((report.rooms_purged, report.failed_steps), (0, 0), "another may come");
    assert_eq!(host.messages_in(room).await, 0, "a reply to nothing");
    assert_eq!(host.items_of(ada.user_id).await, 2, "tombstone, usage");
    assert_eq!(host.answer(&question).await, Settled::Gone);
    assert_eq!(host.sweep().await.accounts_purged, 1);
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
