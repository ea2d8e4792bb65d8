//! `parley status`: what the endpoint says, for people and for scripts.

use std::sync::Arc;

use local::operator::{
    Report as _,
    roles::{Grant, Grantable, Who, grant},
    status::status,
};
use reqwest::Method;
use serde_json::{Value, json};
use shared::{aws::Aws, domain::SystemClock};

use crate::world::World;

#[tokio::test]
async fn it_says_what_the_endpoint_says() {
    let world = World::start().await;
    let (env, person) = (world.env().await, world.person().await);
    let who = Grant { who: Who::Id(person.id), role: Grantable::Operator };
    grant(&env, &who, &SystemClock).await.unwrap();
    let body = json!({ "refresh_token": person.refresh_token });
    let (_, pair) = world.api(Method::POST, "/auth/refresh", "", body).await;
    let token = pair["access_token"].as_str().unwrap();

    let (code, mut shown) = world.api(Method::GET, "/admin/status", token, Value::Null).await;
    assert_eq!(code, 200, "{shown}");
    let seen = status(&env, Arc::new(SystemClock)).await.unwrap();
    let mut seen_json = serde_json::to_value(&seen).unwrap();
    for view in [&mut shown, &mut seen_json] {
        assert!(view["checked_at"].take().is_string());
    }
    assert_eq!(seen_json, shown);
    assert_eq!((seen_json["status"].as_str(), seen.exit_code()), (Some("ok"), 0));
}

#[tokio::test]
async fn what_needs_attention_is_marked_and_shows_in_the_exit_code() {
    let world = World::start().await;
    let env = world.env().await;
    let sqs = aws_sdk_sqs::Client::new(&Aws::from_env(&env).unwrap().config("SQS"));
    let letter = sqs.send_message().queue_url(env.get("DEAD_LETTER_QUEUE_URL").unwrap());
    let letter = letter.message_group_id("g").message_deduplication_id("1").message_body("x");
    letter.send().await.unwrap();

    let seen = status(&env, Arc::new(SystemClock)).await.unwrap();
    assert_eq!(seen.exit_code(), 1);
    let text = seen.to_string();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("degraded"));
    let letters = lines.find(|line| line.contains("dead_letter_queue")).unwrap();
    assert!(letters.starts_with("! dead_letter_queue  ok ") && letters.contains("visible 1"));
    assert!(text.contains("\n  tables.users       ok "), "{text}");
    assert!(text.contains("\n  cache              off"), "{text}");
}

#[tokio::test]
async fn a_part_that_cant_be_reached_does_not_hide_the_others() {
    let world = World::start().await;
    let env = world.env().await.with("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:1");
    let seen = status(&env, Arc::new(SystemClock)).await.unwrap();
    assert_eq!(seen.exit_code(), 1);
    let text = seen.to_string();
    assert!(text.contains("\n! queue              unreachable"), "{text}");
    assert!(text.contains("\n  tables.users       ok "), "{text}");
    assert!(!text.contains("127.0.0.1"), "{text}");
}
