//! What one queue promises, in time that the tests make up.

mod deliveries;
mod laws;
mod receipts;

use std::collections::BTreeMap;

use super::*;

/// A queue in its own time.
struct Bench {
    queue: Queue,
    now: Timestamp,
    sent: u128,
}

/// A message as a receiver sees it.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    body: String,
    count: u32,
    receipt: ReceiptHandle,
}

impl Bench {
    fn new(fifo: bool, attributes: &[(&str, &str)]) -> Self {
        let changes = attributes.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        let attributes =
            QueueAttributes::defaults(fifo).with(&changes.collect::<BTreeMap<_, _>>()).unwrap();
        Self { queue: Queue::new(attributes), now: Timestamp::UNIX_EPOCH, sent: 0 }
    }

    fn fifo() -> Self {
        Self::new(true, &[])
    }

    fn standard() -> Self {
        Self::new(false, &[])
    }

    fn pass(&mut self, secs: u32) {
        self.now += seconds(secs);
    }

    fn message(&mut self, group: &str, deduplication_id: &str, body: &str) -> Message {
        self.sent += 1;
        let fifo = self.queue.attributes.is_fifo();
        Message {
            id: Uuid::from_u128(self.sent),
            body: body.to_owned(),
            attributes: BTreeMap::new(),
            system_attributes: BTreeMap::new(),
            group_id: fifo.then(|| group.to_owned()),
            deduplication_id: fifo.then(|| deduplication_id.to_owned()),
            sent_at: self.now,
        }
    }

    /// Sends `body` to `group`, with the body as deduplication id.
    fn send(&mut self, group: &str, body: &str) -> Sent {
        let message = self.message(group, body, body);
        self.queue.send(self.now, message, None)
    }

    fn receive(&mut self, max: usize) -> Vec<Seen> {
        let request = Receive { max, visibility_timeout: None, max_receive_count: None };
        seen(&self.queue.receive(self.now, request))
    }

    fn bodies(&mut self, max: usize) -> Vec<String> {
        self.receive(max).into_iter().map(|seen| seen.body).collect()
    }

    fn delete(&mut self, seen: &Seen) -> Result<(), Error> {
        self.queue.delete(self.now, seen.receipt)
    }

    fn hide(&mut self, seen: &Seen, timeout: u32) -> Result<(), Error> {
        self.queue.change_visibility(self.now, seen.receipt, timeout)
    }

    fn depth(&mut self) -> (usize, usize, usize) {
        let Depth { visible, in_flight, delayed } = self.queue.depth(self.now);
        (visible, in_flight, delayed)
    }
}

fn seen(received: &Received) -> Vec<Seen> {
    let seen = |delivery: &Delivery| Seen {
        body: delivery.message.body.clone(),
        count: delivery.receive_count,
        receipt: delivery.receipt,
    };
    received.messages.iter().map(seen).collect()
}
