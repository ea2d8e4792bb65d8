//! Orders over HTTP: the same as the methods.

use local::stripe::StandIn;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{
    Receiver, call, call_with, customer, eventually, http, id, session, stand_in, subscribed,
};

async fn tell(
    stand_in: &StandIn,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> (StatusCode, Value) {
    let request = http().request(method, format!("{}/control/{path}", stand_in.url()));
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

#[tokio::test]
async fn every_verb_can_be_told_over_http() {
    let stand_in = stand_in().await;
    let customer = customer(&stand_in).await;
    let mut subscriptions = Vec::new();
    for (verbs, sessions_end) in [
        (&["decline", "pay"][..], "complete"),
        (&["pay_later", "payment_arrives"], "complete"),
        (&["pay_later", "payment_fails_later"], "complete"),
        (&["expire"], "expired"),
    ] {
        let session = session(&stand_in, &customer).await;
        for verb in verbs {
            let path = format!("checkout/sessions/{session}/{verb}");
            let (status, change) = tell(&stand_in, Method::POST, &path, None).await;
            assert_eq!(status, StatusCode::OK, "{verb}: {change}");
        }
        let now = stand_in.session(&session).unwrap();
        assert_eq!(now["status"], sessions_end);
        subscriptions.push(now["subscription"].clone());
    }
    let subscription = subscriptions[0].as_str().unwrap();
    for (verb, body, becomes) in [
        ("renew", None, "active"),
        ("fail_payment", None, "past_due"),
        ("require_action", None, "past_due"),
        ("give_up", None, "unpaid"),
        ("recover", None, "active"),
        ("pause", None, "paused"),
        ("resume", None, "active"),
        ("trial", Some(json!({"days": 14})), "trialing"),
        ("change_price", Some(json!({"price": "price_other"})), "trialing"),
        ("cancel_at_period_end", None, "trialing"),
        ("keep", None, "trialing"),
        ("end_period", None, "active"),
        ("cancel", None, "canceled"),
    ] {
        let path = format!("subscriptions/{subscription}/{verb}");
        let (status, change) = tell(&stand_in, Method::POST, &path, body).await;
        assert_eq!(status, StatusCode::OK, "{verb}: {change}");
        assert_eq!(change["object"]["status"], becomes, "{verb}");
        assert!(change["events"][0]["id"].as_str().unwrap().starts_with("evt_"), "{verb}");
        assert!(change["events"][0]["type"].is_string(), "{verb}");
    }
    let path = format!("customers/{customer}/delete");
    assert_eq!(tell(&stand_in, Method::POST, &path, None).await.0, StatusCode::OK);
    let (_, customers) = tell(&stand_in, Method::GET, "customers", None).await;
    assert_eq!(customers[0]["deleted"], true);
}

#[tokio::test]
async fn orders_that_make_no_sense_are_refused() {
    let stand_in = stand_in().await;
    let (_, id) = subscribed(&stand_in).await;
    for (path, body, expected) in [
        (format!("subscriptions/{id}/resume"), None, StatusCode::CONFLICT),
        (format!("subscriptions/{id}/explode"), None, StatusCode::BAD_REQUEST),
        (format!("subscriptions/{id}/trial"), None, StatusCode::BAD_REQUEST),
        (format!("subscriptions/{id}/trial"), Some(json!({"days": -1})), StatusCode::BAD_REQUEST),
        ("subscriptions/sub_nothing/renew".to_owned(), None, StatusCode::NOT_FOUND),
        ("checkout/sessions/cs_test_nothing/pay".to_owned(), None, StatusCode::NOT_FOUND),
        ("customers/cus_nobody/delete".to_owned(), None, StatusCode::NOT_FOUND),
    ] {
        let (status, answer) = tell(&stand_in, Method::POST, &path, body).await;
        assert_eq!(status, expected, "{path}: {answer}");
        assert!(answer["error"].is_string(), "{path}");
    }
}

#[tokio::test]
async fn webhooks_are_steered_and_seen_over_http() {
    let (stand_in, receiver) = (stand_in().await, Receiver::start().await);
    stand_in.deliver_to(&receiver.url);
    let hold = json!({"hold": true, "drop": ["customer.created"]});
    assert_eq!(tell(&stand_in, Method::PUT, "webhooks", Some(hold)).await.0, 204);
    customer(&stand_in).await;
    let moon = json!({"type": "moon.risen", "object": {"id": "moon_1"}});
    let (status, made) = tell(&stand_in, Method::POST, "emit", Some(moon)).await;
    assert_eq!((status, &made["type"]), (StatusCode::CREATED, &json!("moon.risen")));

    let (_, events) = tell(&stand_in, Method::GET, "events", None).await;
    assert_eq!(events[1]["id"], made["id"]);
    assert_eq!(events[1]["object_id"], "moon_1");
    assert_eq!((&events[1]["due"], &events[1]["deliveries"]), (&json!(true), &json!([])));
    let order = json!({"ids": [id(&events[1]), id(&events[0])], "parallel": false});
    let (_, delivered) = tell(&stand_in, Method::POST, "deliver", Some(order)).await;
    assert_eq!(delivered[0]["id"], made["id"]);
    assert_eq!(delivered[0]["answers"][0]["status"], 200);
    assert_eq!(receiver.ids(), [id(&events[1]), id(&events[0])]);

    assert_eq!(tell(&stand_in, Method::PUT, "webhooks", Some(json!({"drop": "all"}))).await.0, 204);
    subscribed(&stand_in).await;
    eventually("waited for the drop", || stand_in.events().iter().all(|event| !event.due)).await;
    assert_eq!(receiver.received().len(), 2);
    let slip = tell(&stand_in, Method::PUT, "webhooks", Some(json!({"held": true}))).await;
    assert_eq!(slip.0, StatusCode::UNPROCESSABLE_ENTITY);
    let nothing = json!({"ids": ["evt_nothing"]});
    assert_eq!(tell(&stand_in, Method::POST, "deliver", Some(nothing)).await.0, 404);
}

#[tokio::test]
async fn calls_are_steered_and_seen_over_http() {
    let stand_in = stand_in().await;
    let fail = json!({"when": {"method": "POST"}, "times": 1, "respond": {"status": 500}});
    assert_eq!(tell(&stand_in, Method::POST, "behaviours", Some(fail.clone())).await.0, 201);
    let first = call_with(&stand_in, Method::POST, "/v1/customers", "name=A", Some("key-1")).await;
    assert_eq!(first.status(), StatusCode::INTERNAL_SERVER_ERROR);
    tell(&stand_in, Method::POST, "behaviours", Some(fail)).await;
    assert_eq!(tell(&stand_in, Method::DELETE, "behaviours", None).await.0, 204);
    call(&stand_in, Method::GET, "/v1/subscriptions", "status=all").await;

    let (_, requests) = tell(&stand_in, Method::GET, "requests", None).await;
    assert_eq!(requests[0]["method"], "POST");
    assert_eq!(requests[0]["path"], "/v1/customers");
    assert_eq!(requests[0]["idempotency_key"], "key-1");
    assert_eq!(requests[0]["form"], json!({"name": "A"}));
    assert_eq!(requests[1]["form"], json!({"status": "all"}));
    assert_eq!(tell(&stand_in, Method::DELETE, "requests", None).await.0, 204);
    assert!(stand_in.requests().is_empty());
}
