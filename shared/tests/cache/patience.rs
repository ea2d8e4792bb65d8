//! How long a request waits for a cache that is slow to connect, hangs, or has gone silently.

use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};

use crate::{
    iam::{Serverless, TOKEN_OF_NOON, at_noon},
    node::{Node, until},
    setting::{Setting, at, user},
    tls::Authority,
};

/// Longer than any call may take, on a busy machine, too; shorter than connecting may.
const SLOW: Duration = Duration::from_secs(1);
/// Longer than a look-up waits, shorter than an invalidation does.
const BARELY_SLOW: Duration = Duration::from_millis(200);
/// How long an invalidation waits for a handshake.
const PATIENCE: Duration = Duration::from_millis(500);

async fn timed<T>(call: impl Future<Output = T>) -> (T, Duration) {
    let started = Instant::now();
    (call.await, started.elapsed())
}

#[tokio::test]
async fn a_look_up_does_not_wait_for_a_slow_handshake_but_later_ones_profit_from_it() {
    let Some(cache) = Serverless::start(SLOW).await else { return };
    cache.expects(TOKEN_OF_NOON).await;
    let setting = Setting::with_clock(&cache.env, at_noon());
    let (served, took) = timed(setting.serves(setting.user)).await;
    assert!(!served && took < SLOW, "{took:?}");
    until("it signs in, though nobody waits", async || cache.sign_ins().await == 1).await;
    until("it is served", async || setting.serves(setting.user).await).await;
    assert_eq!(cache.sign_ins().await, 1, "by the connection that was begun first");
}

/// To a single server, too. Its authority is not one of the public web's, so the handshake ends with
/// the client's refusal: that it comes is what is shown.
#[tokio::test]
async fn a_handshake_goes_on_while_nobody_waits_for_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("rediss://localhost:{}", listener.local_addr().unwrap().port());
    let setting = Setting::new(&at(&url));
    assert!(!setting.serves(setting.user).await, "nobody has shaken hands yet");
    let (client, _) = listener.accept().await.unwrap();
    let handshake = Authority::new().acceptor().accept(client);
    let ended = tokio::time::timeout(Duration::from_secs(10), handshake).await;
    let refused = ended.expect("the client goes on").err().unwrap().to_string();
    assert!(refused.contains("UnknownCA"), "{refused}");
}

/// An invalidation by a client that was `prepared` is done. Only one that has waited as long as it may
/// is made anew, by another client for another user: a busy machine can use up all of that time.
async fn holds(cache: &Serverless, prepared: impl AsyncFn(&Setting)) {
    for n in 1..=10 {
        let setting = Setting { user: user(n), ..Setting::with_clock(&cache.env, at_noon()) };
        prepared(&setting).await;
        let (_hold, took) = timed(setting.cache.hold_lists(setting.user)).await;
        if cache.is_held(setting.user).await {
            return;
        }
        assert!(took >= PATIENCE, "given up after {took:?}");
    }
    panic!("none of ten was done in time");
}

#[tokio::test]
async fn an_invalidation_waits_for_the_handshake() {
    let Some(cache) = Serverless::start(BARELY_SLOW).await else { return };
    cache.expects(TOKEN_OF_NOON).await;
    holds(&cache, async |_| {}).await;
}

/// As after a thaw: the client of the cluster has to find out, and to connect again.
#[tokio::test]
async fn an_invalidation_waits_for_the_handshake_where_a_connection_was_closed_meanwhile() {
    let Some(cache) = Serverless::start(BARELY_SLOW).await else { return };
    cache.expects(TOKEN_OF_NOON).await;
    let closed = async |setting: &Setting| {
        until("it is served", async || setting.serves(setting.user).await).await;
        let killed: u32 = cache.node.ask(&["CLIENT", "KILL", "USER", "parley-app"]).await;
        assert!(killed >= 1);
    };
    holds(&cache, closed).await;
}

#[tokio::test]
async fn an_invalidation_waits_for_the_handshake_that_a_look_up_has_not_waited_for() {
    let Some(cache) = Serverless::start(BARELY_SLOW).await else { return };
    cache.expects(TOKEN_OF_NOON).await;
    let begun = async |setting: &Setting| assert!(!setting.serves(setting.user).await);
    holds(&cache, begun).await;
}

/// One may wait for a handshake, and then none for a second.
#[tokio::test]
async fn invalidations_do_not_all_wait_for_the_handshake_of_a_server_that_hangs() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("rediss://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let setting = Setting::new(&at(&url));
    let ((), took) = timed(async {
        for _ in 0..10 {
            drop(setting.cache.hold_lists(setting.user).await);
        }
    })
    .await;
    assert!(took < Duration::from_secs(4), "{took:?}, where all would take 5 s");
}

/// An attempt that was frozen in the middle ends badly once it goes on: the call that waits for it
/// has another one.
#[tokio::test]
async fn an_attempt_from_before_a_call_that_fails_is_made_anew_within_the_call() {
    let Some(server) = Node::start(&[]).await else { return };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let setting = Setting::new(&at(&url));
    assert!(!setting.serves(setting.user).await, "nobody answers yet");
    let (frozen, _) = listener.accept().await.unwrap();
    let port = server.port;
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await?;
        let mut server = TcpStream::connect(("127.0.0.1", port)).await?;
        tokio::io::copy_bidirectional(&mut client, &mut server).await
    });
    let mut invalidation = std::pin::pin!(setting.cache.hold_lists(setting.user));
    assert!(futures_util::poll!(&mut invalidation).is_pending(), "it waits for the old attempt");
    drop(frozen);
    let _hold = invalidation.await;
    let keys: u32 = server.ask(&["DBSIZE"]).await;
    assert_eq!(keys, 2, "the version has moved, and the write is held");
}

#[tokio::test]
async fn a_server_that_hangs_costs_one_request_in_a_second_its_bound() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let single = at(&format!("redis://127.0.0.1:{port}"));
    let secure = at(&format!("rediss://127.0.0.1:{port}"));
    let cluster = single.clone().with("VALKEY_CLUSTER", "true");
    for env in [single, secure, cluster] {
        let setting = Setting::new(&env);
        let (served, first) = timed(setting.serves(setting.user)).await;
        assert!(!served && first < SLOW, "{first:?}");
        let ((), more) = timed(async {
            for _ in 0..50 {
                assert!(!setting.serves(setting.user).await);
            }
        })
        .await;
        assert!(more < SLOW, "{more:?}, where all would take 7 s");
        let (_hold, invalidation) = timed(setting.cache.hold_lists(setting.user)).await;
        assert!(invalidation < SLOW, "{invalidation:?}");
    }
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_made_again_within_the_call() {
    let Some(server) = Node::start(&[]).await else { return };
    let setting = Setting::new(&at(&server.url()));
    for count in 1..=3 {
        assert_eq!(setting.cache.count_send(setting.user, 1).await, Some(count));
        let killed: u32 = server.ask(&["CLIENT", "KILL", "TYPE", "normal"]).await;
        assert!(killed >= 1);
    }
}

#[tokio::test]
async fn a_server_that_was_away_is_found_again() {
    let Some(mut server) = Node::start(&[]).await else { return };
    let setting = Setting::new(&at(&server.url()));
    for _ in 0..2 {
        assert!(setting.serves(setting.user).await);
        server.kill().await;
        assert!(!setting.serves(setting.user).await);
        server.come_back().await;
        until("it is served again", async || setting.serves(setting.user).await).await;
    }
}

#[tokio::test]
async fn a_connection_that_went_silently_is_replaced() {
    let Some(cache) = Serverless::start(Duration::ZERO).await else { return };
    cache.expects(TOKEN_OF_NOON).await;
    let setting = Setting::with_clock(&cache.env, at_noon());
    until("it is served", async || setting.serves(setting.user).await).await;
    cache.silence();
    assert!(!setting.serves(setting.user).await);
    until("it is served again", async || setting.serves(setting.user).await).await;
    assert_eq!(cache.sign_ins().await, 2);
}
