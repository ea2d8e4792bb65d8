//! Keys, parameters, errors and lists, as any HTTP client sees them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{call, create, customer, error_of, get, http, stand_in, subscribed};

#[tokio::test]
async fn keys_come_as_bearer_tokens_or_as_users() {
    let stand_in = stand_in().await;
    let status = |authorization: Option<String>| {
        let request = http().get(format!("{}/v1/customers", stand_in.url()));
        let request = match authorization {
            Some(value) => request.header("authorization", value),
            None => request,
        };
        async move { error_of(request.send().await.unwrap()).await }
    };
    let basic = |key: &str| Some(format!("Basic {}", STANDARD.encode(format!("{key}:"))));
    assert_eq!(status(Some("Bearer sk_test_1".to_owned())).await.0, StatusCode::OK);
    assert_eq!(status(basic("sk_test_1")).await.0, StatusCode::OK);
    for bad in [
        None,
        Some("Bearer".to_owned()),
        Some("Bearer pk_test_1".to_owned()),
        Some("Bearer sk_invalid".to_owned()),
        basic("sk_invalid"),
    ] {
        let (status, error) = status(bad).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert_eq!(error["type"], "invalid_request_error");
    }
}

#[tokio::test]
async fn an_error_names_its_parameter() {
    let stand_in = stand_in().await;
    let customer = customer(&stand_in).await;
    let good = format!(
        "mode=subscription&customer={customer}&line_items[0][price]=price_1&success_url=https://a.example/"
    );
    for (form, code, param) in [
        (
            format!("{good}&subscription_data[metdata][a]=1"),
            "parameter_unknown",
            "subscription_data[metdata][a]",
        ),
        (format!("{good}&colour=red"), "parameter_unknown", "colour"),
        (good.replace("mode=subscription&", ""), "parameter_missing", "mode"),
        (good.replace("success_url=https://a.example/", ""), "parameter_missing", "success_url"),
        (
            good.replace("line_items[0][price]=price_1", ""),
            "parameter_missing",
            "line_items[0][price]",
        ),
        (good.replace("https://a.example/", "javascript:1"), "url_invalid", "success_url"),
        (
            format!("{good}&allow_promotion_codes=yes"),
            "parameter_invalid_boolean",
            "allow_promotion_codes",
        ),
        (
            format!("{good}&line_items[0][quantity]=x"),
            "parameter_invalid_integer",
            "line_items[0][quantity]",
        ),
        (
            format!("{good}&line_items[0][quantity]={}", u64::MAX),
            "parameter_invalid_integer",
            "line_items[0][quantity]",
        ),
        (good.replace("=price_1", "=plan_1"), "resource_missing", "line_items[0][price]"),
    ] {
        let answer = call(&stand_in, Method::POST, "/v1/checkout/sessions", &form).await;
        let (status, error) = error_of(answer).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{form}");
        assert_eq!((&error["code"], &error["param"]), (&json!(code), &json!(param)), "{form}");
    }
    assert!(stand_in.sessions().is_empty());
}

#[tokio::test]
async fn unknown_objects_and_addresses_are_not_found() {
    let stand_in = stand_in().await;
    for (method, path, code) in [
        (Method::GET, "/v1/customers/cus_nobody", json!("resource_missing")),
        (Method::DELETE, "/v1/customers/cus_nobody", json!("resource_missing")),
        (Method::GET, "/v1/checkout/sessions/cs_test_nothing", json!("resource_missing")),
        (Method::POST, "/v1/checkout/sessions/cs_test_nothing/expire", json!("resource_missing")),
        (Method::GET, "/v1/subscriptions/sub_nothing", json!("resource_missing")),
        (Method::POST, "/v1/subscriptions/sub_nothing", json!("resource_missing")),
        (Method::DELETE, "/v1/subscriptions/sub_nothing", json!("resource_missing")),
        (Method::GET, "/v1/events/evt_nothing", json!("resource_missing")),
        (Method::GET, "/v1/moons", Value::Null),
        (Method::DELETE, "/v1/events/evt_nothing", Value::Null),
    ] {
        let answer = call(&stand_in, method.clone(), path, "").await;
        let (status, error) = error_of(answer).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}");
        assert_eq!(error["code"], code, "{method} {path}");
    }
}

#[tokio::test]
async fn lists_come_in_pages() {
    let stand_in = stand_in().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.insert(0, customer(&stand_in).await);
    }
    let page = |form: String| {
        let stand_in = &stand_in;
        async move {
            let page = get(stand_in, "/v1/customers", &form).await;
            assert_eq!((&page["object"], &page["url"]), (&json!("list"), &json!("/v1/customers")));
            let data = page["data"].as_array().unwrap().iter();
            let ids: Vec<_> = data.map(|one| one["id"].as_str().unwrap().to_owned()).collect();
            (ids, page["has_more"].as_bool().unwrap())
        }
    };
    assert_eq!(page(String::new()).await, (ids.clone(), false));
    assert_eq!(page("limit=2".to_owned()).await, (ids[..2].to_vec(), true));
    assert_eq!(
        page(format!("limit=2&starting_after={}", ids[1])).await,
        (ids[2..4].to_vec(), true)
    );
    assert_eq!(
        page(format!("limit=2&starting_after={}", ids[3])).await,
        (ids[4..].to_vec(), false)
    );
    assert_eq!(page(format!("limit=2&ending_before={}", ids[3])).await, (ids[1..3].to_vec(), true));
    assert_eq!(page(format!("limit=9&ending_before={}", ids[1])).await, (ids[..1].to_vec(), false));
    for bad in ["limit=0", "limit=101", "starting_after=cus_nobody", "order=asc"] {
        let answer = call(&stand_in, Method::GET, "/v1/customers", bad).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{bad}");
    }
}

#[tokio::test]
async fn metadata_is_merged_and_an_empty_value_removes() {
    let stand_in = stand_in().await;
    let (_, id) = subscribed(&stand_in).await;
    let path = format!("/v1/subscriptions/{id}");
    let changed = create(&stand_in, &path, "metadata[user]=&metadata[team]=blue").await;
    assert_eq!(changed["metadata"], json!({"team": "blue"}));
}

#[tokio::test]
async fn a_subscription_may_be_told_when_to_end() {
    let stand_in = stand_in().await;
    let (_, id) = subscribed(&stand_in).await;
    let path = format!("/v1/subscriptions/{id}");
    let ends = create(&stand_in, &path, "cancel_at=1900000000").await;
    assert_eq!(ends["cancel_at"], 1_900_000_000);
    assert_eq!(ends["cancel_at_period_end"], false);
    assert_eq!(create(&stand_in, &path, "cancel_at=").await["cancel_at"], Value::Null);
    let item = call(&stand_in, Method::POST, &path, "items[0][price]=price_2").await;
    assert_eq!(error_of(item).await.1["param"], "items[0][id]");
}
