//! The event source mapping: what Lambda does between SQS and the worker.
//!
//! It polls, hands batches of up to ten to the function, and deletes what the function did not
//! report as failed; what it did report comes again after its visibility timeout.

use std::{sync::Arc, time::Duration};

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use aws_sdk_sqs::{
    Client,
    types::{DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName},
};
use gemini_worker::Worker;
use lambda_runtime::{Context, LambdaEvent};
use shared::domain::{Clock, SystemClock};
use tokio::{
    sync::{Semaphore, watch},
    task::{JoinHandle, JoinSet},
};

/// The most messages of a batch.
pub const BATCH: i32 = 10;
/// The worker's time-out.
pub const FUNCTION_TIMEOUT: Duration = Duration::from_mins(2);

/// How many batches are handled at once: the mapping's `MaximumConcurrency`.
const CONCURRENCY: usize = 64;
const LONG_POLL_SECONDS: i32 = 20;
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(500);

/// A running mapping.
pub(crate) struct Mapping {
    poller: JoinHandle<()>,
}

impl Mapping {
    /// Feeds `worker` from the queue at `url` until `stopping`.
    pub(crate) fn start(
        client: Client,
        url: String,
        worker: Worker,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let feeder = Feeder { client, url, worker };
        Self { poller: tokio::spawn(poll(Arc::new(feeder), stopping)) }
    }

    /// Waits for the batches under way.
    pub(crate) async fn stopped(self) {
        self.poller.await.ok();
    }
}

struct Feeder {
    client: Client,
    url: String,
    worker: Worker,
}

async fn poll(feeder: Arc<Feeder>, mut stopping: watch::Receiver<bool>) {
    let slots = Arc::new(Semaphore::new(CONCURRENCY));
    let mut batches = JoinSet::new();
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        let received = tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => break,
            received = feeder.receive() => received,
        };
        match received {
            Ok(messages) if messages.is_empty() => {}
            Ok(messages) => {
                let feeder = Arc::clone(&feeder);
                batches.spawn(async move {
                    feeder.feed(messages).await;
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!(error, "the queue did not answer");
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
            }
        }
        while batches.try_join_next().is_some() {}
    }
    batches.join_all().await;
}

impl Feeder {
    async fn receive(&self) -> Result<Vec<Message>, String> {
        let answer = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(BATCH)
            .wait_time_seconds(LONG_POLL_SECONDS)
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .customize()
            .config_override(aws_sdk_sqs::config::Config::builder().timeout_config(patient()))
            .send()
            .await;
        Ok(answer.map_err(|error| error.to_string())?.messages.unwrap_or_default())
    }

    /// Hands a batch to the worker and deletes what it has settled.
    async fn feed(&self, messages: Vec<Message>) {
        let mut event = SqsEvent::default();
        event.records = messages.iter().map(record).collect();
        let mut context = Context::default();
        let deadline = SystemClock.now().as_millisecond().max(0).unsigned_abs();
        context.deadline =
            deadline + u64::try_from(FUNCTION_TIMEOUT.as_millis()).unwrap_or_default();
        let handled = self.worker.handle(LambdaEvent::new(event, context));
        let failed = match tokio::time::timeout(FUNCTION_TIMEOUT, handled).await {
            Ok(Ok(response)) => response.batch_item_failures,
            Ok(Err(error)) => return tracing::error!(%error, "the worker failed a whole batch"),
            Err(_) => return tracing::error!("the worker was cut off at its time-out"),
        };
        let is_settled = |message: &&Message| {
            let id = message.message_id.as_deref();
            !failed.iter().any(|failure| Some(failure.item_identifier.as_str()) == id)
        };
        self.delete(messages.iter().filter(is_settled)).await;
    }

    async fn delete(&self, settled: impl Iterator<Item = &Message>) {
        let entries: Result<Vec<_>, _> = settled
            .enumerate()
            .map(|(index, message)| {
                DeleteMessageBatchRequestEntry::builder()
                    .id(index.to_string())
                    .set_receipt_handle(message.receipt_handle.clone())
                    .build()
            })
            .collect();
        let entries = match entries {
            Ok(entries) if !entries.is_empty() => entries,
            _ => return,
        };
        let deleted = self.client.delete_message_batch().queue_url(&self.url);
        if let Err(error) = deleted.set_entries(Some(entries)).send().await {
            // They come again, and the worker finds them settled.
            tracing::warn!(%error, "settled messages were not deleted");
        }
    }
}

/// A long poll takes longer than any other call may.
fn patient() -> aws_sdk_sqs::config::timeout::TimeoutConfig {
    let longest = Duration::from_secs(30);
    aws_sdk_sqs::config::timeout::TimeoutConfig::builder()
        .operation_attempt_timeout(longest)
        .operation_timeout(longest)
        .build()
}

/// A message as Lambda hands it to a function.
fn record(message: &Message) -> SqsMessage {
    let mut record = SqsMessage::default();
    record.message_id.clone_from(&message.message_id);
    record.receipt_handle.clone_from(&message.receipt_handle);
    record.body.clone_from(&message.body);
    record.md5_of_body.clone_from(&message.md5_of_body);
    record.event_source = Some("aws:sqs".to_owned());
    let attributes = message.attributes.iter().flatten();
    record.attributes =
        attributes.map(|(name, value)| (name.as_str().to_owned(), value.clone())).collect();
    record
}
