//! SQS's event: each record in its room's order, none lost, none twice, and jobs as they were sent.
#![no_main]

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use fuzz::bounded;
use gemini_worker::records::{by_group, envelope, receives, trace};
use libfuzzer_sys::fuzz_target;
use shared::queue::{Envelope, Job};

fuzz_target!(|input: &[u8]| bounded(input, |input| {
    let Ok(SqsEvent { records, .. }) = serde_json::from_slice(input) else { return };
    let groups = by_group(&records);
    assert_eq!(groups.iter().map(Vec::len).sum::<usize>(), records.len());
    for group in &groups {
        assert!(group.iter().all(|record| room(record) == room(group[0])));
        assert!(group.len() == 1 || room(group[0]).is_some());
        // By their places in the batch: in its order, and so none twice.
        assert!(
            group.is_sorted_by(|one, next| std::ptr::from_ref(*one) < std::ptr::from_ref(*next))
        );
    }
    records.iter().for_each(read);
}));

fn room(record: &SqsMessage) -> Option<&String> {
    record.attributes.get("MessageGroupId")
}

fn read(record: &SqsMessage) {
    let _ = receives(record);
    if let Some(trace) = trace(record) {
        assert_eq!(trace.trace_id().len(), 35);
        assert_eq!(
            record.attributes.get("AWSTraceHeader").map(String::as_str),
            Some(trace.as_str())
        );
    }
    if let Some(read) = envelope(record) {
        let sent = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<Envelope>(&sent).unwrap(), read);
        // What an older worker makes of it.
        assert_eq!(serde_json::from_str::<Job>(&sent).unwrap(), read.job);
    }
}
