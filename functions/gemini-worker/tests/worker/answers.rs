//! One reply for one question, however often it is delivered.

use std::time::Duration;

use jiff::SignedDuration;
use local::gemini::{Behaviour, Respond};
use shared::{
    domain::{Side, Status},
    queue::Job,
};

use crate::{host::Host, queue::VISIBILITY_TIMEOUT};

#[tokio::test]
async fn a_message_is_answered_counted_and_not_pending_any_more() {
    let host = Host::start().await;
    host.model.on(Behaviour::new(Respond::text("Ganymede, for one.")));
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let question = host.ask(&ada, room, "Which moons are there?").await;
    assert!(host.is_pending(question).await);

    let delivered = host.deliver().await;

    assert_eq!(delivered.records.len(), 1);
    assert!(delivered.reported.is_empty(), "{delivered:?}");
    let reply = host.reply(question, Status::Answered).await;
    assert_eq!(reply.content, "Ganymede, for one.");
    assert!(reply.id > question.message_id);
    let Side::Reply { reply_to, failed, finish_reason, usage } = reply.side else { panic!() };
    assert_eq!((reply_to, failed), (question.message_id, false));
    assert_eq!(finish_reason.as_deref(), Some("STOP"));
    let usage = usage.unwrap();
    assert!(usage.input_tokens > 0 && usage.output_tokens > 0, "{usage:?}");

    let day = host.usage(&ada, host.now()).await.unwrap();
    assert_eq!((day.messages, day.failures), (1, 0));
    assert_eq!((day.input_tokens, day.output_tokens), (usage.input_tokens, usage.output_tokens));
    assert_eq!(host.tally(&ada).await.used, 1);
    assert!(host.pending().await.is_empty());
    assert_eq!(host.queue.len(), 0);
}

#[tokio::test]
async fn a_message_that_is_delivered_again_after_its_reply_is_answered_once() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let question = host.ask(&ada, room, "Once?").await;
    let records = host.queue.receive().await;
    assert!(host.handle_records(&records).await.is_empty());
    let reply = host.reply(question, Status::Answered).await;

    // Lambda was cut off before it deleted the message.
    host.clock.advance(SignedDuration::from_secs(VISIBILITY_TIMEOUT));
    let delivered = host.deliver().await;

    assert_eq!(delivered.ids(&[question]), [records[0].message_id.clone().unwrap()]);
    assert!(delivered.reported.is_empty());
    assert_eq!(host.reply(question, Status::Answered).await.id, reply.id);
    assert_eq!(host.usage(&ada, host.now()).await.unwrap().messages, 1);
    assert_eq!(host.model.requests().len(), 1, "it was settled, so the model costs nothing more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_delivered_twice_at_once_is_answered_once() {
    let host = Host::start().await;
    host.model.set_delay(Duration::from_millis(300));
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let question = host.ask(&ada, room, "Once?").await;
    let records = host.queue.receive().await;

    let (one, other) = tokio::join!(host.handle_records(&records), host.handle_records(&records));

    assert!(one.is_empty() && other.is_empty(), "{one:?} {other:?}");
    assert_eq!(host.model.requests().len(), 2, "both were on their way at the same time");
    host.reply(question, Status::Answered).await;
    assert_eq!(host.messages(room).await.len(), 2);
    assert_eq!(host.usage(&ada, host.now()).await.unwrap().messages, 1);
}

#[tokio::test]
async fn a_reply_to_a_room_that_was_deleted_meanwhile_counts_and_leaves_nothing_to_do() {
    let host = Host::start().await;
    host.model.set_delay(Duration::from_millis(500));
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let question = host.ask(&ada, room, "Anybody there?").await;
    let records = host.queue.receive().await;

    let delete_meanwhile = async {
        model_is_asked(&host, 1).await;
        assert!(host.store.delete_chatroom(ada.user_id, room, host.now()).await.unwrap());
    };
    let (reported, ()) = tokio::join!(host.handle_records(&records), delete_meanwhile);

    assert!(reported.is_empty());
    host.reply(question, Status::Answered).await;
    assert!(host.pending().await.is_empty(), "the sweeper would take it up");
    assert_eq!(host.usage(&ada, host.now()).await.unwrap().messages, 1, "the tokens were spent");
    assert_eq!(host.tally(&ada).await.used, 1);
}

#[tokio::test]
async fn a_failure_in_a_room_that_was_deleted_meanwhile_gives_its_unit_back() {
    let host = Host::start().await;
    host.model.on(Behaviour::new(Respond::Block).delay(Duration::from_millis(500)));
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let question = host.ask(&ada, room, "Anybody there?").await;
    let records = host.queue.receive().await;

    let delete_meanwhile = async {
        model_is_asked(&host, 1).await;
        assert!(host.store.delete_chatroom(ada.user_id, room, host.now()).await.unwrap());
    };
    let (reported, ()) = tokio::join!(host.handle_records(&records), delete_meanwhile);

    assert!(reported.is_empty());
    host.reply(question, Status::Failed).await;
    assert!(host.pending().await.is_empty(), "the sweeper would take it up");
    assert_eq!(host.usage(&ada, host.now()).await.unwrap().failures, 1);
    assert_eq!(host.tally(&ada).await.used, 0);
}

#[tokio::test]
async fn what_nobody_waits_for_is_acknowledged_without_asking_the_model() {
    let host = Host::start().await;
    let ada = host.user().await;
    let bob = host.user().await;
    let [open, deleted] = [host.room(&ada).await, host.room(&ada).await];
    let gone = host.ask(&ada, deleted, "Is this room still there?").await;
    assert!(host.store.delete_chatroom(ada.user_id, deleted, host.now()).await.unwrap());
    let question = host.accept(&ada, open, "Whose is this?").await;
    let strangers = Job { user_id: bob.user_id, ..question };
    let elsewhere = Job { chatroom_id: host.room(&ada).await, ..question };
    for job in [strangers, elsewhere] {
        let body = serde_json::to_string(&job).unwrap();
        host.queue.send(job.user_id, job.chatroom_id, &body).await;
    }

    let delivered = host.deliver().await;

    assert_eq!(delivered.ids(&[gone, strangers, elsewhere]).len(), 3);
    assert!(delivered.reported.is_empty(), "{delivered:?}");
    assert!(host.model.requests().is_empty());
    assert_eq!(host.queue.len(), 0);
    assert!(host.is_pending(question).await);
}

/// Waits until the model was asked for the `nth` time.
async fn model_is_asked(host: &Host, nth: usize) {
    let asked = async {
        while host.model.requests().len() < nth {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asked).await.unwrap();
}
