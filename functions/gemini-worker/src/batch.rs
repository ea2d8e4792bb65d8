//! A batch of SQS records: rooms side by side, one room in order, and a partial batch response.
//!
//! With `ReportBatchItemFailures`, a FIFO batch must stop a group at its first failure and report
//! that record and the rest of its group, or a later message would overtake an earlier one
//! (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>).
//! `tests/tests/protocol/worker.rs` models it.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::{FutureExt, future::join_all};
use lambda_runtime::{Context, Error, LambdaEvent};
use shared::{
    queue::{Envelope, Job},
    trace::TraceHeader,
};
use tracing::{Instrument, Span};

use crate::{
    Worker,
    records::{by_group, envelope, receives, trace},
    reply::Outcome,
    retry,
};

/// What a record needs besides the model's time: its room is read within the 8 s that one call of
/// DynamoDB may take, and what came of it is written by one to three calls, of some milliseconds as a
/// rule. A call of the model that would end later than this before the function is cut off is not
/// begun. If all of it is slow, the function is cut off nevertheless: then the job comes again after
/// the queue's visibility timeout, and no reply is written twice.
pub const MARGIN: Duration = Duration::from_secs(10);

/// A record that was not settled, and when it is to be delivered again.
struct Unsettled<'a> {
    record: &'a SqsMessage,
    wait: Duration,
}

impl Worker {
    /// Handles a batch; what it returns has to be delivered again.
    ///
    /// # Errors
    /// A record has no id, so that it can't be reported: the whole batch is delivered again.
    pub async fn handle(&self, event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Error> {
        let records = event.payload.records;
        if records.iter().any(|record| record.message_id.is_none()) {
            return Err("a record without an id".into());
        }
        let until = Instant::now() + self.remaining(&event.context);
        let groups = by_group(&records);
        let unsettled: Vec<_> =
            join_all(groups.into_iter().map(|group| self.handle_group(group, until)))
                .await
                .into_iter()
                .flatten()
                .collect();
        self.delay(&unsettled).await;
        let mut response = SqsBatchResponse::default();
        response.batch_item_failures = unsettled
            .iter()
            .map(|unsettled| {
                let mut failure = BatchItemFailure::default();
                failure.item_identifier = unsettled.record.message_id.clone().unwrap_or_default();
                failure
            })
            .collect();
        Ok(response)
    }

    /// One room's records, in order, up to the first that has to be tried again. One that can't be
    /// read never will be: nothing of its room waits for it.
    async fn handle_group<'a>(
        &self,
        group: Vec<&'a SqsMessage>,
        until: Instant,
    ) -> Vec<Unsettled<'a>> {
        let mut unsettled = Vec::new();
        for (index, &record) in group.iter().enumerate() {
            let Some(envelope) = envelope(record) else {
                // Delivered again at once, until SQS moves it to the dead-letter queue.
                unsettled.push(Unsettled { record, wait: Duration::ZERO });
                continue;
            };
            let span = span(&envelope, record);
            let handled = self.handle_job(&envelope.job, record, until, index == 0);
            if let Some(wait) = handled.instrument(span).await {
                unsettled.extend(group[index..].iter().map(|&record| Unsettled { record, wait }));
                break;
            }
        }
        unsettled
    }

    /// One job, and before it what was asked in its room earlier and still waits. Returns after what
    /// time it is to be delivered again, unless it is settled.
    async fn handle_job(
        &self,
        job: &Job,
        record: &SqsMessage,
        until: Instant,
        mut is_first: bool,
    ) -> Option<Duration> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if !is_first && left < self.timeout + MARGIN {
                // Begun now, it might be cut off in the middle of the model's answer.
                tracing::info!(ReplyRetries = 1, "put off: no time left");
                return Some(Duration::ZERO);
            }
            match self.settle_one(job, record).await {
                Outcome::Settled => return None,
                Outcome::Again(wait) => return Some(wait),
                Outcome::Earlier => is_first = false,
            }
        }
    }

    async fn settle_one(&self, job: &Job, record: &SqsMessage) -> Outcome {
        let attempt = AssertUnwindSafe(Box::pin(self.reply(job))).catch_unwind();
        match attempt.await {
            Ok(Ok(outcome)) => return outcome,
            Ok(Err(error)) => {
                tracing::error!(ReplyRetries = 1, %error, "put off: the store failed");
            }
            Err(_) => tracing::error!(ReplyRetries = 1, "put off: a panic"),
        }
        Outcome::Again(retry::backoff(receives(record), rand::random()))
    }

    /// The time that this invocation has left.
    fn remaining(&self, context: &Context) -> Duration {
        let now = self.clock.now().as_millisecond().max(0).unsigned_abs();
        Duration::from_millis(context.deadline.saturating_sub(now))
    }

    /// Sets when each record is delivered again. A whole group waits for its first record: as long
    /// as one of them is invisible, SQS hands out none.
    async fn delay(&self, unsettled: &[Unsettled<'_>]) {
        let receipts = unsettled.iter().filter_map(|unsettled| {
            Some((unsettled.record.receipt_handle.as_deref()?, unsettled.wait))
        });
        if let Err(error) = self.queue.delay(receipts).await {
            tracing::warn!(%error, "the queue's own visibility timeout applies instead");
        }
    }
}

/// The fields of every line about this record: those of the request that accepted its message, and
/// the trace that they share.
fn span(envelope: &Envelope, record: &SqsMessage) -> Span {
    let Envelope { job, request_id } = envelope;
    let trace = trace(record);
    tracing::info_span!(
        "reply",
        request_id,
        trace_id = trace.as_ref().map(TraceHeader::trace_id),
        sqs.message_id = record.message_id,
        user_id = %job.user_id,
        chatroom_id = %job.chatroom_id,
        message_id = %job.message_id,
    )
}
