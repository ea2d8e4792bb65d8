//! DynamoDB is throttled, away, silent, or loses its answers.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use tests::{
    PATIENCE, User,
    chaos::fault::{Fault, Target},
    clear_of_midnight, eventually,
    model::asked_about,
};
use tokio::time::{Instant, sleep};

use crate::world::{FUNCTION_TIMEOUT, RECOVERY, World, answered_once_in_order, within};

const OUTAGE: Duration = Duration::from_secs(10);

/// The function of `/subscribe/*` is cut off after this (`template.yaml`), later than the others.
const SUBSCRIPTION_TIMEOUT: Duration = Duration::from_secs(29);

/// One request of each kind that needs a table: each has to be refused, as "try again", before its
/// function is cut off; those about subscriptions within a bound of their own.
async fn all_are_refused(user: &User, room: &str, subscriptions: Duration) {
    let number = json!({"mobile_number": user.mobile_number});
    let refresh = json!({"refresh_token": user.refresh_token});
    let messages = format!("/chatroom/{room}/messages");
    let requests = [
        user.get("/chatroom"),
        user.get(&messages),
        user.get("/user/me"),
        user.post("/chatroom").json(&json!({"name": "Not now"})),
        user.request(Method::DELETE, &format!("/chatroom/{room}")),
        user.post("/auth/send-otp").json(&number),
        user.post("/auth/refresh").json(&refresh),
        user.sending(room, "Sent during the outage").key("during"),
    ];
    let about_subscriptions = [user.get("/subscribe/status"), user.post("/subscribe/pro")];
    let answers = requests
        .map(|request| within(FUNCTION_TIMEOUT, request))
        .into_iter()
        .chain(about_subscriptions.map(|request| within(subscriptions, request)));
    for answer in join_all(answers).await {
        assert_eq!(answer.expect(503).retry_after(), 2);
    }
}

/// Ten seconds without DynamoDB, in the middle of three replies.
async fn outlives(outage: Fault, subscriptions: Duration) {
    clear_of_midnight().await;
    let world = World::builder().env("VALKEY_URL", "off").start().await;
    let user = world.user().await;
    let [room, other] = [user.create_room("Two").await, user.create_room("One").await];
    world.model.set_delay(Duration::from_millis(1_500));
    let first = user.ask(&room, "Asked before the outage, first").await;
    let second = user.ask(&room, "Asked before the outage, second").await;
    let third = user.ask(&other, "Asked before the outage, elsewhere").await;
    eventually("the model is asked", PATIENCE, async || {
        (asked_about(&world.model, "before the outage").len() >= 2).then_some(())
    })
    .await;

    world.breaks(Target::DynamoDb, &outage);
    let over = Instant::now() + OUTAGE;
    while Instant::now() < over {
        all_are_refused(&user, &room, subscriptions).await;
        sleep(Duration::from_millis(200)).await;
    }
    world.wait_for_log(0, "put off: the store failed").await;
    // It was not the model's fault: nothing is counted against the questions.
    for question in [&first, &second, &third] {
        let stored = world.stored(question).await;
        assert_eq!((&stored["status"], stored.get("attempts")), (&json!("pending"), None));
    }

    world.calm();
    let send = || user.sending(&room, "Sent during the outage").key("during");
    let fourth = send().await.expect(202).string("id");
    assert_eq!(send().await.expect(202).string("id"), fourth);
    answered_once_in_order(&user, &room, &[&first, &second, &fourth]).await;
    answered_once_in_order(&user, &other, &[&third]).await;
    for question in [&first, &second, &third, &fourth] {
        assert_eq!(world.stored(question).await.get("attempts"), None);
    }
    assert_eq!(user.daily_message_count().await, 4);
    assert_eq!(user.rooms().await, [&*room, &*other], "what was refused was not done");
    world.wait_for_jobs((0, 0)).await;
    // What was refused is no second use of the token.
    let api = &world.parleys[0].api;
    let _ = api.refresh(&user.refresh_token).await.signed_in(api, &user.mobile_number);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_seconds_without_dynamodb_lose_nothing() {
    outlives(Fault::Refuse, FUNCTION_TIMEOUT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_seconds_of_throttling_by_dynamodb_lose_nothing() {
    outlives(Target::DynamoDb.throttles(), FUNCTION_TIMEOUT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_seconds_in_which_dynamodb_hangs_lose_nothing() {
    outlives(Fault::Hang, SUBSCRIPTION_TIMEOUT).await;
}

/// The transaction has happened, and its answer got lost: once, or each time that it was tried.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_saving_was_never_confirmed_is_one_message() {
    clear_of_midnight().await;
    let world = World::builder().start().await;
    let user = world.user().await;
    let room = user.create_room("Confirmed late").await;
    let lost = AtomicBool::default();
    world.proxy(Target::DynamoDb).decide(move |call| {
        let is_it = call.operation == "TransactWriteItems" && !lost.swap(true, Ordering::SeqCst);
        is_it.then_some(Fault::Swallow)
    });
    let once = user.ask(&room, "Confirmed at the second try").await;
    assert_eq!(world.failed(Target::DynamoDb), 1);
    user.wait_for_reply_within(RECOVERY, &room, &once).await;

    world.fails(Target::DynamoDb, "TransactWriteItems", &Fault::Swallow);
    let send = || user.sending(&room, "Confirmed never").key("again");
    let refused = within(FUNCTION_TIMEOUT, send()).await.expect(503);
    assert_eq!(refused.retry_after(), 2);
    world.calm();
    let never = send().await.expect(202).string("id");

    // Nobody has queued it: its reply is the sweeper's doing.
    answered_once_in_order(&user, &room, &[&once, &never]).await;
    assert_eq!(user.daily_message_count().await, 2);
    assert_eq!(asked_about(&world.model, "Confirmed").len(), 2);
}

/// An account that is gone has no rooms to be read: they go first, and if they can't, nor can it.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_whose_rooms_can_not_be_deleted_is_there_to_be_deleted_again() {
    let world = World::builder().start().await;
    let user = world.user().await;
    let room = user.create_room("Still here").await;
    // A room is deleted by this call, and the account by a transaction.
    world
        .proxy(Target::DynamoDb)
        .decide(|call| (call.operation == "UpdateItem").then(|| Target::DynamoDb.breaks()));
    let delete = || user.request(Method::DELETE, "/user/me");
    let _ = delete().may_fail().await.expect(503).retry_after();
    world.calm();
    assert_eq!(user.get("/user/me").await.expect(200).string("mobile_number"), user.mobile_number);
    assert_eq!(user.rooms().await, [room]);
    delete().await.is(204);
    assert_eq!(user.rooms().await, [""; 0]);
}
