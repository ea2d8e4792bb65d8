//! The cached list while its owner writes: by another instance, at a table that is slow, or whose
//! answer gets lost.

use std::{
    panic::{AssertUnwindSafe, resume_unwind},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{Method, Request},
};
use futures_util::FutureExt as _;
use jiff::SignedDuration;
use local::{
    testing::{self, Lines},
    valkey::Valkey,
};
use serde_json::{Value, json};
use shared::{
    config::Env,
    domain::{Caller, ChatroomId},
};

use crate::{answer::Answer, client::ask, faults::Faults, host::Host};

/// A host whose lists are cached; none where no server is installed.
async fn host() -> Option<(Host, Valkey)> {
    let (valkey, url) = testing::valkey().await?;
    let env = Env::default().with("VALKEY_URL", url).with("BASIC_REQUESTS_PER_MINUTE", "2");
    Some((Host::start_with(env).await, valkey))
}

/// A test on a host whose lists are cached. Where the machine was too slow for the cache, which has
/// 150 ms, nothing can be told: then it is tried again.
async fn cached(test: impl AsyncFn(&Host)) {
    for left in (0..5).rev() {
        let Some((host, _valkey)) = host().await else { return };
        let (lines, _guard) = Lines::begin(host.clock.clone());
        let outcome = AssertUnwindSafe(test(&host)).catch_unwind().await;
        let Err(panic) = outcome else { return };
        if left == 0 || lines.saying("the cache did not answer").is_empty() {
            resume_unwind(panic);
        }
    }
}

impl Host {
    /// Reads the list; whether it comes from the cache is as expected.
    #[track_caller]
    fn list<'a>(&'a self, caller: &'a Caller, cache: &'a str) -> impl Future<Output = Value> + 'a {
        let place = std::panic::Location::caller();
        async move {
            let list = self.get(caller, "/chatroom").await;
            assert_eq!(list.is(200).header("x-cache"), cache, "{place}");
            list.json()
        }
    }

    /// A request that writes, to be made of another instance.
    fn write(&self, caller: &Caller, what: &Write, room: ChatroomId) -> Request<Body> {
        let (method, path, body) = match what {
            Write::Create => (Method::POST, "/chatroom".to_owned(), json!({ "name": "New" })),
            Write::Change => (Method::PATCH, format!("/chatroom/{room}"), json!({ "name": "New" })),
            Write::Delete => (Method::DELETE, format!("/chatroom/{room}"), Value::Null),
            Write::Send => {
                let content = json!({ "content": "New" });
                (Method::POST, format!("/chatroom/{room}/message"), content)
            }
        };
        let request = self.request(caller, method, &path, None);
        request.body(body.to_string().into()).unwrap()
    }
}

#[derive(Debug)]
enum Write {
    Create,
    Change,
    Delete,
    Send,
}

impl Write {
    const ALL: [Self; 4] = [Self::Create, Self::Change, Self::Delete, Self::Send];

    fn operation(&self) -> &'static str {
        match self {
            Self::Create | Self::Send => "TransactWriteItems",
            Self::Change | Self::Delete => "UpdateItem",
        }
    }
}

/// A user with a room, whose first message of the day is sent: it takes two transactions.
async fn talker(host: &Host) -> (Caller, ChatroomId) {
    let ada = host.user().await;
    let room = host.room(&ada).await;
    host.send(&ada, room, "The first").await.is(202);
    host.after(SignedDuration::from_secs(1));
    (ada, room)
}

/// Another instance of the function, behind faults.
async fn behind_faults(host: &Host) -> (Router, Faults) {
    let faults = Faults::start(host.dynamodb_url()).await;
    (host.instance_with("AWS_ENDPOINT_URL_DYNAMODB", &faults.url).await, faults)
}

#[tokio::test]
async fn what_is_read_while_a_write_is_under_way_is_not_kept() {
    cached(async |host| {
        for what in Write::ALL {
            let (ada, room) = talker(host).await;
            let before = host.list(&ada, "MISS").await;
            host.list(&ada, "HIT").await;
            let (writer, faults) = behind_faults(host).await;
            faults.hold(what.operation());
            let meanwhile = async {
                faults.holds_one().await;
                for _ in 0..2 {
                    assert_eq!(host.list(&ada, "MISS").await, before, "{what:?}");
                }
                faults.release();
            };
            let (answer, ()) = tokio::join!(ask(&writer, host.write(&ada, &what, room)), meanwhile);
            assert!(answer.status.is_success(), "{what:?}: {answer:?}");
            let after = host.list(&ada, "MISS").await;
            assert_ne!(after, before, "{what:?}");
            assert_eq!(host.list(&ada, "HIT").await, after, "{what:?}");
        }
    })
    .await;
}

/// Asks until the list is another one than `before`: each time anew.
async fn changes(host: &Host, ada: &Caller, before: &Value) {
    let changed = async {
        while host.list(ada, "MISS").await == *before {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), changed).await.unwrap();
}

/// 503, and yet it is done: later.
#[tokio::test]
async fn a_write_that_takes_effect_after_its_answer_was_lost_is_seen_at_once() {
    cached(async |host| {
        for what in Write::ALL {
            let (ada, room) = talker(host).await;
            let before = host.list(&ada, "MISS").await;
            let (writer, faults) = behind_faults(host).await;
            faults.hold_unanswered(what.operation());
            let answer = ask(&writer, host.write(&ada, &what, room)).await;
            answer.is_problem(503, "unavailable");
            for _ in 0..2 {
                assert_eq!(host.list(&ada, "MISS").await, before, "{what:?}");
            }
            faults.release();
            changes(host, &ada, &before).await;
        }
    })
    .await;
}

/// So it is as well where the process dies in the middle of it.
#[tokio::test]
async fn a_write_whose_client_goes_away_lets_nothing_be_kept() {
    cached(async |host| {
        for what in Write::ALL {
            let (ada, room) = talker(host).await;
            let before = host.list(&ada, "MISS").await;
            let (writer, faults) = behind_faults(host).await;
            faults.hold(what.operation());
            tokio::select! {
                answer = ask(&writer, host.write(&ada, &what, room)) => panic!("{answer:?}"),
                () = faults.holds_one() => {}
            }
            for _ in 0..2 {
                assert_eq!(host.list(&ada, "MISS").await, before, "{what:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn after_a_write_that_is_refused_the_list_is_kept_again() {
    cached(async |host| {
        let ada = host.user().await;
        let (room, gone) = (host.room(&ada).await, host.room(&ada).await);
        let path = format!("/chatroom/{gone}");
        host.delete(&ada, &path).await.is(204);
        host.after(SignedDuration::from_secs(1));
        let keeps = async |answer: Answer, status: u16| {
            answer.is(status);
            let list = host.list(&ada, "MISS").await;
            assert_eq!(host.list(&ada, "HIT").await, list);
        };
        keeps(host.delete(&ada, &path).await, 404).await;
        keeps(host.patch(&ada, &path, &json!({ "name": "Back" })).await, 404).await;
        keeps(host.send(&ada, gone, "Gone").await, 404).await;
        let elsewhere = host.another_session(&ada);
        host.store.end_session(ada.user_id, elsewhere.session_id).await.unwrap();
        let path = format!("/chatroom/{room}");
        keeps(host.delete(&elsewhere, &path).await, 401).await;
        keeps(host.patch(&elsewhere, &path, &json!({ "name": "Mine" })).await, 401).await;
        keeps(host.send_once(&ada, room, "key", "Once").await, 202).await;
        keeps(host.send(&ada, room, "Too quick").await, 429).await;
        let open = async |name: &str| {
            let body = json!({ "name": name }).to_string();
            host.post_with(&ada, "/chatroom", Some("another"), body).await
        };
        keeps(open("One").await, 201).await;
        keeps(open("One").await, 201).await;
        keeps(open("Another").await, 422).await;
    })
    .await;
}
