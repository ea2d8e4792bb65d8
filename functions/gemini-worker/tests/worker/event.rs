//! The event for `sam local invoke`.

use std::{fs, time::Duration};

use aws_lambda_events::event::sqs::SqsEvent;
use shared::queue::Job;

use crate::host::Host;

#[tokio::test]
async fn the_event_for_sam_local_invoke_is_read_and_acknowledged() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/gemini-worker.json");
    let event: SqsEvent = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert!(!event.records.is_empty());
    for record in &event.records {
        let job: Job = serde_json::from_str(record.body.as_ref().unwrap()).unwrap();
        assert_eq!(record.attributes["MessageGroupId"], job.chatroom_id.to_string());
        assert_eq!(record.attributes["MessageDeduplicationId"], job.message_id.to_string());
        assert!(record.message_id.is_some() && record.receipt_handle.is_some());
    }

    // Its rooms are nobody's.
    let host = Host::start().await;
    host.queue.actions();
    let reported = host.handle(&host.worker, event, Duration::from_mins(2)).await;
    assert!(reported.is_empty(), "{reported:?}");
    assert!(host.queue.actions().is_empty());
    assert!(host.model.requests().is_empty());
}
