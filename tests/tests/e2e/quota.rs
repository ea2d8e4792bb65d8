//! The daily quota and the rate: what a tier may use, to the unit.

use std::time::Duration;

use futures_util::future::join_all;
use tests::{
    Behaviour, Parley, Respond, Response, User, cache_is_expected, clear_of_midnight,
    is_midnight_in, rate_limit,
};

fn with_status(answers: &[Response], status: u16) -> Vec<&Response> {
    answers.iter().filter(|answer| answer.status() == status).collect()
}

/// Fifty sends at once; the ids of those that were accepted.
async fn fifty_at_once(user: &User, room: &str) -> Vec<String> {
    let contents: Vec<_> = (0..50).map(|nth| format!("Question number {nth}")).collect();
    let answers = join_all(contents.iter().map(|content| user.send(room, content))).await;
    let accepted = with_status(&answers, 202);
    assert_eq!(accepted.len(), 5, "not five of fifty were accepted");
    assert_eq!(with_status(&answers, 429).len(), 45, "the others were not all refused");
    accepted.iter().map(|answer| answer.string("id")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_parallel_messages_of_a_basic_user_five_are_accepted_and_answered() {
    clear_of_midnight().await;
    let parley = Parley::start().await;
    for _ in 0..20 {
        let user = parley.user().await;
        let room = user.create_room("A race").await;
        let accepted = fifty_at_once(&user, &room).await;
        for id in &accepted {
            user.wait_for_reply(&room, id).await;
        }
        let messages = user.messages(&room).await;
        assert_eq!(messages.len(), 10, "{messages:?}");
        assert_eq!(user.daily_message_count().await, 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quota_is_the_users_and_not_the_rooms() {
    clear_of_midnight().await;
    let parley = Parley::start().await;
    let user = parley.user().await;
    let rooms = join_all((0..10).map(|_| user.create_room("One of ten"))).await;
    let answers = join_all(rooms.iter().map(|room| user.send(room, "A question"))).await;
    assert_eq!(with_status(&answers, 202).len(), 5);
    assert_eq!(with_status(&answers, 429).len(), 5);
    // Somebody else has one of their own.
    let other = parley.user().await;
    let room = other.create_room("Another's").await;
    other.ask(&room, "A question").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_says_what_is_left() {
    clear_of_midnight().await;
    let parley = Parley::start().await;
    let user = parley.user().await;
    let room = user.create_room("Counting down").await;
    for left in [4, 3, 2, 1, 0, 0] {
        let answer = user.send(&room, "One more").await;
        let policies = rate_limit::items(&answer, "ratelimit-policy");
        let daily = policies.values().find(|policy| policy["w"] == 86_400).unwrap();
        assert_eq!(daily["q"], 5, "{answer}");
        let (remaining, resets_in) = rate_limit::daily(&answer);
        assert_eq!(remaining, left, "{answer}");
        assert!(is_midnight_in(resets_in), "{answer}");
    }
    // A room that is not there is charged for nothing, and a refusal says what is left as well.
    let refused = user.send("01ARZ3NDEKTSV4RRFFQ69G5FAV", "Hello?").await.expect(404);
    let blank = user.send(&room, " ").await.expect(422);
    for answer in [refused, blank] {
        if answer.try_header("ratelimit").is_some() {
            assert_eq!(rate_limit::daily(&answer).0, 0, "{answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_failed_gives_its_unit_back() {
    clear_of_midnight().await;
    let Some(parley) = Parley::builder().start().await else { return };
    // Long enough to look around meanwhile, however slow the host is.
    let late = Duration::from_secs(3);
    parley.model().on(Behaviour::new(Respond::Block).when("blocked").delay(late));
    let user = parley.user().await;
    let room = user.create_room("Units").await;
    for nth in 1..=4 {
        user.ask(&room, &format!("Question number {nth}")).await;
    }
    for _ in 0..3 {
        let question = user.ask(&room, "This one is blocked").await;
        assert_eq!(user.daily_message_count().await, 5);
        user.send(&room, "One too many").await.is(429);
        user.wait_for_reply(&room, &question).await;
        assert_eq!(user.daily_message_count().await, 4);
    }
    user.ask(&room, "The fifth that counts").await;
    user.send(&room, "One too many").await.is(429);
    parley.assert_drained(&[&user]).await;
    assert_eq!(user.daily_message_count().await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_is_configurable_and_zero_is_none() {
    clear_of_midnight().await;
    for (limit, sends) in [("2", 2), ("0", 12)] {
        let builder = Parley::builder().env("BASIC_DAILY_MESSAGES", limit);
        let Some(parley) = builder.start().await else { return };
        let user = parley.user().await;
        let me = user.get("/user/me").await.expect(200);
        let shown = if limit == "0" { serde_json::Value::Null } else { 2.into() };
        assert_eq!(me.json()["daily_limit"], shown, "{me}");
        let room = user.create_room("Limited").await;
        for nth in 0..sends {
            user.ask(&room, &format!("Question number {nth}")).await;
        }
        if limit != "0" {
            user.send(&room, "One too many").await.is(429);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_users_rate_is_no_other_users_and_costs_no_unit() {
    let builder = Parley::builder().without_quota().env("BASIC_REQUESTS_PER_MINUTE", "10");
    let Some(parley) = builder.start().await else { return };
    if !cache_is_expected() {
        eprintln!("left out: there is no cache server on this machine");
        return;
    }
    let user = parley.user().await;
    let room = user.create_room("Hasty").await;
    let contents: Vec<_> = (0..40).map(|nth| format!("Question number {nth}")).collect();
    let answers = join_all(contents.iter().map(|content| user.send(&room, content))).await;
    let refused = with_status(&answers, 429);
    // A window may end on the way, and requests of other kinds may count as well.
    assert!(refused.len() >= 20, "{} of 40 were refused", refused.len());
    assert_eq!(refused.len() + with_status(&answers, 202).len(), 40);
    for answer in &refused {
        assert!(answer.retry_after() <= 60, "{answer}");
        assert_ne!(
            answer.json()["type"],
            "https://iana.org/assignments/http-problem-types#quota-exceeded",
            "a rate is no quota: {answer}"
        );
    }

    let other = parley.user().await;
    let room = other.create_room("Calm").await;
    other.ask(&room, "May I?").await;
    let accepted = i64::try_from(with_status(&answers, 202).len()).unwrap();
    let me = parley.get("/user/me").token(&user.token).await;
    if me.status() == 200 {
        assert_eq!(me.json()["daily_message_count"], accepted, "{me}");
    }
}
