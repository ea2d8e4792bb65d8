//! `parley keys --put --rotate` and `--activate`.

use axum::{Json, Router, routing::get};
use local::operator::keys;
use serde_json::Value;
use shared::config::Env;
use tokio::net::TcpListener;

use crate::{keys::stack, ssm::Ssm};

const PRIVATE: &str = "/parley-test/jwt-private-key";
const PUBLIC: &str = "/parley-test/jwt-public-keys";
const NEXT: &str = "/parley-test/jwt-private-key-next";

/// A stack with its first keys.
async fn with_keys() -> Ssm {
    let ssm = Ssm::start().await;
    keys::put(&stack(), &ssm.process()).await.unwrap();
    ssm
}

/// The environment of a stack that was deployed with the public keys that `ssm` has now.
async fn deployed(ssm: &Ssm) -> Env {
    let published: Value = serde_json::from_str(&ssm.value(PUBLIC)).unwrap();
    let router =
        Router::new().route("/.well-known/jwks.json", get(async move || Json(published.clone())));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, router).await });
    ssm.process().with("API_URL", url)
}

fn kids(set: &str) -> Vec<String> {
    let set: Value = serde_json::from_str(set).unwrap();
    let keys = set["keys"].as_array().unwrap().iter();
    keys.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn kid_of(private_key: &str) -> String {
    kids(&auth::public_keys_of(private_key).unwrap()).remove(0)
}

#[tokio::test]
async fn the_next_key_is_published_beside_the_present_one_which_still_signs() {
    let ssm = with_keys().await;
    let present = ssm.value(PRIVATE);
    keys::rotate(&stack(), &ssm.process()).await.unwrap();
    assert_eq!(ssm.value(PRIVATE), present);
    assert_eq!((ssm.kind(NEXT), ssm.kind(PUBLIC)), ("SecureString".into(), "String".into()));
    assert_eq!(kids(&ssm.value(PUBLIC)), [kid_of(&ssm.value(NEXT)), kid_of(&present)]);
}

#[tokio::test]
async fn a_rotation_that_is_run_again_goes_on_with_the_same_key() {
    let ssm = with_keys().await;
    keys::rotate(&stack(), &ssm.process()).await.unwrap();
    let before = (ssm.value(NEXT), ssm.value(PUBLIC));
    let stored = keys::rotate(&stack(), &ssm.process()).await.unwrap();
    assert_eq!(stored.kept, [NEXT, PUBLIC]);
    assert_eq!((ssm.value(NEXT), ssm.value(PUBLIC)), before);
}

#[tokio::test]
async fn a_rotation_that_was_given_up_does_not_push_out_the_key_that_signs() {
    let ssm = with_keys().await;
    keys::rotate(&stack(), &ssm.process()).await.unwrap();
    ssm.forget(NEXT);
    keys::rotate(&stack(), &ssm.process()).await.unwrap();
    let signs = kid_of(&ssm.value(PRIVATE));
    assert_eq!(kids(&ssm.value(PUBLIC)), [kid_of(&ssm.value(NEXT)), signs]);
}

#[tokio::test]
async fn no_key_is_rotated_for_a_stack_whose_private_key_is_lost() {
    let ssm = with_keys().await;
    let before = ssm.value(PUBLIC);
    ssm.forget(PRIVATE);
    let refused = keys::rotate(&stack(), &ssm.process()).await.unwrap_err().to_string();
    assert!(refused.contains("/parley-test/jwt-private-key is not there"), "{refused}");
    assert_eq!(ssm.value(PUBLIC), before);
    assert!(!ssm.names().contains(&NEXT.to_owned()));
}

#[tokio::test]
async fn the_next_key_signs_once_the_deployment_publishes_it() {
    let ssm = with_keys().await;
    let before = deployed(&ssm).await;
    let old = ssm.value(PRIVATE);
    keys::rotate(&stack(), &ssm.process()).await.unwrap();
    let next = ssm.value(NEXT);

    let refused = keys::activate(&stack(), &before).await.unwrap_err().to_string();
    assert!(refused.contains("deploy parley-test first"), "{refused}");
    assert_eq!(ssm.value(PRIVATE), old);

    keys::activate(&stack(), &deployed(&ssm).await).await.unwrap();
    assert_eq!((ssm.value(PRIVATE), ssm.kind(PRIVATE)), (next.clone(), "SecureString".into()));
    assert_eq!(kids(&ssm.value(PUBLIC)), [kid_of(&next), kid_of(&old)]);
    assert!(!ssm.names().contains(&NEXT.to_owned()));
}

#[tokio::test]
async fn an_activation_that_broke_off_can_be_run_again() {
    let ssm = with_keys().await;
    keys::rotate(&stack(), &ssm.process()).await.unwrap();
    let (next, env) = (ssm.value(NEXT), deployed(&ssm).await);
    ssm.refuse("DeleteParameter", "InternalServerError");
    assert!(keys::activate(&stack(), &env).await.is_err());
    ssm.relent();
    keys::activate(&stack(), &env).await.unwrap();
    assert_eq!(ssm.value(PRIVATE), next);
    let refused = keys::activate(&stack(), &env).await.unwrap_err().to_string();
    assert!(refused.contains("--rotate"), "{refused}");
}

#[tokio::test]
async fn the_oldest_key_goes_at_the_next_rotation() {
    let ssm = with_keys().await;
    let first = kid_of(&ssm.value(PRIVATE));
    for _ in 0..2 {
        keys::rotate(&stack(), &ssm.process()).await.unwrap();
        keys::activate(&stack(), &deployed(&ssm).await).await.unwrap();
    }
    let published = kids(&ssm.value(PUBLIC));
    assert_eq!(published.len(), 2);
    assert!(!published.contains(&first));
    assert_eq!(published[0], kid_of(&ssm.value(PRIVATE)));
}

#[tokio::test]
async fn there_is_nothing_to_rotate_before_the_first_keys() {
    let ssm = Ssm::start().await;
    let refused = keys::rotate(&stack(), &ssm.process()).await.unwrap_err().to_string();
    assert!(refused.contains("parley keys --put"), "{refused}");
    assert!(ssm.names().is_empty());
}
