//! `parley redrive`: nothing is lost, and nothing is moved that was not to be.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use local::{
    operator::{
        Report as _,
        redrive::{Options, Redriven, redrive},
    },
    testing::relay,
};
use shared::{config::Env, domain::MessageId};
use tokio::{sync::watch, time::timeout};

use crate::queues::{Queues, group};

const ROOMS: [&str; 3] =
    ["01M8044ZF3SQ51V241KHPYNBG1", "01M8044ZF3SQ51V241KHPYNBG2", "01M8044ZF3SQ51V241KHPYNBG3"];

async fn run(env: &Env, options: Options) -> Result<Redriven, local::Error> {
    redrive(env, &options, &|_| (), watch::Sender::new(false).subscribe()).await
}

/// The ids of messages in the order in which the queue has them, room by room.
fn by_room(messages: &[aws_sdk_sqs::types::Message]) -> Vec<Vec<String>> {
    let of_room = |room| {
        let messages = messages.iter().filter(|message| group(message) == room);
        messages.map(|message| message_id(message.body().unwrap())).collect()
    };
    ROOMS.iter().map(|room| of_room(*room)).collect()
}

fn message_id(body: &str) -> String {
    let job: serde_json::Value = serde_json::from_str(body).unwrap();
    job["message_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn everything_goes_back_to_its_room_in_its_order() {
    let queues = Queues::start().await;
    let mut expected = vec![Vec::new(); 3];
    for n in 0..33 {
        let message = queues.dead_job(ROOMS[n % 3]).await;
        expected[n % 3].push(message.to_string());
    }
    let done = run(&queues.env, Options::default()).await.unwrap();
    assert_eq!((done.moved, done.left, done.interrupted), (33, 0, false));
    assert_eq!(done.exit_code(), 0);
    assert_eq!(by_room(&queues.queued().await), expected);
    assert!(queues.dead().await.is_empty());
}

#[tokio::test]
async fn it_tells_how_far_it_is() {
    let queues = Queues::start().await;
    for n in 0..12 {
        queues.dead_job(ROOMS[n % 3]).await;
    }
    let told = std::sync::Mutex::new(Vec::new());
    let progress = |line: &str| told.lock().unwrap().push(line.to_owned());
    let stop = watch::Sender::new(false).subscribe();
    redrive(&queues.env, &Options::default(), &progress, stop).await.unwrap();
    let told = told.into_inner().unwrap();
    assert_eq!(told.first().unwrap(), "about 12 in the dead-letter queue");
    assert_eq!(told.last().unwrap(), "12 moved");
    assert!(told.len() > 2, "{told:?}");
}

#[tokio::test]
async fn no_more_are_moved_than_was_said() {
    let queues = Queues::start().await;
    for _ in 0..5 {
        queues.dead_job(ROOMS[0]).await;
    }
    let options = Options { max: Some(2), dry_run: false };
    let done = run(&queues.env, options).await.unwrap();
    assert_eq!((done.moved, done.left), (2, 3));
    assert_eq!(queues.queued().await.len(), 2);
    assert_eq!(queues.dead().await.len(), 3);
}

#[tokio::test]
async fn what_the_sweeper_has_queued_just_now_does_not_keep_it_from_being_queued() {
    let queues = Queues::start().await;
    let message: MessageId = queues.dead_job(ROOMS[0]).await;
    queues.queue_job(ROOMS[0], &message.to_string(), "sent by the sweeper, and lost again").await;
    assert_eq!(queues.queued().await.len(), 1);
    run(&queues.env, Options::default()).await.unwrap();
    assert_eq!(queues.queued().await.len(), 1);
}

#[tokio::test]
async fn what_was_sent_and_could_not_be_deleted_is_not_sent_twice() {
    let queues = Queues::start().await;
    queues.dead_job(ROOMS[0]).await;
    let listed = run(&queues.env, Options { max: None, dry_run: true }).await.unwrap();
    // As a run did that died before it could delete.
    let deduplication = format!("redrive-{}", listed.letters[0].id);
    queues.queue_job(ROOMS[0], &deduplication, "the first time").await;
    run(&queues.env, Options::default()).await.unwrap();
    assert_eq!(queues.queued().await.len(), 1);
    assert!(queues.dead().await.is_empty());
}

#[tokio::test]
async fn a_list_leaves_everything_where_it_is_and_shows_no_content() {
    let queues = Queues::start().await;
    let message = queues.dead_job(ROOMS[0]).await;
    queues.dead_letter("group", "{\"text\":\"what somebody wrote\"}").await;
    let listed = run(&queues.env, Options { max: None, dry_run: true }).await.unwrap();
    assert_eq!((listed.moved, listed.left), (0, 2));
    let text = listed.to_string();
    assert!(text.contains(&message.to_string()), "{text}");
    assert!(text.contains("group group  can't be read as a job"), "{text}");
    let json = serde_json::to_string(&listed).unwrap();
    assert!(!text.contains("somebody") && !json.contains("somebody"), "{text}{json}");
    assert!(queues.queued().await.is_empty());
    assert_eq!(queues.dead().await.len(), 2);
}

#[tokio::test]
async fn a_list_ends_though_letters_come_faster_than_it_looks() {
    let queues = Arc::new(Queues::start().await);
    queues.dead_letter("first", "not a job").await;
    let (more, sent) = (Arc::clone(&queues), Arc::new(AtomicUsize::new(0)));
    let url = relay(&queues.url, move |request| {
        let receives = request.headers["x-amz-target"] == "AmazonSQS.ReceiveMessage";
        let (more, sent) = (Arc::clone(&more), Arc::clone(&sent));
        async move {
            for _ in 0..if receives { 3 } else { 0 } {
                let group = sent.fetch_add(1, Ordering::SeqCst).to_string();
                more.dead_letter(&group, "not a job").await;
            }
        }
    });
    let env = queues.env.clone().with("AWS_ENDPOINT_URL_SQS", url.await);
    let listing = run(&env, Options { max: None, dry_run: true });
    let listed = timeout(Duration::from_secs(20), listing).await.expect("it goes on").unwrap();
    // The one that it counted at the start, and a batch.
    assert_eq!(listed.letters.len(), 11);
    assert!(listed.to_string().contains("more are there"), "{listed}");
}

#[tokio::test]
async fn what_cant_be_read_is_moved_as_it_is_and_said() {
    let queues = Queues::start().await;
    queues.dead_letter("group", "not a job").await;
    let done = run(&queues.env, Options::default()).await.unwrap();
    assert!(done.to_string().contains("1 of them no job"), "{done}");
    let queued = queues.queued().await;
    assert_eq!((queued[0].body(), group(&queued[0])), (Some("not a job"), "group"));
}

#[tokio::test]
async fn it_stops_between_two_messages() {
    let queues = Queues::start().await;
    for _ in 0..5 {
        queues.dead_job(ROOMS[0]).await;
    }
    // Ctrl-C comes while the second message is on its way.
    let (stop, stopped) = watch::channel(false);
    let (stop, sent) = (Arc::new(stop), Arc::new(AtomicUsize::new(0)));
    let url = relay(&queues.url, move |request| {
        let target = request.headers["x-amz-target"].to_str().unwrap();
        if target == "AmazonSQS.SendMessage" && sent.fetch_add(1, Ordering::SeqCst) == 1 {
            stop.send_replace(true);
        }
        async {}
    });
    let env = queues.env.clone().with("AWS_ENDPOINT_URL_SQS", url.await);
    let done = redrive(&env, &Options::default(), &|_| (), stopped).await.unwrap();
    assert_eq!((done.moved, done.left, done.interrupted), (2, 3, true));
    assert_eq!(done.exit_code(), 130);
    assert_eq!(queues.queued().await.len(), 2);
    // The rest of the batch is there at once, and not only when its visibility timeout is over.
    assert_eq!(queues.dead().await.len(), 3);
}

#[tokio::test]
async fn what_the_queue_does_not_take_stays_a_dead_letter() {
    let queues = Queues::start().await;
    for _ in 0..3 {
        queues.dead_job(ROOMS[0]).await;
    }
    let gone = format!("{}/000000000000/gone.fifo", queues.url);
    let env = queues.env.clone().with("MESSAGE_QUEUE_URL", gone);
    let error = run(&env, Options::default()).await.unwrap_err().to_string();
    assert!(error.contains("0 moved, then SQS did not send"), "{error}");
    assert!(!error.contains('\n'), "{error}");
    assert_eq!(queues.dead().await.len(), 3);
}
