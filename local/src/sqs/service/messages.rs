//! The actions on messages.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::futures::OwnedNotified,
    time::{Instant, timeout},
};
use uuid::Uuid;

use super::{Sqs, State};
use crate::sqs::{
    attributes::{MAX_DELAY, MAX_MESSAGE_SIZE, MAX_MESSAGES, MAX_VISIBILITY_TIMEOUT, MAX_WAIT},
    checksum,
    error::Error,
    message::{AttributeValue, Message, ReceiptHandle, WRONG_QUEUE_TYPE},
    protocol::{
        Batch, BatchResult, ChangeMessageVisibility, DeleteMessage, Entry, Nothing, OnQueue,
        ReceiveMessage, ReceivedMessage, ReceivedMessages, SendMessage, SentMessage, within,
    },
    queue::{DeadLetter, Delivery, Receive},
};

/// Who sent every message, as far as this SQS knows.
const SENDER_ID: &str = "AIDALOCALDEVELOPMENT0";
/// The only system attribute that a sender can set: the header of AWS X-Ray.
const TRACE_HEADER: &str = "AWSTraceHeader";

/// What a look for messages comes to.
enum Attempt {
    Found(Vec<Delivery>),
    /// Nothing yet. It is worth another look once the queue changed, or `next_timer` from now.
    Nothing {
        changed: OwnedNotified,
        next_timer: Option<Duration>,
        wait: Duration,
    },
}

impl Sqs {
    pub(in crate::sqs) fn send_message(
        &self,
        OnQueue { queue_url, request }: OnQueue<SendMessage>,
    ) -> Result<SentMessage, Error> {
        self.send(&queue_url, request)
    }

    pub(in crate::sqs) fn send_message_batch(
        &self,
        OnQueue { queue_url, request }: OnQueue<Batch<SendMessage>>,
    ) -> Result<BatchResult<SentMessage>, Error> {
        let entries = self.entries(&queue_url, request)?;
        let sent = entries.iter().map(|entry| entry.content.size()).sum();
        if sent > MAX_MESSAGE_SIZE {
            return Err(Error::BatchRequestTooLong { limit: MAX_MESSAGE_SIZE, sent });
        }
        Ok(BatchResult::of(entries, |request| self.send(&queue_url, request)))
    }

    /// Hands out messages. If there are none, waits for some as long as the request or the queue
    /// says (a long poll).
    pub(in crate::sqs) async fn receive_message(
        &self,
        OnQueue { queue_url, request }: OnQueue<ReceiveMessage>,
    ) -> Result<ReceivedMessages, Error> {
        let receive = Receive::try_from(&request)?;
        let wait = within("WaitTimeSeconds", request.wait_time_seconds, &MAX_WAIT)?;
        let started = Instant::now();
        let deliveries = loop {
            match self.look(&queue_url, receive)? {
                Attempt::Found(deliveries) => break deliveries,
                Attempt::Nothing { changed, next_timer, wait: default } => {
                    let wait = wait.map_or(default, |seconds| Duration::from_secs(seconds.into()));
                    let left = wait.saturating_sub(started.elapsed());
                    if left.is_zero() {
                        break Vec::new();
                    }
                    let pause = next_timer.map_or(left, |timer| timer.min(left));
                    // Woken or not, the next look tells.
                    let _ = timeout(pause, changed).await;
                }
            }
        };
        let messages = deliveries.iter().map(|delivery| request.present(delivery)).collect();
        Ok(ReceivedMessages { messages })
    }

    pub(in crate::sqs) fn delete_message(
        &self,
        OnQueue { queue_url, request }: &OnQueue<DeleteMessage>,
    ) -> Result<Nothing, Error> {
        self.delete(queue_url, request)
    }

    pub(in crate::sqs) fn delete_message_batch(
        &self,
        OnQueue { queue_url, request }: OnQueue<Batch<DeleteMessage>>,
    ) -> Result<BatchResult<Nothing>, Error> {
        let entries = self.entries(&queue_url, request)?;
        Ok(BatchResult::of(entries, |request| self.delete(&queue_url, &request)))
    }

    pub(in crate::sqs) fn change_message_visibility(
        &self,
        OnQueue { queue_url, request }: &OnQueue<ChangeMessageVisibility>,
    ) -> Result<Nothing, Error> {
        self.change_visibility(queue_url, request)
    }

    pub(in crate::sqs) fn change_message_visibility_batch(
        &self,
        OnQueue { queue_url, request }: OnQueue<Batch<ChangeMessageVisibility>>,
    ) -> Result<BatchResult<Nothing>, Error> {
        let entries = self.entries(&queue_url, request)?;
        Ok(BatchResult::of(entries, |request| self.change_visibility(&queue_url, &request)))
    }

    fn entries<T>(&self, url: &str, batch: Batch<T>) -> Result<Vec<Entry<T>>, Error> {
        self.lock().at_mut(url)?;
        batch.checked()
    }

    fn send(&self, url: &str, request: SendMessage) -> Result<SentMessage, Error> {
        let delay = within("DelaySeconds", request.delay_seconds, &MAX_DELAY)?;
        let md5_of_message_body = checksum::of_body(&request.message_body);
        let md5_of_message_attributes = checksum::of_attributes(&request.message_attributes);
        let md5_of_message_system_attributes =
            checksum::of_attributes(&request.message_system_attributes);
        let sent = self.change(url, |queue, now| {
            let fifo = queue.attributes.is_fifo();
            if let Some(delay) = delay.filter(|delay| fifo && *delay > 0) {
                return Err(Error::invalid("DelaySeconds", &delay, WRONG_QUEUE_TYPE));
            }
            let message = Message::new(request, &queue.attributes, Uuid::new_v4(), now)?;
            Ok(queue.send(now, message, delay.filter(|_| !fifo)))
        })?;
        Ok(SentMessage {
            message_id: sent.message_id.to_string(),
            md5_of_message_body,
            md5_of_message_attributes,
            md5_of_message_system_attributes,
            sequence_number: sent.sequence_number.map(sequence_number),
        })
    }

    /// One look for messages, which also moves those away that were received too often.
    fn look(&self, url: &str, receive: Receive) -> Result<Attempt, Error> {
        let mut state = self.lock();
        let now = self.clock.now();
        let redrive = state.at_mut(url)?.queue.attributes.redrive_policy.clone();
        let redrive = redrive.filter(|policy| state.queues.contains_key(policy.target()));
        let max_receive_count = redrive.as_ref().map(|policy| policy.max_receive_count);

        let named = state.at_mut(url)?;
        let received = named.queue.receive(now, Receive { max_receive_count, ..receive });
        let nothing = Attempt::Nothing {
            // Made under the lock, so that no change from here on is missed.
            changed: Arc::clone(&named.changed).notified_owned(),
            next_timer: named.queue.next_timer().map(|at| until(now, at)),
            wait: Duration::from_secs(named.queue.attributes.receive_wait_time.into()),
        };
        if let Some(policy) = redrive
            && !received.dead.is_empty()
        {
            state.move_to(policy.target(), now, received.dead);
        }
        let done = !received.messages.is_empty() || state.closed;
        Ok(if done { Attempt::Found(received.messages) } else { nothing })
    }

    fn delete(&self, url: &str, request: &DeleteMessage) -> Result<Nothing, Error> {
        self.change(url, |queue, now| {
            queue.delete(now, receipt(&request.receipt_handle)?)?;
            Ok(Nothing {})
        })
    }

    fn change_visibility(
        &self,
        url: &str,
        request: &ChangeMessageVisibility,
    ) -> Result<Nothing, Error> {
        let name = "VisibilityTimeout";
        let timeout = within(name, request.visibility_timeout, &MAX_VISIBILITY_TIMEOUT)?
            .ok_or(Error::MissingParameter(name))?;
        self.change(url, |queue, now| {
            queue.change_visibility(now, receipt(&request.receipt_handle)?, timeout)?;
            Ok(Nothing {})
        })
    }
}

impl State {
    fn move_to(&mut self, queue_name: &str, now: Timestamp, dead: Vec<DeadLetter>) {
        let Some(target) = self.queues.get_mut(queue_name) else { return };
        tracing::info!(
            queue.name = queue_name,
            messages = dead.len(),
            "SQS moved to the dead-letter queue"
        );
        for letter in dead {
            target.queue.accept(now, letter);
        }
        target.changed.notify_waiters();
    }
}

impl TryFrom<&ReceiveMessage> for Receive {
    type Error = Error;

    fn try_from(request: &ReceiveMessage) -> Result<Self, Error> {
        let max = within("MaxNumberOfMessages", request.max_number_of_messages, &MAX_MESSAGES)?;
        let timeout = request.visibility_timeout;
        Ok(Self {
            max: max.unwrap_or(1) as usize,
            visibility_timeout: within("VisibilityTimeout", timeout, &MAX_VISIBILITY_TIMEOUT)?,
            max_receive_count: None,
        })
    }
}

impl ReceiveMessage {
    /// The message with those attributes that were asked for.
    fn present(&self, delivery: &Delivery) -> ReceivedMessage {
        let message = &delivery.message;
        let mut attributes = system_attributes(delivery);
        let names = [&self.attribute_names, &self.message_system_attribute_names];
        if !names.iter().any(|names| names.contains("All")) {
            attributes.retain(|name, _| names.iter().any(|names| names.contains(*name)));
        }
        let mut message_attributes = message.attributes.clone();
        message_attributes.retain(|name, _| matches(name, &self.message_attribute_names));
        ReceivedMessage {
            message_id: message.id.to_string(),
            receipt_handle: delivery.receipt.to_string(),
            md5_of_body: checksum::of_body(&message.body),
            body: message.body.clone(),
            attributes,
            md5_of_message_attributes: checksum::of_attributes(&message_attributes),
            message_attributes,
        }
    }
}

fn system_attributes(delivery: &Delivery) -> BTreeMap<&'static str, String> {
    let message = &delivery.message;
    let trace_header = message.system_attributes.get(TRACE_HEADER);
    let trace_header = trace_header.and_then(|attribute| match &attribute.value {
        AttributeValue::String(text) => Some(text.clone()),
        AttributeValue::Binary(_) => None,
    });
    let first_received_at = delivery.first_received_at.as_millisecond();
    let all = [
        ("SenderId", Some(SENDER_ID.to_owned())),
        ("SentTimestamp", Some(message.sent_at.as_millisecond().to_string())),
        ("ApproximateReceiveCount", Some(delivery.receive_count.to_string())),
        ("ApproximateFirstReceiveTimestamp", Some(first_received_at.to_string())),
        ("MessageGroupId", message.group_id.clone()),
        ("MessageDeduplicationId", message.deduplication_id.clone()),
        ("SequenceNumber", delivery.sequence_number.map(sequence_number)),
        (TRACE_HEADER, trace_header),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// Whether a message attribute is among the wanted: by name, by a prefix with `.*`, or all.
fn matches(name: &str, wanted: &BTreeSet<String>) -> bool {
    wanted.iter().any(|pattern| {
        pattern == "All"
            || pattern == name
            || pattern.strip_suffix(".*").is_some_and(|prefix| name.starts_with(prefix))
    })
}

/// As SQS writes it: 20 digits, so that the order of the texts is that of the numbers.
fn sequence_number(sequence: u64) -> String {
    format!("{sequence:020}")
}

fn receipt(handle: &str) -> Result<ReceiptHandle, Error> {
    if handle.is_empty() { Err(Error::MissingParameter("ReceiptHandle")) } else { handle.parse() }
}

/// How long it is from `now` to `then`.
fn until(now: Timestamp, then: Timestamp) -> Duration {
    Duration::try_from(now.duration_until(then)).unwrap_or_default()
}
