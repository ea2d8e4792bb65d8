//! `Idempotency-Key`: a request that is sent again opens nothing more.

use futures_util::future::join_all;
use jiff::SignedDuration;
use local::{
    stripe::{Behaviour, Respond},
    testing::Answer,
};
use shared::{
    domain::{Caller, Ids, text::RoomName},
    http::fingerprint,
    store::{Begun, Claim, FirstAnswer, NewChatroom, Underway},
};

use crate::host::{Host, opened};

#[track_caller]
fn assert_same(one: &Answer, other: &Answer) {
    assert_eq!((one.status, &one.body), (other.status, &other.body));
    for header in ["location", "content-type"] {
        assert_eq!(one.headers[header], other.headers[header]);
    }
}

/// Announces a request, and never answers it.
async fn begin(host: &Host, caller: &Caller, key: &str, body: &str) {
    let request = Underway {
        user: caller.user_id,
        key: key.to_owned(),
        fingerprint: fingerprint(&"POST".parse().unwrap(), "/subscribe/pro", body.as_bytes()),
        attempt: Ids::default().next(host.now()),
    };
    let until = host.now().checked_add(SignedDuration::from_secs(30)).unwrap();
    let begun = host.store.begin_request(&request, host.now(), until).await.unwrap();
    assert!(matches!(begun, Begun::First), "{begun:?}");
}

#[tokio::test]
async fn the_same_key_gives_the_first_answer_for_24_hours() {
    let host = Host::start().await;
    let ada = host.person().await;
    let first = host.subscribe_once(&ada, "a key", "{}").await;
    host.calls();
    for seconds in [0, 3_600, 22 * 3_600, 3_599] {
        host.seconds_pass(seconds);
        assert_same(&first, &host.subscribe_once(&ada, "a key", "{}").await);
    }
    assert_eq!(host.calls(), Vec::<String>::new());
    host.seconds_pass(1);
    // Time decides, not DynamoDB's housekeeping: the key is as new, even for another body.
    let second = host.subscribe_once(&ada, "a key", r#"{"x":1}"#).await;
    assert_ne!(opened(&second), opened(&first));
    assert_same(&second, &host.subscribe_once(&ada, "a key", r#"{"x":1}"#).await);
}

#[tokio::test]
async fn the_first_answer_is_given_again_even_when_it_was_paid() {
    let host = Host::start().await;
    let ada = host.person().await;
    let first = host.subscribe_once(&ada, "a key", "{}").await;
    host.stripe.pay(&opened(&first)).unwrap();
    host.told(&ada).await;
    assert_same(&first, &host.subscribe_once(&ada, "a key", "{}").await);
    host.subscribe_once(&ada, "another", "{}").await.assert_problem(409, "already_pro");
}

#[tokio::test]
async fn a_key_stands_for_one_request_of_one_user() {
    let host = Host::start().await;
    let [ada, bob] = [host.person().await, host.person().await];
    let first = opened(&host.subscribe_once(&ada, "a key", "{}").await);
    let reused = "idempotency_key_reused";
    for body in [r#"{"x":1}"#, "{ }", ""] {
        host.subscribe_once(&ada, "a key", body).await.assert_problem(422, reused);
    }
    assert_ne!(opened(&host.subscribe_once(&bob, "a key", "{}").await), first);
    assert_eq!(host.stripe.sessions().len(), 2);
}

#[tokio::test]
async fn a_key_that_was_used_for_a_chatroom_is_no_key_for_a_checkout() {
    let host = Host::start().await;
    let ada = host.person().await;
    let claim = Claim {
        key: "a key".to_owned(),
        fingerprint: fingerprint(&"POST".parse().unwrap(), "/chatroom", b"{}"),
        answer: FirstAnswer { location: "/chatroom/x".to_owned(), body: "{}".to_owned() },
    };
    let id = Ids::default().next(host.now());
    let room = NewChatroom { id, name: RoomName::default(), claim: Some(claim) };
    host.store.create_chatroom(&ada, &room).await.unwrap();
    let answer = host.subscribe_once(&ada, "a key", "{}").await;
    answer.assert_problem(422, "idempotency_key_reused");
    assert_eq!(host.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn a_request_that_died_is_under_way_for_30_seconds() {
    let host = Host::start().await;
    let ada = host.person().await;
    begin(&host, &ada, "a key", "{}").await;
    host.seconds_pass(29);
    let answer = host.subscribe_once(&ada, "a key", "{}").await;
    answer.assert_problem(409, "request_underway");
    let answer = host.subscribe_once(&ada, "a key", "").await;
    answer.assert_problem(422, "idempotency_key_reused");
    assert_eq!(host.calls(), Vec::<String>::new());
    host.seconds_pass(1);
    let first = host.subscribe_once(&ada, "a key", "{}").await;
    opened(&first);
    assert_same(&first, &host.subscribe_once(&ada, "a key", "{}").await);
}

#[tokio::test]
async fn a_request_that_failed_or_was_refused_leaves_its_key_free() {
    let host = Host::start().await;
    let ada = host.person().await;
    host.stripe.on(Behaviour::new(Respond::status(500)));
    host.subscribe_once(&ada, "a key", "{}").await.assert_problem(503, "unavailable");
    host.stripe.clear_behaviours();
    let session = opened(&host.subscribe_once(&ada, "a key", "{}").await);

    host.stripe.pay(&session).unwrap();
    host.told(&ada).await;
    host.subscribe_once(&ada, "another", "{}").await.assert_problem(409, "already_pro");
    host.stripe.cancel(&host.subscription_of(&ada).await).unwrap();
    host.told(&ada).await;
    host.seconds_pass(60);
    assert_ne!(opened(&host.subscribe_once(&ada, "another", "{}").await), session);
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_requests_with_one_key_are_one_checkout() {
    let host = Host::start().await;
    let ada = host.person().await;
    let answers = join_all((0..20).map(|_| host.subscribe_once(&ada, "a key", "{}"))).await;
    let (first, underway): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.status == 201);
    assert!(!first.is_empty());
    for answer in &first {
        assert_same(first[0], answer);
    }
    for answer in underway {
        answer.assert_problem(409, "request_underway");
    }
    assert_eq!((host.stripe.customers().len(), host.stripe.sessions().len()), (1, 1));
    assert_same(first[0], &host.subscribe_once(&ada, "a key", "{}").await);
}

#[tokio::test]
async fn a_key_has_1_to_255_characters() {
    let host = Host::start().await;
    let ada = host.person().await;
    for (length, status) in [(0, 422), (1, 201), (255, 201), (256, 422)] {
        let answer = host.subscribe_once(&ada, &"k".repeat(length), "{}").await;
        assert_eq!(answer.status, status, "{length}");
    }
}
