//! The event that the function is invoked with.

use jiff::SignedDuration;
use lambda_runtime::{Context, LambdaEvent};
use local::testing;
use reconciler::Event;
use serde_json::json;

use crate::host::{Host, NOBODY, ONE_SYNCED};

#[tokio::test]
async fn the_event_for_sam_local_invoke_is_a_run() {
    let host = Host::start().await;
    host.buyer().await;
    host.pass(SignedDuration::from_hours(1));
    let payload: Event = serde_json::from_value(testing::event("reconciler")).unwrap();
    let event = LambdaEvent::new(payload, Context::default());
    let report = reconciler::handle(&host.reconciler, event).await.unwrap();
    assert_eq!(report, ONE_SYNCED);
    let told = serde_json::to_value(report).unwrap();
    assert_eq!(told, json!({ "synced": 1, "closed": 0, "nothing": 0, "put_off": 0 }));
}

#[tokio::test]
async fn a_run_that_fails_is_an_invocation_that_fails() {
    let host = Host::start().await;
    host.buyer().await;
    host.pass(SignedDuration::from_hours(1));
    let broken = host.reconciler_with("STRIPE_BASE_URL", NOBODY).await;
    let event = LambdaEvent::new(Event::default(), Context::default());
    let error = reconciler::handle(&broken, event).await.unwrap_err();
    let told = lambda_runtime::Diagnostic::from(error);
    assert_eq!(told.error_type, "ReconcileFailed");
    assert_eq!(told.error_message, "nothing was reconciled: all 1 were put off");
}
