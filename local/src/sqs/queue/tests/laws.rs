//! What holds for any sequence of calls, checked against a naive model of a queue.

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*};

use super::{Bench, Seen};

/// Something that happens to a queue.
#[derive(Debug, Clone)]
enum Step {
    Send {
        group: u8,
    },
    /// Sends a message again that was sent before.
    Resend {
        which: usize,
    },
    Receive {
        max: usize,
    },
    /// Deletes with a receipt that was given out at some time, stale or not.
    Delete {
        which: usize,
    },
    Hide {
        which: usize,
        timeout: u32,
    },
    Pass {
        secs: u32,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let which = 0..1_000_usize;
    prop_oneof![
        4 => (0..4_u8).prop_map(|group| Step::Send { group }),
        1 => which.clone().prop_map(|which| Step::Resend { which }),
        4 => (1..=10_usize).prop_map(|max| Step::Receive { max }),
        4 => which.clone().prop_map(|which| Step::Delete { which }),
        2 => (which, 0..60_u32).prop_map(|(which, timeout)| Step::Hide { which, timeout }),
        2 => (0..40_u32).prop_map(|secs| Step::Pass { secs }),
    ]
}

/// A message as the model knows it.
#[derive(Debug)]
struct Known {
    group: String,
    body: String,
    sent_at: i64,
    deleted: bool,
    receives: u32,
    /// Hidden until then, in seconds.
    hidden_until: Option<i64>,
}

/// A queue and the model of it.
struct Checked {
    bench: Bench,
    fifo: bool,
    known: Vec<Known>,
    /// Every receipt ever given out, with the message it was for.
    receipts: Vec<(usize, Seen)>,
}

impl Checked {
    fn new(fifo: bool) -> Self {
        let bench = if fifo { Bench::fifo() } else { Bench::standard() };
        Self { bench, fifo, known: Vec::new(), receipts: Vec::new() }
    }

    fn now(&self) -> i64 {
        self.bench.now.as_second()
    }

    fn is_hidden(&self, message: &Known) -> bool {
        message.hidden_until.is_some_and(|until| until > self.now())
    }

    fn is_locked(&self, group: &str) -> bool {
        self.known.iter().any(|m| !m.deleted && m.group == group && self.is_hidden(m))
    }

    /// What is there to receive, in order.
    fn receivable(&self) -> Vec<usize> {
        let free = |message: &Known| {
            !message.deleted && !self.is_hidden(message) && !self.is_locked(&message.group)
        };
        (0..self.known.len()).filter(|at| free(&self.known[*at])).collect()
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Send { group } => self.send(group),
            Step::Resend { which } => self.resend(which),
            Step::Receive { max } => {
                self.receive(max);
            }
            Step::Delete { which } => self.delete(which),
            Step::Hide { which, timeout } => self.hide(which, timeout),
            Step::Pass { secs } => self.bench.pass(secs),
        }
        let depth = self.bench.depth();
        let there: Vec<_> = self.known.iter().filter(|message| !message.deleted).collect();
        let hidden = there.iter().filter(|message| self.is_hidden(message)).count();
        assert_eq!(depth, (there.len() - hidden, hidden, 0));
    }

    fn send(&mut self, group: u8) {
        let body = self.known.len().to_string();
        // In a standard queue each message stands alone.
        let group = if self.fifo { group.to_string() } else { body.clone() };
        self.bench.send(&group, &body);
        let sent_at = self.now();
        self.known.push(Known {
            group,
            body,
            sent_at,
            deleted: false,
            receives: 0,
            hidden_until: None,
        });
    }

    fn resend(&mut self, which: usize) {
        let Some(at) = which.checked_rem(self.known.len()) else { return };
        let Known { group, body, sent_at, .. } = &self.known[at];
        // Once the interval is over it would be a message in its own right: not of interest here.
        if self.fifo && self.now() - sent_at < 300 {
            self.bench.send(&group.clone(), &body.clone());
        }
    }

    fn receive(&mut self, max: usize) -> usize {
        let receivable = self.receivable();
        let batch = self.bench.receive(max);
        assert_eq!(
            batch.len(),
            receivable.len().min(max),
            "nothing is held back and nothing made up"
        );
        let mut groups: Vec<String> = Vec::new();
        for seen in batch {
            let at: usize = seen.body.parse().unwrap();
            assert!(receivable.contains(&at), "{at} is deleted, in flight or of a locked group");
            let group = self.known[at].group.clone();
            let next = self.next_of(&group, &receivable);
            assert_eq!(at, next, "out of order in group {group}");
            if groups.last() != Some(&group) {
                groups.push(group);
            }
            let hidden_until = Some(self.now() + 30);
            let message = &mut self.known[at];
            message.receives += 1;
            message.hidden_until = hidden_until;
            assert_eq!(seen.count, message.receives);
            self.receipts.push((at, seen));
        }
        assert_eq!(
            groups.iter().collect::<BTreeSet<_>>().len(),
            groups.len(),
            "a group is taken in one go"
        );
        receivable.len().min(max)
    }

    /// The first of `receivable` that is of `group` and was not handed out in this batch yet.
    fn next_of(&self, group: &str, receivable: &[usize]) -> usize {
        let waits =
            |at: &&usize| self.known[**at].group == group && !self.is_hidden(&self.known[**at]);
        *receivable.iter().find(waits).unwrap()
    }

    /// A receipt that was given out: its message and whether it holds the message by now.
    fn receipt(&self, which: usize) -> Option<(usize, Seen, bool)> {
        let (at, seen) = self.receipts.get(which.checked_rem(self.receipts.len())?)?;
        Some((*at, seen.clone(), self.known[*at].receives == seen.receipt.receive))
    }

    fn delete(&mut self, which: usize) {
        let Some((at, seen, latest)) = self.receipt(which) else { return };
        let in_flight = self.is_hidden(&self.known[at]);
        let result = self.bench.delete(&seen);
        let gone = self.known[at].deleted;
        let good = if self.fifo { latest && in_flight } else { latest };
        assert_eq!(result.is_ok(), gone || good || !self.fifo);
        self.known[at].deleted |= good;
    }

    fn hide(&mut self, which: usize, timeout: u32) {
        let Some((at, seen, latest)) = self.receipt(which) else { return };
        let good = latest && self.is_hidden(&self.known[at]) && !self.known[at].deleted;
        assert_eq!(self.bench.hide(&seen, timeout).is_ok(), good);
        if good {
            self.known[at].hidden_until = Some(self.now() + i64::from(timeout));
        }
    }

    /// Receives and deletes until nothing is left; it must be all that was not deleted before.
    fn drain(&mut self) {
        self.bench.pass(60);
        loop {
            let first = self.receipts.len();
            if self.receive(10) == 0 {
                break;
            }
            for which in first..self.receipts.len() {
                self.delete(which);
            }
        }
        assert!(self.known.iter().all(|message| message.deleted));
        assert_eq!(self.bench.depth(), (0, 0, 0));
        assert_eq!(self.bench.queue.next_timer(), None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn order_lock_and_receipts_hold_whatever_happens(fifo in any::<bool>(), steps in vec(step(), 0..120)) {
        let mut checked = Checked::new(fifo);
        for step in &steps {
            checked.take(step);
        }
        checked.drain();
    }
}
