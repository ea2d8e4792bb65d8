//! What fails is left to the next run, and stops nothing else.

use shared::domain::Status;
use sweeper::Order;

use crate::{
    host::Host,
    proxy::{self, Refused},
};

#[tokio::test]
async fn a_room_that_can_not_be_purged_does_not_stop_the_rest() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let mut rooms = Vec::new();
    for _ in 0..5 {
        let room = host.room(&ada).await;
        host.fill(room, 3).await;
        assert!(host.store.delete_chatroom(ada.user_id, room, host.now()).await.unwrap());
        rooms.push(room);
    }
    let refused = Refused { action: ".Query", holding: rooms[2].to_string() };
    let url = proxy::in_front_of(host.dynamodb_url(), refused).await;
    let sweeper = host.sweeper_with("AWS_ENDPOINT_URL_DYNAMODB", &url);

    let report = sweeper.run(Order::default()).await.unwrap();
    assert_eq!((report.items_purged, report.failed_steps), (12, 1));
    assert_eq!(host.messages_in(rooms[2]).await, 3);

    assert_eq!([host.sweep().await, host.sweep().await].map(|run| run.rooms_purged), [4, 1]);
    assert_eq!(host.rooms_of(ada.user_id).await, 0);
}

#[tokio::test]
async fn rooms_are_purged_even_if_the_accounts_can_not_be_listed() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let room = host.room(&ada).await;
    assert!(host.store.delete_chatroom(ada.user_id, room, host.now()).await.unwrap());
    let refused = Refused { action: ".Query", holding: r#""users""#.to_owned() };
    let url = proxy::in_front_of(host.dynamodb_url(), refused).await;
    let sweeper = host.sweeper_with("AWS_ENDPOINT_URL_DYNAMODB", &url);
    let report = sweeper.run(Order::default()).await.unwrap();
    assert_eq!((report.rooms_purged, report.failed_steps), (1, 1));
}

#[tokio::test]
async fn an_account_outlives_rooms_that_can_not_be_deleted() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let room = host.room(&ada).await;
    host.delete_account(&ada).await;
    let refused = Refused { action: ".UpdateItem", holding: room.to_string() };
    let url = proxy::in_front_of(host.dynamodb_url(), refused).await;
    let sweeper = host.sweeper_with("AWS_ENDPOINT_URL_DYNAMODB", &url);
    let report = sweeper.run(Order::default()).await.unwrap();
    assert_eq!((report.accounts_purged, report.failed_steps), (0, 1));
    assert_eq!(host.store.accounts_to_purge(10).await.unwrap(), [ada.user_id]);

    let runs = [host.sweep().await, host.sweep().await];
    assert_eq!(runs.map(|run| (run.rooms_purged, run.accounts_purged)), [(0, 0), (1, 1)]);
    assert_eq!((host.items_of(ada.user_id).await, host.rooms_of(ada.user_id).await), (0, 0));
}

#[tokio::test]
async fn nothing_overtakes_a_message_that_could_not_be_taken_care_of() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let [stuck, free] = [host.room(&ada).await, host.room(&ada).await];
    let old = host.ask(&ada, stuck).await;
    host.seconds_pass(3_500);
    let younger = host.ask(&ada, stuck).await;
    let elsewhere = host.ask(&ada, free).await;
    host.seconds_pass(121);

    let refused = Refused { action: ".TransactWriteItems", holding: old.message_id.to_string() };
    let url = proxy::in_front_of(host.dynamodb_url(), refused).await;
    let sweeper = host.sweeper_with("AWS_ENDPOINT_URL_DYNAMODB", &url);
    let report = sweeper.run(Order::default()).await.unwrap();
    assert_eq!((report.queued, report.given_up, report.failed_steps), (1, 0, 1));
    assert_eq!(host.received_ids().await, [elsewhere.message_id]);

    let report = host.sweep().await;
    assert_eq!((report.given_up, report.failed_steps), (1, 0));
    assert_eq!(host.status(&old).await, Status::Failed);
    assert_eq!(host.received_ids().await, [younger.message_id]);
}

#[tokio::test]
async fn a_queue_that_is_gone_does_not_stop_the_purge() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let [asking, deleted] = [host.room(&ada).await, host.room(&ada).await];
    let question = host.ask(&ada, asking).await;
    host.ask(&ada, asking).await;
    assert!(host.store.delete_chatroom(ada.user_id, deleted, host.now()).await.unwrap());
    host.seconds_pass(121);
    let elsewhere = host.env.require("MESSAGE_QUEUE_URL").unwrap().replace("messages", "other");
    let sweeper = host.sweeper_with("MESSAGE_QUEUE_URL", &elsewhere);
    let report = sweeper.run(Order::default()).await.unwrap();
    assert_eq!((report.queued, report.failed_steps, report.rooms_purged), (0, 1, 1));
    assert_eq!(host.status(&question).await, Status::Pending);
    assert_eq!(host.sweep().await.queued, 2);
}

#[tokio::test]
async fn a_run_that_achieves_nothing_is_an_error() {
    let sweeper = Host::start().await.stop_dynamodb().await;
    let error = sweeper.run(Order::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "all 3 steps failed");
}
