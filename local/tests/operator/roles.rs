//! `parley grant` and `parley revoke`.

use local::operator::roles::{Grant, Grantable, Revoke, Who, grant, revoke};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::{Role, SystemClock, UserId};

use crate::world::World;

fn operator(who: Who) -> Grant {
    Grant { who, role: Grantable::Operator }
}

#[tokio::test]
async fn a_role_is_granted_by_number_and_taken_away_by_id() {
    let world = World::start().await;
    let (env, person) = (world.env().await, world.person().await);
    let role = async || {
        world.api(Method::GET, "/user/me", &person.token, Value::Null).await.1["role"].take()
    };
    assert_eq!(role().await, Value::Null);

    let who = operator(Who::Number(person.number.clone()));
    let granted = grant(&env, &who, &SystemClock).await.unwrap();
    assert_eq!(
        (granted.user_id, granted.role, granted.changed),
        (person.id, Some(Role::Operator), true)
    );
    assert!(granted.to_string().contains("/auth/refresh"), "{granted}");
    assert!(!granted.to_string().contains(&person.number.as_str()[1..]), "{granted}");
    assert_eq!(role().await, "operator");
    assert!(!grant(&env, &who, &SystemClock).await.unwrap().changed);

    let revoked = revoke(&env, &Revoke { who: Who::Id(person.id) }, &SystemClock).await.unwrap();
    assert_eq!((revoked.role, revoked.changed), (None, true));
    assert_eq!(role().await, Value::Null);
    assert!(
        !revoke(&env, &Revoke { who: Who::Id(person.id) }, &SystemClock).await.unwrap().changed
    );
}

#[tokio::test]
async fn the_next_token_says_it() {
    let world = World::start().await;
    let (env, person) = (world.env().await, world.person().await);
    grant(&env, &operator(Who::Id(person.id)), &SystemClock).await.unwrap();
    let body = json!({ "refresh_token": person.refresh_token });
    let (_, pair) = world.api(Method::POST, "/auth/refresh", "", body).await;
    let claims = |token: &str| {
        let claims = token.split('.').nth(1).unwrap().to_owned();
        let claims = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, claims);
        serde_json::from_slice::<Value>(&claims.unwrap()).unwrap()
    };
    assert_eq!(claims(&person.token)["role"], Value::Null);
    assert_eq!(claims(pair["access_token"].as_str().unwrap())["role"], "operator");
}

#[tokio::test]
async fn nobody_becomes_operator_whose_number_anybody_may_have_typed() {
    let world = World::start().await;
    let env = world.env().await;
    let number = world.sign_up().await;
    let refused = grant(&env, &operator(Who::Number(number.clone())), &SystemClock).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("sign in once with a code"), "{refused}");
    assert!(!refused.contains(&number.as_str()[1..]), "{refused}");
}

#[tokio::test]
async fn whom_nobody_knows_is_said_to_be_unknown() {
    let world = World::start().await;
    let nobody = operator(Who::Id(UserId::from_bytes([7; 16])));
    let refused = grant(&world.env().await, &nobody, &SystemClock).await.unwrap_err().to_string();
    assert!(refused.contains("no such account"), "{refused}");
}
