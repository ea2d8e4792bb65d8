//! How long a request waits for a cache that is slow to connect, hangs, or has gone silently.

use std::time::{Duration, Instant};

use tokio::net::TcpListener;

use crate::{
    iam::{Serverless, TOKEN_OF_NOON, at_noon},
    node::{Node, until},
    setting::{Setting, at},
    tls::Authority,
};

/// Longer than any call may take, shorter than an invalidation waits for a handshake.
const SLOW: Duration = Duration::from_millis(250);

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
    let ended = tokio::time::timeout(Duration::from_secs(1), handshake).await;
    let refused = ended.expect("the client goes on").err().unwrap().to_string();
    assert!(refused.contains("UnknownCA"), "{refused}");
}

#[tokio::test]
async fn an_invalidation_waits_for_the_handshake() {
    let Some(cache) = Serverless::start(SLOW).await else { return };
    cache.expects(TOKEN_OF_NOON).await;
    let setting = Setting::with_clock(&cache.env, at_noon());
    setting.cache.forget_lists(setting.user).await;
    let versions: u32 = cache.node.ask(&["DBSIZE"]).await;
    assert_eq!(versions, 1, "the version has moved");
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
        assert!(!served && first < Duration::from_millis(400), "{first:?}");
        let ((), more) = timed(async {
            for _ in 0..50 {
                assert!(!setting.serves(setting.user).await);
            }
        })
        .await;
        assert!(more < Duration::from_millis(100), "{more:?}");
        let ((), invalidation) = timed(setting.cache.forget_lists(setting.user)).await;
        assert!(invalidation < Duration::from_millis(400), "{invalidation:?}");
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
