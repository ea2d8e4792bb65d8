//! What has waited for too long is given up, with a word to its sender.

use shared::{
    domain::{Limits, Side, Status},
    store::Direction,
};
use sweeper::{Order, Sweeper};

use crate::host::{Host, UNLIMITED};

#[tokio::test]
async fn after_an_hour_the_sender_is_told_and_has_the_unit_back() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let room = host.room(&ada).await;
    let limits = Limits { basic_daily_messages: 5, ..UNLIMITED };
    let question = host.ask_within(&ada, room, &limits).await;
    let used = async || {
        let account = host.store.account(ada.user_id, host.now()).await.unwrap().unwrap();
        account.user.tally.unwrap().used
    };
    assert_eq!(used().await, 1);

    host.seconds_pass(3_600);
    assert_eq!(host.sweep().await.given_up, 0);
    assert_eq!(host.status(&question).await, Status::Pending);
    assert_eq!(host.received_ids().await, [question.message_id]);

    host.seconds_pass(1);
    let report = host.sweep().await;
    assert_eq!((report.given_up, report.queued, report.failed_steps), (1, 0, 0));
    assert_eq!(host.status(&question).await, Status::Failed);
    assert_eq!(used().await, 0);

    let page = host.store.messages(room, Direction::Latest, 10).await.unwrap();
    let [_, reply] = page.messages.as_slice() else { unreachable!("{page:?}") };
    assert!(reply.content.contains("not counted against your daily limit"), "{}", reply.content);
    assert!(matches!(&reply.side, Side::Reply { reply_to, failed: true, .. }
            if *reply_to == question.message_id));

    let report = host.sweep().await;
    assert_eq!((report.given_up, report.queued), (0, 0));
    assert_eq!(host.messages_in(room).await, 2);
    assert_eq!(host.received().await, []);
}

#[tokio::test]
async fn younger_messages_of_the_room_are_queued_all_the_same() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let room = host.room(&ada).await;
    let old = host.ask(&ada, room).await;
    host.seconds_pass(3_500);
    let younger = host.ask(&ada, room).await;
    host.seconds_pass(121);
    let report = host.sweep().await;
    assert_eq!((report.given_up, report.queued), (1, 1));
    assert_eq!(host.status(&old).await, Status::Failed);
    assert_eq!(host.status(&younger).await, Status::Pending);
    assert_eq!(host.received_ids().await, [younger.message_id]);
}

#[tokio::test]
async fn what_is_given_up_in_a_deleted_room_goes_with_it() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let room = host.room(&ada).await;
    host.ask(&ada, room).await;
    assert!(host.store.delete_chatroom(ada.user_id, room, host.now()).await.unwrap());
    host.seconds_pass(4_000);
    let report = host.sweep().await;
    assert_eq!((report.given_up, report.queued, report.failed_steps), (1, 0, 0));
    assert_eq!(host.messages_in(room).await, 0);
    assert_eq!(host.sweep().await.rooms_purged, 1);
    assert_eq!(host.store.pending_before(host.now(), 10).await.unwrap(), []);
}

#[tokio::test]
async fn the_hour_is_configurable_but_never_shorter_than_the_delay() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let room = host.room(&ada).await;
    let question = host.ask(&ada, room).await;
    host.seconds_pass(301);
    let sweeper = host.sweeper_with("GIVE_UP_AFTER_SECONDS", "300");
    assert_eq!(sweeper.run(Order::default()).await.unwrap().given_up, 1);
    assert_eq!(host.status(&question).await, Status::Failed);

    for too_short in ["120", "1", "0"] {
        let env = host.env.clone().with("GIVE_UP_AFTER_SECONDS", too_short);
        let error = Sweeper::from_env(&env, host.clock.clone()).unwrap_err();
        assert!(error.to_string().contains("GIVE_UP_AFTER_SECONDS"), "{error}");
    }
}
