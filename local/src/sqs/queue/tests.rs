//! What one queue promises, in time that the tests make up.

mod laws;

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

const HANDLE_EXPIRED: &str = "The receipt handle has expired.";

fn assert_expired(result: &Result<(), Error>) {
    assert!(
        matches!(result, Err(Error::InvalidParameterValue { reason, .. }) if reason == HANDLE_EXPIRED),
        "{result:?}"
    );
}

#[test]
fn one_receive_takes_a_group_in_order_and_then_the_next_group() {
    let mut bench = Bench::fifo();
    for (group, body) in [("a", "a1"), ("b", "b1"), ("a", "a2"), ("b", "b2"), ("a", "a3")] {
        bench.send(group, body);
    }
    assert_eq!(bench.bodies(4), ["a1", "a2", "a3", "b1"]);
}

#[test]
fn a_group_is_locked_until_its_last_message_in_flight_is_deleted() {
    let mut bench = Bench::fifo();
    for body in ["a1", "a2", "a3"] {
        bench.send("a", body);
    }
    bench.send("b", "b1");
    let batch = bench.receive(2);
    assert_eq!(bench.bodies(10), ["b1"]);
    bench.delete(&batch[0]).unwrap();
    assert_eq!(bench.bodies(10), Vec::<String>::new());
    bench.delete(&batch[1]).unwrap();
    assert_eq!(bench.bodies(10), ["a3"]);
}

#[test]
fn a_message_whose_visibility_timeout_ends_is_the_head_of_its_group_again() {
    let mut bench = Bench::fifo();
    for body in ["a1", "a2", "a3"] {
        bench.send("a", body);
    }
    let batch = bench.receive(2);
    bench.hide(&batch[1], 60).unwrap();
    bench.pass(30);
    // The second is still hidden, so the whole group is.
    assert_eq!(bench.depth(), (2, 1, 0));
    assert!(bench.receive(10).is_empty());
    bench.pass(30);
    let again = bench.receive(10);
    let summary: Vec<_> = again.iter().map(|seen| (seen.body.as_str(), seen.count)).collect();
    assert_eq!(summary, [("a1", 2), ("a2", 2), ("a3", 1)]);
}

#[test]
fn a_message_is_hidden_until_the_very_end_of_its_visibility_timeout() {
    let mut bench = Bench::new(false, &[("VisibilityTimeout", "5")]);
    bench.send("", "m");
    bench.receive(1);
    assert_eq!(bench.queue.next_timer(), Some(bench.now + seconds(5)));
    bench.pass(4);
    assert!(bench.receive(1).is_empty());
    bench.pass(1);
    assert_eq!(bench.receive(1)[0].count, 2);
}

#[test]
fn a_receive_can_choose_its_own_visibility_timeout() {
    let mut bench = Bench::fifo();
    bench.send("a", "a1");
    let request = Receive { max: 1, visibility_timeout: Some(0), max_receive_count: None };
    assert_eq!(seen(&bench.queue.receive(bench.now, request)).len(), 1);
    assert_eq!(bench.receive(1)[0].count, 2);
}

#[test]
fn visibility_can_be_given_up_extended_and_not_past_twelve_hours() {
    let mut bench = Bench::fifo();
    bench.send("a", "a1");
    let first = bench.receive(1).remove(0);
    bench.hide(&first, 0).unwrap();
    let second = bench.receive(1).remove(0);
    assert_eq!(bench.hide(&first, 60), Err(Error::MessageNotInflight));
    bench.hide(&second, 43_200).unwrap();
    bench.pass(43_199);
    assert_eq!(bench.depth(), (0, 1, 0));
    assert!(matches!(bench.hide(&second, 2), Err(Error::InvalidParameterValue { .. })));
    bench.hide(&second, 1).unwrap();
    bench.pass(1);
    assert_eq!(bench.hide(&second, 60), Err(Error::MessageNotInflight));
    assert_eq!(bench.depth(), (1, 0, 0));
}

#[test]
fn an_expired_or_stale_receipt_deletes_nothing_from_a_fifo_queue() {
    let mut bench = Bench::fifo();
    bench.send("a", "a1");
    let first = bench.receive(1).remove(0);
    bench.pass(30);
    assert_expired(&bench.delete(&first));
    let second = bench.receive(1).remove(0);
    assert_expired(&bench.delete(&first));
    assert_eq!(bench.depth(), (0, 1, 0));
    bench.delete(&second).unwrap();
    bench.delete(&second).expect("what is gone counts as deleted");
    assert_eq!(bench.depth(), (0, 0, 0));
}

#[test]
fn a_standard_queue_takes_the_latest_receipt_late_and_ignores_a_stale_one() {
    let mut bench = Bench::standard();
    bench.send("", "m");
    let first = bench.receive(1).remove(0);
    bench.pass(30);
    let second = bench.receive(1).remove(0);
    bench.delete(&first).unwrap();
    assert_eq!(bench.depth(), (0, 1, 0));
    bench.pass(30);
    assert_eq!(bench.depth(), (1, 0, 0));
    bench.delete(&second).unwrap();
    assert_eq!(bench.depth(), (0, 0, 0));
}

#[test]
fn the_messages_of_a_standard_queue_do_not_wait_for_each_other() {
    let mut bench = Bench::standard();
    for body in ["1", "2", "3"] {
        let mut message = bench.message("", "", body);
        message.group_id = Some("a tenant of a fair queue".to_owned());
        bench.queue.send(bench.now, message, None);
    }
    assert_eq!(bench.bodies(1), ["1"]);
    assert_eq!(bench.bodies(10), ["2", "3"]);
}

#[test]
fn a_duplicate_is_dropped_for_five_minutes_even_after_the_first_is_gone() {
    let mut bench = Bench::fifo();
    let first = bench.send("a", "same");
    let batch = bench.receive(1);
    bench.delete(&batch[0]).unwrap();
    bench.pass(299);
    assert_eq!(bench.send("a", "same"), first);
    assert_eq!(bench.send("b", "same"), first, "the id counts in the whole queue");
    assert_eq!(bench.depth(), (0, 0, 0));
    bench.pass(1);
    assert_ne!(bench.send("a", "same"), first);
    assert_eq!(bench.depth(), (1, 0, 0));
}

#[test]
fn a_purge_removes_everything_and_no_receipt_outlives_it() {
    let mut bench = Bench::fifo();
    bench.send("a", "a1");
    bench.send("b", "b1");
    let before = bench.receive(1).remove(0);
    bench.queue.purge();
    assert_eq!(bench.depth(), (0, 0, 0));
    assert_eq!(bench.queue.next_timer(), None);
    bench.send("a", "a2");
    bench.delete(&before).unwrap();
    assert_eq!(bench.bodies(10), ["a2"]);
}

#[test]
fn where_ids_count_per_group_the_same_id_in_another_group_is_another_message() {
    let mut bench = Bench::new(true, &[("DeduplicationScope", "messageGroup")]);
    let first = bench.send("a", "same");
    assert_eq!(bench.send("a", "same"), first);
    assert_ne!(bench.send("b", "same"), first);
}

#[test]
fn a_delayed_message_holds_up_its_group_and_no_other() {
    let mut bench = Bench::new(true, &[("DelaySeconds", "10")]);
    bench.send("a", "a1");
    bench.queue.attributes = bench
        .queue
        .attributes
        .with(&BTreeMap::from([("DelaySeconds".to_owned(), "0".to_owned())]))
        .unwrap();
    bench.send("a", "a2");
    bench.send("b", "b1");
    assert_eq!(bench.depth(), (2, 0, 1));
    assert_eq!(bench.bodies(10), ["b1"]);
    bench.pass(10);
    assert_eq!(bench.bodies(10), ["a1", "a2"]);
}

#[test]
fn a_message_has_its_own_delay_in_a_standard_queue() {
    let mut bench = Bench::new(false, &[("DelaySeconds", "10")]);
    let message = bench.message("", "", "later");
    bench.queue.send(bench.now, message, Some(20));
    let message = bench.message("", "", "now");
    bench.queue.send(bench.now, message, Some(0));
    bench.send("", "soon");
    assert_eq!(bench.bodies(10), ["now"]);
    bench.pass(10);
    assert_eq!(bench.bodies(10), ["soon"]);
    bench.pass(10);
    assert_eq!(bench.bodies(10), ["later"]);
}

#[test]
fn a_message_received_too_often_goes_to_the_dead_letter_queue_at_the_next_receive() {
    let mut bench = Bench::fifo();
    let mut dead_letters = Bench::fifo();
    bench.send("a", "a1");
    bench.send("a", "a2");
    let request = Receive { max: 1, visibility_timeout: Some(1), max_receive_count: Some(2) };
    for _ in 0..2 {
        let received = bench.queue.receive(bench.now, request);
        assert_eq!(seen(&received)[0].body, "a1");
        assert!(received.dead.is_empty());
        bench.pass(1);
    }
    let Received { messages, dead } = bench.queue.receive(bench.now, request);
    assert_eq!(messages[0].message.body, "a2", "the group goes on without it");
    for letter in dead {
        dead_letters.queue.accept(bench.now, letter);
    }
    let received = dead_letters.queue.receive(bench.now, request);
    let dead = &received.messages[0];
    assert_eq!((dead.message.body.as_str(), dead.receive_count), ("a1", 3));
    assert_eq!(dead.message.group_id.as_deref(), Some("a"));
    assert_eq!(dead.message.deduplication_id.as_deref(), Some("a1"));
    // The source's receives don't count against the dead-letter queue's own limit.
    assert!(received.dead.is_empty());
}

#[test]
fn without_a_place_to_go_a_message_is_received_for_ever() {
    let mut bench = Bench::fifo();
    bench.send("a", "a1");
    for count in 1..=50 {
        assert_eq!(bench.receive(1)[0].count, count);
        bench.pass(30);
    }
}

#[test]
fn a_message_is_dropped_at_the_end_of_the_retention_period_even_in_flight() {
    let mut bench = Bench::new(true, &[("MessageRetentionPeriod", "60")]);
    bench.send("a", "a1");
    bench.pass(59);
    assert_eq!(bench.receive(1).len(), 1);
    bench.send("a", "a2");
    bench.pass(1);
    assert_eq!(bench.depth(), (1, 0, 0));
    assert_eq!(bench.bodies(10), ["a2"]);
}

#[test]
fn a_receipt_from_another_queue_means_nothing() {
    let (mut bench, mut other) = (Bench::fifo(), Bench::fifo());
    other.sent = 1_000;
    bench.send("a", "a1");
    other.send("a", "a1");
    bench.receive(1);
    let foreign = other.receive(1).remove(0);
    bench.delete(&foreign).unwrap();
    assert_eq!(bench.depth(), (0, 1, 0));
    assert!(matches!(bench.hide(&foreign, 0), Err(Error::InvalidParameterValue { .. })));
}

#[test]
fn ten_thousand_groups_are_received_as_fast_as_one() {
    let mut bench = Bench::fifo();
    for n in 0..10_000 {
        bench.send(&format!("group {n}"), &format!("message {n}"));
    }
    let started = std::time::Instant::now();
    let mut received = 0;
    loop {
        let batch = bench.receive(10);
        if batch.is_empty() {
            break;
        }
        received += batch.len();
        for seen in &batch {
            bench.delete(seen).unwrap();
        }
    }
    assert_eq!(received, 10_000);
    // Some milliseconds; a scan of all messages at each receive would take minutes.
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}
