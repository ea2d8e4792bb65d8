//! The events that the function is invoked with.

use std::fs;

use lambda_runtime::{Context, LambdaEvent};
use sweeper::{Event, Order, Report};

use crate::host::Host;

async fn handle(host: &Host, event: &str) -> Report {
    let payload: Event = serde_json::from_str(event).unwrap();
    sweeper::handle(&host.sweeper, LambdaEvent::new(payload, Context::default())).await.unwrap()
}

#[tokio::test]
async fn the_event_for_sam_local_invoke_is_an_ordinary_run() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/sweeper.json");
    let event = fs::read_to_string(path).unwrap();
    let host = Host::start().await;
    let ada = host.ada().await;
    let room = host.room(&ada).await;
    host.ask(&ada, room).await;
    assert_eq!(handle(&host, &event).await.queued, 0);
    host.seconds_pass(121);
    assert_eq!(handle(&host, &event).await.queued, 1);
}

#[tokio::test]
async fn an_event_can_order_a_recovery() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let room = host.room(&ada).await;
    host.ask(&ada, room).await;
    assert_eq!(handle(&host, r#"{"detail":{"recover":false}}"#).await.queued, 0);
    assert_eq!(handle(&host, r#"{"detail":{"recover":true}}"#).await.queued, 1);
}

#[test]
fn an_event_without_an_order_is_an_ordinary_run() {
    for event in ["{}", r#"{"detail":{}}"#, r#"{"source":"aws.events","detail":{"other":1}}"#] {
        let event: Event = serde_json::from_str(event).unwrap();
        assert_eq!(event.detail, Order::default());
    }
    assert!(!Order::default().recover);
}
