//! Pending messages are queued again.

use shared::{
    domain::Usage,
    queue::Job,
    store::{Answer, Pending, Settled},
    trace::Origin,
};
use sweeper::Order;

use crate::host::{Host, Queued};

const RECOVER: Order = Order { recover: true };

fn job(question: &Pending) -> Job {
    let Pending { user_id, chatroom_id, message_id } = *question;
    Job { user_id, chatroom_id, message_id }
}

#[tokio::test]
async fn a_message_that_was_never_queued_is_queued_after_two_minutes() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let room = host.room(&ada).await;
    let question = host.ask(&ada, room).await;

    host.seconds_pass(120);
    assert_eq!(host.sweep().await.queued, 0);
    assert_eq!(host.received().await, []);

    host.seconds_pass(1);
    let report = host.sweep().await;
    assert_eq!((report.queued, report.failed_steps), (1, 0));
    let expected = Queued {
        job: job(&question),
        group: room.to_string(),
        deduplication: question.message_id.to_string(),
    };
    assert_eq!(host.received().await, [expected]);
}

#[tokio::test]
async fn the_order_within_each_room_is_kept() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let mut rooms = Vec::new();
    for _ in 0..3 {
        rooms.push(host.room(&ada).await);
    }
    let mut asked = Vec::new();
    for _ in 0..12 {
        for room in &rooms {
            asked.push(host.ask(&ada, *room).await);
        }
    }
    host.seconds_pass(200);
    assert_eq!(host.sweep().await.queued, 36);
    let received = host.received().await;
    for room in rooms {
        let expected: Vec<_> =
            asked.iter().filter(|asked| asked.chatroom_id == room).map(job).collect();
        let jobs: Vec<_> = received
            .iter()
            .map(|queued| queued.job)
            .filter(|job| job.chatroom_id == room)
            .collect();
        assert_eq!(jobs, expected);
    }
}

#[tokio::test]
async fn a_message_that_is_on_its_way_is_not_doubled_within_five_minutes() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let room = host.room(&ada).await;
    let question = host.ask(&ada, room).await;
    host.queue.send(&job(&question), &Origin::default()).await.unwrap();
    for _ in 0..4 {
        host.seconds_pass(61);
        host.sweep().await;
    }
    assert_eq!(host.received_ids().await, [question.message_id]);

    host.seconds_pass(60);
    host.sweep().await;
    assert_eq!(host.received_ids().await, [question.message_id], "it was lost: it comes again");
}

#[tokio::test]
async fn what_has_its_reply_is_left_alone() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let room = host.room(&ada).await;
    let question = host.ask(&ada, room).await;
    let answer = Answer {
        id: host.ids.next(host.now()),
        content: "Hi",
        finish_reason: "STOP",
        usage: Usage::default(),
    };
    assert_eq!(host.store.answer(&question, &answer).await.unwrap(), Settled::Done);
    host.seconds_pass(4_000);
    let report = host.sweep().await;
    assert_eq!((report.queued, report.given_up), (0, 0));
    let report = host.sweeper.run(RECOVER).await.unwrap();
    assert_eq!((report.queued, report.given_up), (0, 0));
    assert_eq!(host.messages_in(room).await, 2);
}

#[tokio::test]
async fn recovery_queues_every_pending_message_however_new_or_old() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let room = host.room(&ada).await;
    let old = host.ask(&ada, room).await;
    host.seconds_pass(7_200);
    let recent = host.ask(&ada, room).await;

    let report = host.sweeper.run(RECOVER).await.unwrap();
    assert_eq!((report.queued, report.given_up), (2, 0));
    assert_eq!(host.received_ids().await, [old.message_id, recent.message_id]);
}

#[tokio::test]
async fn the_delay_is_configurable() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let room = host.room(&ada).await;
    let question = host.ask(&ada, room).await;
    host.seconds_pass(2);
    let sweeper = host.sweeper_with("REQUEUE_AFTER_SECONDS", "1");
    assert_eq!(sweeper.run(Order::default()).await.unwrap().queued, 1);
    assert_eq!(host.received_ids().await, [question.message_id]);
}
