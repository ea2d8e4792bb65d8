//! What a receiver can do with its receipt, and until when.

use super::{Bench, Error, Receive, seconds, seen};

const HANDLE_EXPIRED: &str = "The receipt handle has expired.";

fn assert_expired(result: &Result<(), Error>) {
    assert!(
        matches!(result, Err(Error::InvalidParameterValue { reason, .. }) if reason == HANDLE_EXPIRED),
        "{result:?}"
    );
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
fn a_purge_removes_everything_and_no_receipt_outlives_it() {
    let mut bench = Bench::fifo();
    bench.send("a", "a1");
    let last = bench.send("b", "b1");
    let before = bench.receive(1).remove(0);
    bench.queue.purge();
    assert_eq!(bench.depth(), (0, 0, 0));
    assert_eq!(bench.queue.next_timer(), None);
    let next = bench.send("a", "a2");
    assert!(next.sequence_number > last.sequence_number, "sequence numbers only grow");
    bench.delete(&before).unwrap();
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
