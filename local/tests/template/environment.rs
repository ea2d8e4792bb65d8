//! Environment variables: each function is started with what the template sets, and what it asks for
//! is held against that.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use axum::{Json, Router, routing::post};
use ed25519_dalek::{SigningKey, pkcs8::EncodePrivateKey};
use serde_json::{Value, json};
use shared::{
    config::{Asked, ConfigError, Env},
    domain::SystemClock,
};
use tokio::net::TcpListener;

use crate::stack::{PRODUCTION, PUBLIC_KEYS, Stack};

/// What no template sets.
const SET_BY_NO_TEMPLATE: [(&str, &str); 12] = [
    ("AWS_REGION", "Lambda sets it"),
    ("AWS_ACCESS_KEY_ID", "Lambda sets it"),
    ("AWS_SECRET_ACCESS_KEY", "Lambda sets it"),
    ("AWS_SESSION_TOKEN", "Lambda sets it"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "Lambda sets it"),
    ("AWS_ENDPOINT_URL", "for a rehearsal"),
    ("AWS_CA_BUNDLE", "for tests"),
    ("WEB_CA_BUNDLE", "for tests"),
    ("VALKEY_CLUSTER", "for a cache of one's own; VALKEY_IAM_CACHE implies it"),
    ("ACCESS_TOKEN_SECONDS", "for tests; the default is what is documented"),
    ("REQUEUE_AFTER_SECONDS", "for tests; the default is what the alarms reckon with"),
    ("GIVE_UP_AFTER_SECONDS", "for tests; the default is what the alarms reckon with"),
];

/// What is read together with something else that the function does use.
const READ_IN_PASSING: [(&str, &str, &str); 4] = [
    ("user", "BASIC_REQUESTS_PER_MINUTE", "it only shows the day's limit"),
    ("user", "PRO_REQUESTS_PER_MINUTE", "it only shows the day's limit"),
    ("subscription", "BASIC_REQUESTS_PER_MINUTE", "it only shows the day's limit"),
    ("subscription", "PRO_REQUESTS_PER_MINUTE", "it only shows the day's limit"),
];

/// What `main` reads before there is an [`Env`], and where.
const READ_BY_MAIN: [(&str, &str); 2] =
    [("LOG_LEVEL", "shared::telemetry"), ("METRICS_NAMESPACE", "shared::telemetry")];

#[tokio::test]
async fn what_the_template_sets_is_read() {
    let mut read_by_some: BTreeSet<_> = READ_BY_MAIN.map(|(name, _)| name.to_owned()).into();
    for (function, reads) in all().await {
        let unread: Vec<_> = reads.set.difference(&reads.asked).collect();
        assert!(unread.is_empty(), "{function} is given what it never reads: {unread:?}");
        read_by_some.extend(reads.asked);
    }
    let shared = Stack::production().shared_environment();
    let unread: Vec<_> = shared.keys().filter(|name| !read_by_some.contains(*name)).collect();
    assert!(unread.is_empty(), "in Globals, and read by no function: {unread:?}");
}

#[tokio::test]
async fn what_a_function_reads_the_template_sets() {
    let shared = Stack::production().shared_environment();
    for (function, reads) in all().await {
        let unset = reads.asked.iter().filter(|name| {
            let parameter = format!("{name}_PARAMETER");
            let elsewhere = SET_BY_NO_TEMPLATE.iter().any(|(known, _)| known == name);
            let in_passing = READ_IN_PASSING
                .iter()
                .any(|(reader, known, _)| *reader == function && known == name);
            // The store is told of all tables; which of them a function has is its policy's to say,
            // and the test of policies holds the two together.
            let is_table = name.ends_with("_TABLE");
            // In place of the secret itself the template names where it is.
            let is_secret = reads.set.contains(&parameter);
            let is_set = reads.set.contains(*name) || shared.contains_key(*name);
            !(is_set || elsewhere || in_passing || is_table || is_secret)
        });
        let unset: Vec<_> = unset.collect();
        assert!(unset.is_empty(), "{function} reads what the template does not set: {unset:?}");
    }
}

#[tokio::test]
async fn every_exception_is_one() {
    let all = all().await;
    let asked: BTreeSet<_> = all.values().flat_map(|reads| &reads.asked).collect();
    for (function, name, _) in READ_IN_PASSING {
        let reads = &all[function];
        assert!(reads.asked.contains(name) && !reads.set.contains(name), "{function}: {name}");
    }
    for (name, _) in SET_BY_NO_TEMPLATE {
        assert!(asked.contains(&name.to_owned()), "nobody reads {name} any more");
    }
}

#[test]
fn the_defaults_are_those_of_the_code() {
    let stack = Stack::staging();
    let functions = stack.template().functions();
    let (_, chatroom) = functions.iter().find(|(name, _)| *name == "chatroom").unwrap();
    let deployed = env(stack.environment(chatroom)).limits().unwrap();
    let by_default = Env::default().limits().unwrap();
    assert_eq!(format!("{deployed:?}"), format!("{by_default:?}"));
}

/// What a function asks for, and what it is given of its own, in any of the ways to deploy it.
#[derive(Default)]
pub(crate) struct Reads {
    pub(crate) asked: BTreeSet<String>,
    pub(crate) set: BTreeSet<String>,
}

/// What each function reads.
pub(crate) async fn all() -> BTreeMap<String, Reads> {
    let mut all = BTreeMap::<_, Reads>::new();
    let (private_key, public_keys) = keys();
    let ssm = ssm(private_key).await;
    let keys = [(PUBLIC_KEYS, public_keys.as_str())];
    for stack in [
        Stack::with(&[("OtpDelivery", "response"), ("StripePriceId", "price_1"), keys[0]]),
        Stack::with(&[&PRODUCTION[..], &keys].concat()),
    ] {
        for (function, properties) in stack.template().functions() {
            let asked = Asked::default();
            let environment = stack.environment(properties);
            let own = properties["Environment"]["Variables"].as_object();
            let set = own.into_iter().flat_map(|own| own.keys().cloned());
            let env = env(environment).with("AWS_ENDPOINT_URL_SSM", &ssm).noting(&asked);
            start(function, &env).await.unwrap_or_else(|error| panic!("{function}: {error}"));
            let reads = all.entry(function.to_owned()).or_default();
            reads.asked.extend(asked.names());
            reads.set.extend(set);
        }
    }
    all
}

/// Starts a function, as its `main` does.
async fn start(function: &str, env: &Env) -> Result<(), ConfigError> {
    let clock = Arc::new(SystemClock);
    match function {
        "auth" => auth::State::from_env(env, clock).await.map(drop),
        "user" => user::State::from_env(env, clock).await.map(drop),
        "chatroom" => chatroom::State::from_env(env, clock).await.map(drop),
        "gemini-worker" => gemini_worker::Worker::from_env(env, clock).await.map(drop),
        "sweeper" => sweeper::Sweeper::from_env(env, clock).map(drop),
        "subscription" => subscription::State::from_env(env, clock).await.map(drop),
        "stripe-webhook" => stripe_webhook::State::from_env(env, clock).await.map(drop),
        "reconciler" => reconciler::Reconciler::from_env(env, clock).await.map(drop),
        "admin" => admin::State::from_env(env, clock).map(drop),
        "docs" => Ok(()),
        other => panic!("how does {other} start?"),
    }
}

/// What the template sets, and what Lambda does. Nobody listens where functions connect to.
fn env(variables: BTreeMap<String, String>) -> Env {
    const NOBODY: &str = "http://127.0.0.1:1";
    let env = Env::default()
        .with("AWS_ENDPOINT_URL", NOBODY)
        .with("GEMINI_BASE_URL", NOBODY)
        .with("AWS_REGION", "eu-central-1")
        .with("AWS_ACCESS_KEY_ID", "id")
        .with("AWS_SECRET_ACCESS_KEY", "key");
    variables.into_iter().fold(env, |env, (name, value)| env.with(&name, value))
}

/// A private key, and the JWK set of its public half.
fn keys() -> (String, String) {
    let key = SigningKey::from_bytes(&rand::random());
    let pem = key.to_pkcs8_pem(ed25519_dalek::pkcs8::spki::der::pem::LineEnding::LF).unwrap();
    (pem.to_string(), auth::public_keys_of(&pem).unwrap())
}

/// An SSM with a value for every name.
async fn ssm(private_key: String) -> String {
    let answer = async move |body: String| {
        let input: Value = serde_json::from_str(&body).unwrap();
        let held = input["Names"].as_array().unwrap().iter().map(|name| {
            let value = match name.as_str().unwrap().rsplit('/').next().unwrap() {
                "jwt-private-key" => private_key.as_str(),
                "stripe-webhook-secret" => "whsec_of_this_account",
                _ => "sk_live_or_any_other_32_bytes_of_something",
            };
            json!({ "Name": name, "Value": value })
        });
        Json(json!({ "Parameters": held.collect::<Vec<_>>(), "InvalidParameters": [] }))
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, Router::new().route("/", post(answer))).await });
    url
}
