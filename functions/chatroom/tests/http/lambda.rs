//! The way through `lambda_http`: an event of API Gateway in, its answer out.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use local::testing;
use serde_json::{Value, json};

use crate::host::Host;

/// The event for another path.
fn event_at(path: &str) -> Value {
    let mut event = testing::event("chatroom");
    event["rawPath"] = path.into();
    event["requestContext"]["http"]["path"] = path.into();
    event
}

/// What API Gateway is told.
async fn answer(host: &Host, event: Value) -> Value {
    testing::invoke(host.router.clone(), event).await
}

#[tokio::test]
async fn the_event_for_sam_local_invoke_is_refused_without_a_token_and_room_of_its_own() {
    let host = Host::start().await;
    let ada = host.user().await;
    let mut event = testing::event("chatroom");
    assert_eq!(event["version"], "2.0", "an event of an HTTP API");

    let refused = answer(&host, event.clone()).await;
    assert_eq!(refused["statusCode"], 401);
    assert_eq!(refused["headers"]["x-request-id"], event["requestContext"]["requestId"]);

    event["headers"]["authorization"] = format!("Bearer {}", host.token(&ada)).into();
    let refused = answer(&host, event).await;
    assert_eq!(refused["statusCode"], 404);
    let problem: Value = serde_json::from_str(refused["body"].as_str().unwrap()).unwrap();
    assert_eq!(problem["code"], "not_found");
}

#[tokio::test]
async fn a_message_is_sent_through_api_gateway() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let mut event = event_at(&format!("/chatroom/{room}/message"));
    event["headers"]["authorization"] = format!("Bearer {}", host.token(&ada)).into();

    let accepted = answer(&host, event.clone()).await;

    assert_eq!(accepted["statusCode"], 202, "{accepted}");
    assert_eq!(accepted["isBase64Encoded"], false);
    let body: Value = serde_json::from_str(accepted["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["content"], "Which moons of Jupiter did Galileo see first?");
    let location = accepted["headers"]["location"].as_str().unwrap();
    assert_eq!(location, format!("/chatroom/{room}/messages/{}", body["id"].as_str().unwrap()));
    assert_eq!(accepted["headers"]["ratelimit"], "\"daily\";r=4;t=50400");

    // The event has an idempotency key.
    let again = answer(&host, event.clone()).await;
    assert_eq!(again["body"], accepted["body"]);
    // Lambda may hand a body over in base64.
    event["headers"]["idempotency-key"] = "another".into();
    event["body"] = STANDARD.encode(event["body"].as_str().unwrap()).into();
    event["isBase64Encoded"] = true.into();
    assert_eq!(answer(&host, event).await["statusCode"], 202);
    assert_eq!(host.messages(room).await.len(), 2);
}

#[tokio::test]
async fn a_query_comes_through_api_gateway() {
    let host = Host::start().await;
    let ada = host.user().await;
    let [first, second] = [host.room(&ada).await, host.room(&ada).await];
    let mut event = event_at("/chatroom");
    event["requestContext"]["http"]["method"] = "GET".into();
    event["headers"]["authorization"] = format!("Bearer {}", host.token(&ada)).into();
    event.as_object_mut().unwrap().remove("body");
    let mut page = async |query: &str| {
        let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap());
        let pairs = pairs.map(|(name, value)| (name.to_owned(), json!(value)));
        event["rawQueryString"] = query.into();
        event["queryStringParameters"] = Value::Object(pairs.collect());
        let page = answer(&host, event.clone()).await;
        assert_eq!(page["statusCode"], 200, "{page}");
        let rooms: Value = serde_json::from_str(page["body"].as_str().unwrap()).unwrap();
        let link = page["headers"]["link"].as_str().map(str::to_owned);
        (rooms[0]["id"].as_str().unwrap().to_owned(), link)
    };
    let (latest, link) = page("limit=1").await;
    assert_eq!(latest, second.to_string());
    let link = link.unwrap();
    let query = link.split_once('?').unwrap().1.split_once('>').unwrap().0;
    assert_eq!(page(query).await, (first.to_string(), None));
}
