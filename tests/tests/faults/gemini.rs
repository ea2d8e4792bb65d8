//! Gemini can't be reached, or hangs, for a while.
//!
//! That one room's hanging call holds up no other room, and ends in a clear failure and a unit given
//! back, is in `e2e/worker.rs`.

use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::join_all;
use tests::{
    Behaviour, PATIENCE, Respond,
    chaos::fault::{Fault, Target},
    clear_of_midnight, eventually,
    model::asked_about,
};

use crate::world::{World, answered_once_in_order};

#[tokio::test(flavor = "multi_thread")]
async fn a_room_whose_call_hangs_is_answered_when_the_model_is_back_and_others_meanwhile() {
    clear_of_midnight().await;
    let world = World::builder().env("GEMINI_TIMEOUT_SECONDS", "5").start().await;
    let user = world.user().await;
    let hangs = Behaviour::new(Respond::Hang).when("hangs").times(1);
    world.model.on(hangs);
    let room = user.create_room("Hung").await;
    let first = user.ask(&room, "This one hangs").await;
    let second = user.ask(&room, "This one waits behind it").await;
    eventually("it hangs", PATIENCE, async || {
        (!asked_about(&world.model, "hangs").is_empty()).then_some(())
    })
    .await;

    let others = (0..3).map(async |_| {
        let other = world.user().await;
        let room = other.create_room("Not hung").await;
        other.ask_and_wait(&room, "Am I held up?").await;
    });
    join_all(others).await;
    assert_eq!(user.message(&room, &first).await["status"], "pending", "all waited for it");
    assert!(asked_about(&world.model, "waits behind").is_empty(), "it was overtaken");
    answered_once_in_order(&user, &room, &[&first, &second]).await;
    assert_eq!(user.daily_message_count().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_the_model_that_is_lost_on_its_way_is_asked_for_again() {
    let faults = [Fault::Refuse, Fault::Cut, Fault::Swallow];
    let tries = faults.into_iter().map(async |fault| {
        let world = World::builder().start().await;
        let user = world.user().await;
        let room = user.create_room("Lost").await;
        let (lost, calls) = (fault.clone(), AtomicU32::default());
        let is_lost = move || calls.fetch_add(1, Ordering::Relaxed) < 2;
        world.proxy(Target::Gemini).decide(move |_| is_lost().then(|| lost.clone()));
        let question = user.ask(&room, "Lost twice").await;
        answered_once_in_order(&user, &room, &[&question]).await;
        assert_eq!(world.failed(Target::Gemini), 2, "{fault:?}");
        assert_eq!(world.stored(&question).await["attempts"], 2, "{fault:?}");
        world.wait_for_jobs((0, 0)).await;
    });
    join_all(tries).await;
}
