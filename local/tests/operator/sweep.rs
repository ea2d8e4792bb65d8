//! `parley sweep`.

use std::sync::Arc;

use jiff::SignedDuration;
use local::{
    operator::{
        Report as _,
        sweep::{Options, sweep},
    },
    testing::ManualClock,
};
use shared::domain::{Clock as _, SystemClock};

use crate::world::World;

#[tokio::test]
async fn what_was_never_queued_is_queued_and_answered() {
    let world = World::start().await;
    let (env, person) = (world.env().await, world.person().await);
    let (room, message) = world.pending(&person).await;
    // Too young for the ordinary run; the scheduled one leaves it alone as well.
    let clock = Arc::new(SystemClock);
    let swept = sweep(&env, Options::default(), clock.clone(), &|_| ()).await.unwrap();
    assert!(swept.to_string().starts_with("queued again     0\n"), "{swept}");

    let later = ManualClock::new(clock.now() + SignedDuration::from_mins(5));
    let swept = sweep(&env, Options::default(), Arc::new(later), &|_| ()).await.unwrap();
    assert!(swept.to_string().starts_with("queued again     1\n"), "{swept}");
    assert_eq!(serde_json::to_value(&swept).unwrap()["queued"], 1);
    assert_eq!(swept.exit_code(), 0);
    world.until_answered(&person, room, message).await;
}

#[tokio::test]
async fn a_queue_that_lost_its_messages_gets_all_of_them() {
    let world = World::start().await;
    let (env, person) = (world.env().await, world.person().await);
    let (room, message) = world.pending(&person).await;
    let swept = sweep(&env, Options { recover: true }, Arc::new(SystemClock), &|_| ()).await;
    assert!(swept.unwrap().to_string().starts_with("queued again     1\n"));
    world.until_answered(&person, room, message).await;
}

#[tokio::test]
async fn steps_that_failed_show_in_the_exit_code() {
    let world = World::start().await;
    let (env, person) = (world.env().await, world.person().await);
    world.pending(&person).await;
    let gone = env.get("MESSAGE_QUEUE_URL").unwrap().replace("messages", "gone");
    let env = env.with("MESSAGE_QUEUE_URL", gone);
    let swept = sweep(&env, Options { recover: true }, Arc::new(SystemClock), &|_| ()).await;
    let swept = swept.unwrap();
    assert_eq!(swept.exit_code(), 1, "{swept}");
}
