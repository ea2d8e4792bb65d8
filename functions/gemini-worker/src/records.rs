//! What SQS's records say: which room, which job, how often delivered. Reading one never fails in a
//! way that takes the batch along.

use aws_lambda_events::event::sqs::SqsMessage;
use shared::{queue::Envelope, trace::TraceHeader};

/// The records by room, each room's in their order.
#[must_use]
pub fn by_group(records: &[SqsMessage]) -> Vec<Vec<&SqsMessage>> {
    let mut groups: Vec<(Option<&String>, Vec<&SqsMessage>)> = Vec::new();
    for record in records {
        let id = record.attributes.get("MessageGroupId");
        match groups.iter_mut().find(|(group, _)| id.is_some() && *group == id) {
            Some((_, group)) => group.push(record),
            None => groups.push((id, vec![record])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// What a record asks for; none if it can't be read.
#[must_use]
pub fn envelope(record: &SqsMessage) -> Option<Envelope> {
    let envelope = record.body.as_deref().and_then(|body| serde_json::from_str(body).ok());
    if envelope.is_none() {
        tracing::error!(sqs.message_id = record.message_id, "a job that can't be read");
    }
    envelope
}

/// The trace of the request that sent it.
#[must_use]
pub fn trace(record: &SqsMessage) -> Option<TraceHeader> {
    record.attributes.get("AWSTraceHeader")?.parse().ok()
}

/// How often SQS has delivered a record, this time included.
#[must_use]
pub fn receives(record: &SqsMessage) -> u32 {
    let count = record.attributes.get("ApproximateReceiveCount");
    count.and_then(|count| count.parse().ok()).unwrap_or(1)
}
