//! What a receive returns, and in which order.

use std::collections::BTreeMap;

use super::{Bench, Receive, Received, seen};

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
