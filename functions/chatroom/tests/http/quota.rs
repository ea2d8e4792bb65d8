//! The daily quota, to the unit.

use std::ops::Range;

use axum::http::header;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use shared::{
    domain::{Caller, ChatroomId, Ids, MessageId, Tier, Usage, clock},
    store::{Apology, Pending, Settled},
};

use crate::{answer::Answer, faults::Faults, host::Host};

const QUOTA_EXCEEDED: &str = "https://iana.org/assignments/http-problem-types#quota-exceeded";

/// Seconds from [`crate::host::START`] to midnight UTC, rounded up.
const TO_MIDNIGHT: u64 = 14 * 3_600;

fn with_status(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[tokio::test]
async fn five_messages_a_day_and_then_none_until_midnight_utc() {
    let host = Host::start().await;
    let ada = host.user().await;
    let [room, other] = [host.room(&ada).await, host.room(&ada).await];
    for left in (0..5).rev() {
        let answer = host.send(&ada, if left % 2 == 0 { room } else { other }, "One more").await;
        assert_eq!(answer.is(202).daily(), Some((left, TO_MIDNIGHT)));
        assert_eq!(answer.header("ratelimit-policy"), "\"daily\";q=5;w=86400");
    }

    let refused = host.send(&ada, room, "One too many").await;
    let problem = refused.is_problem(429, "quota_exceeded");
    assert_eq!(problem["type"], QUOTA_EXCEEDED);
    assert_eq!(refused.header("retry-after"), TO_MIDNIGHT.to_string());
    assert_eq!(refused.daily(), Some((0, TO_MIDNIGHT)));
    assert_eq!(refused.header("ratelimit-policy"), "\"daily\";q=5;w=86400");

    host.clock.set("2026-11-21T23:59:59.999Z".parse().unwrap());
    let refused = host.send(&ada, room, "Still one too many").await;
    refused.is_problem(429, "quota_exceeded");
    assert_eq!(refused.header("retry-after"), "1");

    host.clock.set("2026-11-22T00:00:00Z".parse().unwrap());
    for left in (0..5).rev() {
        let answer = host.send(&ada, room, "A new day").await;
        assert_eq!(answer.is(202).daily(), Some((left, 86_400)));
    }
    host.send(&ada, room, "One too many").await.is_problem(429, "quota_exceeded");
    assert_eq!(host.messages(room).await.len() + host.messages(other).await.len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_parallel_messages_five_are_accepted() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let answers = burst(&host, &ada, room, 0..50).await;
    assert_eq!((with_status(&answers, 202), with_status(&answers, 429)), (5, 45));
    assert_eq!(host.messages(room).await.len(), 5);
    assert_eq!(host.used(&ada).await, 5);
    assert_eq!(host.queued().await.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_that_meet_are_tried_again_and_count_once() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let faults = Faults::start(host.dynamodb_url()).await;
    let instance = host.instance_with("AWS_ENDPOINT_URL_DYNAMODB", &faults.url).await;
    faults.conflict(120);
    let sends = (0..50).map(|_| host.send_by(&instance, &ada, room, "Me first"));
    let answers = join_all(sends).await;
    assert_eq!((with_status(&answers, 202), with_status(&answers, 429)), (5, 45));
    assert_eq!(host.messages(room).await.len(), 5);
}

#[tokio::test]
async fn a_transaction_that_always_meets_another_is_given_up_in_time() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let faults = Faults::start(host.dynamodb_url()).await;
    let instance = host.instance_with("AWS_ENDPOINT_URL_DYNAMODB", &faults.url).await;
    faults.conflict(u32::MAX);
    let started = std::time::Instant::now();
    let answer = host.send_by(&instance, &ada, room, "Ever?").await;
    answer.is_problem(503, "unavailable");
    let took = started.elapsed();
    assert!(took < std::time::Duration::from_secs(8), "{took:?} of the function's ten seconds");
    assert_eq!(host.used(&ada).await, 0);
}

/// Sends a message for each key, all at once.
async fn burst(host: &Host, ada: &Caller, room: ChatroomId, keys: Range<usize>) -> Vec<Answer> {
    let send = async |key: usize| {
        host.send_until_told(ada, room, &format!("message {key}"), "Me first").await
    };
    join_all(keys.map(send)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_day_has_its_own_five_though_midnight_comes_in_the_middle_of_a_burst() {
    for _ in 0..5 {
        let host = Host::start().await;
        let ada = host.user().await;
        let room = host.room(&ada).await;
        let midnight: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
        host.clock.set(midnight - SignedDuration::from_millis(1));
        let moves_on = async {
            tokio::task::yield_now().await;
            host.clock.set(midnight);
        };
        let (evening, (), morning) = tokio::join!(
            burst(&host, &ada, room, 0..40),
            moves_on,
            burst(&host, &ada, room, 40..80)
        );
        let rest = burst(&host, &ada, room, 80..120).await;

        // A message that was late over midnight is one of the new day's five.
        let all = [evening, morning, rest].concat();
        let accepted = with_status(&all, 202);
        assert_eq!(accepted + with_status(&all, 429), all.len());
        assert!((5..=10).contains(&accepted), "{accepted} on two days");
        let messages = host.messages(room).await;
        let of =
            |day| messages.iter().filter(|sent| clock::day(sent.id.created_at()) == day).count();
        let [yesterday, today] = [host.now() - SignedDuration::from_millis(1), host.now()];
        let counts = [yesterday, today].map(|at| of(clock::day(at)));
        assert_eq!(counts, [accepted - 5, 5], "each counts on the day of its id");
        let tally = host.tally(&ada).await;
        assert_eq!((tally.day, tally.used), (clock::day(midnight), 5));
    }
}

/// A message that is sent in the last moment of a day, and saved after `morning` others of the next.
async fn late_over_midnight(host: &Host, ada: &Caller, room: ChatroomId, morning: usize) -> Answer {
    let faults = Faults::start(host.dynamodb_url()).await;
    let slow = host.instance_with("AWS_ENDPOINT_URL_DYNAMODB", &faults.url).await;
    host.clock.set("2026-11-21T23:59:59.900Z".parse().unwrap());
    faults.hold("TransactWriteItems");
    let in_time = async {
        faults.holds_one().await;
        host.clock.set("2026-11-22T00:00:00.100Z".parse().unwrap());
        for _ in 0..morning {
            host.send(ada, room, "In the morning").await.is(202);
        }
        faults.release();
    };
    let (late, ()) = tokio::join!(host.send_by(&slow, ada, room, "Late"), in_time);
    late
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_late_over_midnight_starts_no_day_anew() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    host.clock.set("2026-11-21T23:59:59.900Z".parse().unwrap());
    for _ in 0..5 {
        host.send(&ada, room, "In the evening").await.is(202);
    }
    let late = late_over_midnight(&host, &ada, room, 5).await;
    late.is_problem(429, "quota_exceeded");
    host.send(&ada, room, "One too many").await.is_problem(429, "quota_exceeded");
    assert_eq!(host.messages(room).await.len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_late_over_midnight_is_of_the_day_that_it_is_counted_on() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let late = late_over_midnight(&host, &ada, room, 1).await;
    let message_id: MessageId = late.is(202).id().parse().unwrap();
    assert_eq!(clock::day(message_id.created_at()), clock::day(host.now()));
    assert!(late.header("location").ends_with(&late.id()));
    assert_eq!(host.used(&ada).await, 2);
    // So its unit is given back.
    let question = Pending { user_id: ada.user_id, chatroom_id: room, message_id };
    let id = Ids::default().next_after(message_id, host.now());
    let apology = Apology { id, content: "Sorry.", usage: Usage::default() };
    assert_eq!(host.store.fail(&question, &apology).await.unwrap(), Settled::Done);
    assert_eq!(host.used(&ada).await, 1);
}

#[tokio::test]
async fn pro_is_unlimited_whatever_the_token_says() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    host.set_tier(&ada, Tier::Pro).await;
    assert_eq!(ada.tier_hint, Tier::Basic);
    for _ in 0..8 {
        let answer = host.send(&ada, room, "One more").await;
        assert_eq!(answer.is(202).daily(), None, "{answer:?}");
        assert!(!answer.headers.contains_key("ratelimit-policy"));
    }
    assert_eq!(host.messages(room).await.len(), 8);
}

#[tokio::test]
async fn basic_is_limited_whatever_the_token_says() {
    let host = Host::start().await;
    let ada = Caller { tier_hint: Tier::Pro, ..host.user().await };
    let room = host.room(&ada).await;
    for _ in 0..5 {
        host.send(&ada, room, "One more").await.is(202);
    }
    let refused = host.send(&ada, room, "One too many").await;
    refused.is_problem(429, "quota_exceeded");
    assert_eq!(refused.daily(), Some((0, TO_MIDNIGHT)));
}

#[tokio::test]
async fn a_downgrade_counts_what_was_sent_before_it() {
    let host = Host::start().await;
    let ada = host.pro().await;
    let room = host.room(&ada).await;
    for _ in 0..7 {
        host.send(&ada, room, "As Pro").await.is(202);
    }
    host.set_tier(&ada, Tier::Basic).await;
    host.send(&ada, room, "As Basic").await.is_problem(429, "quota_exceeded");
    host.set_tier(&ada, Tier::Pro).await;
    host.send(&ada, room, "As Pro again").await.is(202);
}

#[tokio::test]
async fn what_is_refused_costs_nothing() {
    let host = Host::start().await;
    let [ada, bob] = [host.user().await, host.user().await];
    let [room, bobs] = [host.room(&ada).await, host.room(&bob).await];
    host.send(&ada, room, " ").await.is_problem(422, "validation_failed");
    host.send(&ada, bobs, "Hello?").await.is_problem(404, "not_found");
    let path = format!("/chatroom/{room}/message");
    host.post_with(&ada, &path, None, "{").await.is_problem(400, "invalid_json");
    assert_eq!(host.used(&ada).await, 0);
    assert_eq!(host.send(&ada, room, "Fine").await.is(202).daily(), Some((4, TO_MIDNIGHT)));
    assert!(host.messages(bobs).await.is_empty());
}

#[tokio::test]
async fn every_answer_is_for_its_caller_alone() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let answer = host.send(&ada, room, "Private").await;
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
}
