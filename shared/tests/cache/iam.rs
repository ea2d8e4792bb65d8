//! Signing in by IAM, over TLS, to a cluster whose user's password is the token that is expected.

use std::{sync::Arc, time::Duration};

use local::testing::{Lines, ManualClock};
use shared::{config::Env, domain::UserId};
use tokio::sync::watch;

use crate::{
    node::{Node, until},
    setting::{Setting, at, user},
    tls::{Authority, Front},
};

/// Tokens for two moments, signed once by AWS's own Python SDK, as in the unit tests of `cache::iam`.
const NOON: &str = "2026-11-21T12:00:00Z";
pub(crate) const TOKEN_OF_NOON: &str = "parley-cache/?Action=connect&User=parley-app&ResourceType=ServerlessCache\
    &X-Amz-Algorithm=AWS4-HMAC-SHA256\
    &X-Amz-Credential=AKIDEXAMPLE%2F20261121%2Feu-central-1%2Felasticache%2Faws4_request\
    &X-Amz-Date=20261121T120000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host\
    &X-Amz-Signature=c05db11bc57ec28d406ed32c0c6b9a0ba6c3a87f379ce2bb5c510b093daace51";
const ONE: &str = "2026-11-21T13:00:00Z";
const TOKEN_OF_ONE: &str = "parley-cache/?Action=connect&User=parley-app&ResourceType=ServerlessCache\
    &X-Amz-Algorithm=AWS4-HMAC-SHA256\
    &X-Amz-Credential=AKIDEXAMPLE%2F20261121%2Feu-central-1%2Felasticache%2Faws4_request\
    &X-Amz-Date=20261121T130000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host\
    &X-Amz-Signature=839386bab21c57b6790fc7f073336d09220ff3393fffc4a6233585fe6dc9a3b3";

/// What a function's user has to be allowed, and no more.
const RIGHTS: [&str; 17] = [
    "on",
    "resetkeys",
    "~rooms:*",
    "~rate:*",
    "-@all",
    "+get",
    "+hget",
    "+eval",
    "+incr",
    "+expire",
    "+del",
    "+hset",
    "+zadd",
    "+zcount",
    "+zrem",
    "+zremrangebyscore",
    "+time",
];

/// A cache as ElastiCache makes them: a cluster behind TLS, known by the address of all of it.
pub(crate) struct Serverless {
    pub(crate) node: Node,
    pub(crate) env: Env,
    _authority: Authority,
    silence: watch::Sender<()>,
}

impl Serverless {
    /// With a pause before each handshake.
    pub(crate) async fn start(pause: Duration) -> Option<Self> {
        let (authority, front) = (Authority::new(), Front::new().await);
        let port = front.port.to_string();
        let node = Node::cluster_of_one(&[
            "--cluster-announce-hostname",
            "localhost",
            "--cluster-preferred-endpoint-type",
            "hostname",
            "--cluster-announce-port",
            &port,
        ])
        .await?;
        let env = at(&front.url())
            .with("AWS_REGION", "eu-central-1")
            .with("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .with("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
            .with("AWS_CA_BUNDLE", authority.bundle().to_str().unwrap())
            .with("VALKEY_IAM_USER", "parley-app")
            .with("VALKEY_IAM_CACHE", "parley-cache");
        let silence = front.open(&authority, node.port, pause);
        Some(Self { node, env, silence, _authority: authority })
    }

    /// From here on `token` is what signs the user in.
    pub(crate) async fn expects(&self, token: &str) {
        let password = format!(">{token}");
        let cluster = ["+cluster|slots", "+ping", "+client|setinfo", "resetpass", &password];
        let user = ["ACL", "SETUSER", "parley-app"];
        self.node.ask::<()>(&[&user[..], &RIGHTS, &cluster].concat()).await;
    }

    /// Nothing more is heard over the connections that there are.
    pub(crate) fn silence(&self) {
        self.silence.send(()).unwrap();
    }

    /// Whether a write of `user`'s is held.
    pub(crate) async fn is_held(&self, user: UserId) -> bool {
        self.node.ask(&["EXISTS", &format!("rooms:{{{user}}}:writes")]).await
    }

    /// How often somebody has signed in.
    pub(crate) async fn sign_ins(&self) -> u32 {
        let stats: String = self.node.ask(&["INFO", "commandstats"]).await;
        let calls = stats.split("cmdstat_auth:calls=").nth(1);
        calls.map_or(0, |calls| calls.split(',').next().unwrap().parse().unwrap())
    }
}

pub(crate) fn at_noon() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(NOON.parse().unwrap()))
}

#[tokio::test]
async fn the_token_signs_in_over_tls_once_for_each_connection() {
    let Some(cache) = Serverless::start(Duration::ZERO).await else { return };
    cache.expects(TOKEN_OF_NOON).await;
    let setting = Setting::with_clock(&cache.env, at_noon());
    until("it is served", async || setting.serves(setting.user).await).await;
    for n in 0..20 {
        assert!(setting.keeps_and_forgets(user(n)).await);
    }
    let clients: String = cache.node.ask(&["CLIENT", "LIST"]).await;
    assert!(clients.contains("user=parley-app"), "{clients}");
    assert_eq!(cache.sign_ins().await, 1);
}

#[tokio::test]
async fn who_has_to_connect_again_signs_a_new_token() {
    let Some(cache) = Serverless::start(Duration::ZERO).await else { return };
    cache.expects(TOKEN_OF_NOON).await;
    let clock = at_noon();
    let setting = Setting::with_clock(&cache.env, clock.clone());
    until("it is served", async || setting.serves(setting.user).await).await;

    clock.set(ONE.parse().unwrap());
    cache.expects(TOKEN_OF_ONE).await;
    let killed: u32 = cache.node.ask(&["CLIENT", "KILL", "USER", "parley-app"]).await;
    assert_eq!(killed, 1);
    until("it is served again", async || setting.serves(setting.user).await).await;
    assert!(setting.keeps_and_forgets(setting.user).await);
}

#[tokio::test]
async fn a_cache_that_refuses_the_sign_in_is_done_without_until_it_does_not() {
    let Some(cache) = Serverless::start(Duration::ZERO).await else { return };
    cache.expects("another token").await;
    let setting = Setting::with_clock(&cache.env, at_noon());
    for _ in 0..3 {
        let version = setting.miss("50:").await;
        setting.cache.keep_list(setting.user, "50:", version, "[1]").await;
        setting.writes(setting.user).await;
        assert!(!setting.serves(setting.user).await);
    }
    cache.expects(TOKEN_OF_NOON).await;
    until("it is served", async || setting.serves(setting.user).await).await;
}

#[tokio::test]
async fn a_refused_sign_in_is_logged_as_such_and_without_the_token() {
    let Some(cache) = Serverless::start(Duration::ZERO).await else { return };
    cache.expects("another token").await;
    let (lines, _guard) = Lines::begin(at_noon());
    Setting::with_clock(&cache.env, at_noon()).writes(user(1)).await;
    let line = lines.only("the cache did not answer");
    assert_eq!(line["cache.error"], "AuthenticationFailed", "{line}");
    assert!(!lines.text().contains("X-Amz"), "{}", lines.text());
}

#[tokio::test]
async fn a_server_that_no_trusted_authority_knows_is_done_without() {
    let Some(cache) = Serverless::start(Duration::ZERO).await else { return };
    cache.expects(TOKEN_OF_NOON).await;
    let stranger = Authority::new();
    let env = cache.env.clone().with("AWS_CA_BUNDLE", stranger.bundle().to_str().unwrap());
    for env in [env, cache.env.clone().with("AWS_CA_BUNDLE", "")] {
        let setting = Setting::with_clock(&env, at_noon());
        setting.writes(setting.user).await;
        assert!(!setting.serves(setting.user).await);
    }
    assert_eq!(cache.sign_ins().await, 0, "the token went to nobody");
}
