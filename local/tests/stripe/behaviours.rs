//! The stand-in does with API calls what it is told.

use std::time::{Duration, Instant};

use local::stripe::{Behaviour, Respond};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{call, create, customer, error_of, get, stand_in, try_call};

#[tokio::test]
async fn a_behaviour_is_for_some_calls_and_some_times() {
    let stand_in = stand_in().await;
    stand_in.on(Behaviour::new(Respond::status(429)).when("GET", "/v1/customers").times(2));
    let customer = customer(&stand_in).await;
    let path = format!("/v1/customers/{customer}");
    for path in [path.as_str(), "/v1/customers"] {
        assert_eq!(call(&stand_in, Method::GET, path, "").await.status(), 429);
    }
    get(&stand_in, &path, "").await;
    stand_in.on(Behaviour::new(Respond::status(503)));
    stand_in.clear_behaviours();
    get(&stand_in, &path, "").await;
}

#[tokio::test]
async fn an_error_has_stripes_shape() {
    let stand_in = stand_in().await;
    let respond = serde_json::from_value(json!({"status": 429, "code": "lock_timeout"})).unwrap();
    stand_in.on(Behaviour::new(respond).times(1));
    let (status, error) =
        error_of(call(&stand_in, Method::POST, "/v1/customers", "name=A").await).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(error["code"], "lock_timeout");
    assert_eq!(error["type"], "invalid_request_error");
    assert!(stand_in.customers().is_empty());
}

#[tokio::test]
async fn an_answer_may_take_its_time_and_what_began_is_finished() {
    let stand_in = stand_in().await;
    stand_in.on(Behaviour::new(Respond::Answer).delay(Duration::from_millis(200)));
    let start = Instant::now();
    create(&stand_in, "/v1/customers", "name=A").await;
    assert!(start.elapsed() >= Duration::from_millis(200));

    let slow = try_call(&stand_in, Method::POST, "/v1/customers", "name=B", None);
    assert!(tokio::time::timeout(Duration::from_millis(100), slow).await.is_err());
    let done = || stand_in.customers().len() == 2;
    crate::support::eventually("waited for the second customer", done).await;
}

#[tokio::test]
async fn a_cut_answer_breaks_in_the_middle() {
    let stand_in = stand_in().await;
    stand_in.on(Behaviour::new(Respond::Cut));
    let answer = call(&stand_in, Method::POST, "/v1/customers", "name=A").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.bytes().await.is_err());
    assert_eq!(stand_in.customers().len(), 1);
}
