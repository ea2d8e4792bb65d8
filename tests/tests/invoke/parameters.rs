//! What is given as a parameter of the template reaches the functions.

use local::valkey::Valkey;
use serde_json::{Value, json};
use shared::{config::Env, queue::Job};
use tests::cache_is_expected;

use tests::deployed::{World, event, with_request, with_token};

use crate::emulator::Emulator;

/// A cache, if this machine has one.
async fn cache() -> (Valkey, Option<String>) {
    let tools = concat!(env!("CARGO_MANIFEST_DIR"), "/../.tools/bin");
    let path = format!("{tools}:{}", std::env::var("PATH").unwrap_or_default());
    let valkey = Valkey::start(&Env::default().with("PATH", path)).await.unwrap();
    let url = match &valkey {
        Valkey::Started { url, .. } => Some(url.clone()),
        _ => None,
    };
    assert!(url.is_some() || !cache_is_expected(), "{}", valkey.describe());
    (valkey, url)
}

#[tokio::test]
async fn the_limits_and_the_cache() {
    let (_valkey, url) = cache().await;
    let mut parameters = vec![("BasicDailyMessages", "7"), ("BasicRequestsPerMinute", "33")];
    parameters.extend([("OtpDelivery", "response")]);
    parameters.extend(url.iter().map(|url| ("ValkeyUrl", &**url)));
    let world = World::start_with(&parameters).await;
    let ada = world.person().await;
    let token = world.token(&ada);

    let sent = event("chatroom");
    let room = sent["pathParameters"]["chatroom_id"].as_str().unwrap().parse().unwrap();
    world.room(&ada, room).await;
    let answer = Emulator::of(&world, "chatroom").invoke(&with_token(sent, &token)).await;
    assert_eq!(answer.http().0, 202, "{answer:?}");
    let policy = answer.payload["headers"]["ratelimit-policy"].as_str().unwrap();
    assert!(policy.contains(r#""daily";q=7"#), "{policy}");
    // The minute is counted in the cache.
    assert_eq!(policy.contains(r#""minute";q=33"#), url.is_some(), "{policy}");

    for (function, path) in [("user", "/user/me"), ("subscription", "/subscribe/status")] {
        let asked = with_token(event(function), &token);
        let asked = with_request(asked, "GET", path, &Value::Null);
        let (status, shown) = Emulator::of(&world, function).invoke(&asked).await.http();
        assert_eq!((status, &shown["daily_limit"]), (200, &json!(7)), "{function}: {shown}");
    }
}

#[tokio::test]
async fn the_model() {
    let model = "gemini-3.5-flash-lite";
    let parameters = [("OtpDelivery", "response"), ("GeminiModel", model)];
    let world = World::start_with(&parameters).await;
    let event = event("gemini-worker");
    let job: Job = serde_json::from_str(event["Records"][0]["body"].as_str().unwrap()).unwrap();
    let ada = world.user(job.user_id).await;
    world.room(&ada, job.chatroom_id).await;
    world.ask(&ada, job.chatroom_id, job.message_id).await;
    Emulator::of(&world, "gemini-worker").invoke(&event).await;
    assert_eq!(world.model.requests()[0].model, model);
}

#[tokio::test]
async fn production_has_all_that_sign_in_by_sms_needs() {
    let world = World::start_with(&[
        ("Stage", "production"),
        ("OtpDelivery", "sms"),
        ("SmsOriginationIdentity", "pool/pool-0123456789abcdef"),
        ("SmsProtectConfigurationId", "protect-0123456789abcdef"),
    ])
    .await;
    let functions = world.functions();
    let auth = functions.iter().find(|function| function.name == "auth").unwrap();
    let identity = &auth.environment["SMS_ORIGINATION_IDENTITY"];
    assert_eq!(identity, "arn:aws:sms-voice:eu-central-1:123456789012:pool/pool-0123456789abcdef");
    let keys = with_request(event("auth"), "GET", "/.well-known/jwks.json", &Value::Null);
    let (status, keys) = Emulator::start(&world, auth).invoke(&keys).await.http();
    assert_eq!(status, 200, "{keys}");
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2, "{keys}");

    // And it does not start without a sender.
    let mut without = auth.clone();
    without.environment.remove("SMS_ORIGINATION_IDENTITY");
    let emulator = Emulator::start(&world, &without);
    assert_eq!(emulator.invoke(&event("auth")).await.status, 502);
    assert!(emulator.output().contains("SMS_ORIGINATION_IDENTITY"), "{}", emulator.output());
}
