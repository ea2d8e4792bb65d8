//! One queue as a pure state machine: what was sent, what is in flight, and what comes next.
//!
//! Nothing here reads a clock or waits: each call is given the present instant, and first lets
//! happen what time has brought about until then.

mod deduplication;
mod entries;
mod groups;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use self::{
    deduplication::Deduplication,
    entries::{Entries, Entry, State},
    groups::Sequence,
};
use super::{
    attributes::{MAX_VISIBILITY_TIMEOUT, QueueAttributes},
    error::Error,
    message::{Message, ReceiptHandle},
};

/// A queue and its messages.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) attributes: QueueAttributes,
    entries: Entries,
    deduplication: Deduplication,
}

/// What a sender learns. A dropped duplicate has the values of the first message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) message_id: Uuid,
    /// Only a FIFO queue tells it.
    pub(super) sequence_number: Option<Sequence>,
}

/// What a receiver asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Receive {
    /// The most messages to return.
    pub(super) max: usize,
    /// In seconds; the queue's own unless given.
    pub(super) visibility_timeout: Option<u32>,
    /// Messages received this often are moved away; `None` where they have nowhere to go.
    pub(super) max_receive_count: Option<u32>,
}

/// What a receive brings about.
#[derive(Debug, Default)]
pub(super) struct Received {
    /// The messages handed out, in order.
    pub(super) messages: Vec<Delivery>,
    /// The messages that left this queue, to be moved to the dead-letter queue.
    pub(super) dead: Vec<DeadLetter>,
}

/// One message, handed out.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) message: Arc<Message>,
    pub(super) receipt: ReceiptHandle,
    /// Only a FIFO queue tells it.
    pub(super) sequence_number: Option<Sequence>,
    pub(super) first_received_at: Timestamp,
    /// Receives across all queues, this one included.
    pub(super) receive_count: u32,
}

/// A message on its way to a dead-letter queue.
#[derive(Debug)]
pub(super) struct DeadLetter(Entry);

/// How many messages a queue holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    /// Messages that can be received, or could if no earlier one of their group were in flight.
    pub visible: usize,
    /// Messages that were received and neither deleted nor given back yet.
    pub in_flight: usize,
    /// Messages whose delay is not over.
    pub delayed: usize,
}

impl Queue {
    /// An empty queue.
    pub(super) fn new(attributes: QueueAttributes) -> Self {
        Self { attributes, entries: Entries::default(), deduplication: Deduplication::default() }
    }

    /// Takes `message`, to be visible after `delay` seconds (the queue's own unless given). A FIFO
    /// queue drops it if it had one with the same deduplication id in the last five minutes.
    pub(super) fn send(&mut self, now: Timestamp, message: Message, delay: Option<u32>) -> Sent {
        self.advance(now);
        let key = self.deduplication_key(&message);
        if let Some(first) = key.as_ref().and_then(|key| self.deduplication.first(key)) {
            return first;
        }
        let message_id = message.id;
        let state = match delay.unwrap_or(self.attributes.delay) {
            0 => State::Visible,
            delay => State::Delayed { until: now + seconds(delay) },
        };
        let group = message.group_id.as_deref().filter(|_| self.attributes.is_fifo());
        let sequence = self.entries.push(Entry {
            group: group.map(Into::into),
            message: Arc::new(message),
            state,
            enqueued_at: now,
            first_received_at: None,
            receives: 0,
            earlier_receives: 0,
        });
        let sequence_number = self.attributes.is_fifo().then_some(sequence);
        let sent = Sent { message_id, sequence_number };
        if let Some(key) = key {
            self.deduplication.remember(now, key, sent);
        }
        sent
    }

    /// Takes what another queue of the same type gave up: a new arrival in its group. Its age starts
    /// anew in a FIFO queue only (developer guide, "Setting-up dead-letter queue retention").
    pub(super) fn accept(&mut self, now: Timestamp, DeadLetter(dead): DeadLetter) {
        self.advance(now);
        self.entries.push(Entry {
            state: State::Visible,
            enqueued_at: if self.attributes.is_fifo() { now } else { dead.enqueued_at },
            earlier_receives: dead.earlier_receives + dead.receives,
            receives: 0,
            ..dead
        });
    }

    /// Hands out up to `request.max` messages: of the group with the oldest message as many as
    /// there are, then of the next.
    pub(super) fn receive(&mut self, now: Timestamp, request: Receive) -> Received {
        self.advance(now);
        let timeout = request.visibility_timeout.unwrap_or(self.attributes.visibility_timeout);
        let until = now + seconds(timeout);
        let mut received = Received::default();
        while received.messages.len() < request.max
            && let Some(group) = self.entries.next_available()
        {
            while received.messages.len() < request.max
                && let Some(sequence) = self.entries.head(&group)
            {
                if self.is_exhausted(sequence, request.max_receive_count) {
                    received.dead.extend(self.entries.remove(sequence).map(DeadLetter));
                } else {
                    let entry = self.entries.hand_out(sequence, now, until);
                    received
                        .messages
                        .extend(entry.map(|entry| Delivery::new(entry, sequence, now)));
                }
            }
        }
        received
    }

    /// Deletes the message that `receipt` holds. One that is gone already counts as deleted.
    ///
    /// A stale receipt, from before a later receive, deletes nothing. In a FIFO queue it is refused,
    /// and so is one whose visibility timeout is over; a standard queue says nothing about it, and
    /// still takes the latest receipt after the timeout (API reference, `DeleteMessage`).
    pub(super) fn delete(&mut self, now: Timestamp, receipt: ReceiptHandle) -> Result<(), Error> {
        self.advance(now);
        let Some(entry) = self.held_by(receipt) else { return Ok(()) };
        let latest = entry.receives == receipt.receive;
        let in_flight = matches!(entry.state, State::InFlight { .. });
        if self.attributes.is_fifo() && !(latest && in_flight) {
            return Err(Error::receipt_handle(&receipt, "The receipt handle has expired."));
        }
        if latest {
            self.entries.remove(receipt.sequence);
        }
        Ok(())
    }

    /// Hides the message that `receipt` holds for `timeout` seconds from now; with 0 it is visible
    /// again at once. Only the latest receipt of a message in flight can do that.
    pub(super) fn change_visibility(
        &mut self,
        now: Timestamp,
        receipt: ReceiptHandle,
        timeout: u32,
    ) -> Result<(), Error> {
        self.advance(now);
        let Some(entry) = self.held_by(receipt) else {
            let reason =
                "Message does not exist or is not available for visibility timeout change.";
            return Err(Error::receipt_handle(&receipt, reason));
        };
        let since = match entry.state {
            State::InFlight { since, .. } if entry.receives == receipt.receive => since,
            _ => return Err(Error::MessageNotInflight),
        };
        let until = now + seconds(timeout);
        if until > since + seconds(*MAX_VISIBILITY_TIMEOUT.end()) {
            let reason =
                "Total VisibilityTimeout for the message is beyond the limit [43200 seconds].";
            return Err(Error::invalid("VisibilityTimeout", &timeout, reason));
        }
        self.entries.set_state(receipt.sequence, State::InFlight { until, since });
        Ok(())
    }

    /// Removes all messages. Their deduplication ids stay known, as they do after a delete.
    pub(super) fn purge(&mut self) {
        self.entries.clear();
    }

    /// How many messages there are.
    pub(super) fn depth(&mut self, now: Timestamp) -> Depth {
        self.advance(now);
        self.entries.depth()
    }

    /// When a message next becomes visible by the passing of time alone.
    pub(super) fn next_timer(&self) -> Option<Timestamp> {
        self.entries.next_timer()
    }

    fn advance(&mut self, now: Timestamp) {
        self.deduplication.forget_old(now);
        self.entries.advance(now, seconds(self.attributes.message_retention_period));
    }

    fn deduplication_key(&self, message: &Message) -> Option<deduplication::Key> {
        let id = message.deduplication_id.clone().filter(|_| self.attributes.is_fifo())?;
        let group = message.group_id.clone().filter(|_| self.attributes.deduplicates_per_group());
        Some((group, id))
    }

    fn is_exhausted(&self, sequence: Sequence, max_receive_count: Option<u32>) -> bool {
        let receives = self.entries.get(sequence).map_or(0, |entry| entry.receives);
        max_receive_count.is_some_and(|max| receives >= max)
    }

    fn held_by(&self, receipt: ReceiptHandle) -> Option<&Entry> {
        self.entries.get(receipt.sequence).filter(|entry| entry.message.id == receipt.message_id)
    }
}

impl Delivery {
    fn new(entry: &Entry, sequence: Sequence, now: Timestamp) -> Self {
        let message = Arc::clone(&entry.message);
        let receipt = ReceiptHandle { sequence, receive: entry.receives, message_id: message.id };
        Self {
            message,
            receipt,
            sequence_number: entry.group.as_ref().map(|_| sequence),
            first_received_at: entry.first_received_at.unwrap_or(now),
            receive_count: entry.earlier_receives + entry.receives,
        }
    }
}

fn seconds(seconds: u32) -> SignedDuration {
    SignedDuration::from_secs(seconds.into())
}
