//! Which message may be handed out next: order and lock of message groups.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// Where a message is in its queue: 1 for the first that was sent, and so on.
pub(super) type Sequence = u64;

/// The messages that must keep their order, and of which only one batch may be in flight.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum GroupKey {
    /// The message group of a FIFO queue.
    Named(Arc<str>),
    /// In a standard queue each message is a group of its own: nothing has to wait for it.
    Alone(Sequence),
}

/// All the groups of a queue. Each operation is O(log n) in the messages of the queue.
#[derive(Debug, Default)]
pub(super) struct Groups {
    groups: HashMap<GroupKey, Group>,
    /// The groups of which a message may be handed out, by the sequence of that message.
    available: BTreeMap<Sequence, GroupKey>,
}

#[derive(Debug, Default)]
struct Group {
    /// What is not in flight, in order.
    waiting: BTreeMap<Sequence, Waiting>,
    /// While this is above zero, the group is locked.
    in_flight: usize,
    /// Under which sequence the group is listed as available.
    listed: Option<Sequence>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    Visible,
    Delayed,
}

impl Groups {
    /// A new message, the last of its group.
    pub(super) fn add(&mut self, key: &GroupKey, sequence: Sequence, delayed: bool) {
        let waiting = if delayed { Waiting::Delayed } else { Waiting::Visible };
        self.change(key, |group| {
            group.waiting.insert(sequence, waiting);
        });
    }

    /// The delay of a message is over.
    pub(super) fn end_delay(&mut self, key: &GroupKey, sequence: Sequence) {
        self.change(key, |group| {
            group.waiting.insert(sequence, Waiting::Visible);
        });
    }

    /// A message is handed out: from here on its group is locked.
    pub(super) fn hand_out(&mut self, key: &GroupKey, sequence: Sequence) {
        self.change(key, |group| {
            group.waiting.remove(&sequence);
            group.in_flight += 1;
        });
    }

    /// A message that was in flight comes back to its old place in the group.
    pub(super) fn take_back(&mut self, key: &GroupKey, sequence: Sequence) {
        self.change(key, |group| {
            group.in_flight -= 1;
            group.waiting.insert(sequence, Waiting::Visible);
        });
    }

    /// A message leaves the queue.
    pub(super) fn remove(&mut self, key: &GroupKey, sequence: Sequence) {
        self.change(key, |group| {
            if group.waiting.remove(&sequence).is_none() {
                group.in_flight -= 1;
            }
        });
    }

    /// The unlocked group whose first message is the oldest, if that message is visible.
    pub(super) fn next_available(&self) -> Option<GroupKey> {
        self.available.first_key_value().map(|(_, key)| key.clone())
    }

    /// The first message of the group that is not in flight, if it is visible. A delayed message
    /// holds up what is behind it.
    pub(super) fn head(&self, key: &GroupKey) -> Option<Sequence> {
        self.groups.get(key)?.head()
    }

    fn change(&mut self, key: &GroupKey, change: impl FnOnce(&mut Group)) {
        let group = self.groups.entry(key.clone()).or_default();
        change(group);
        let available = group.head().filter(|_| group.in_flight == 0);
        if group.listed != available {
            if let Some(before) = group.listed {
                self.available.remove(&before);
            }
            if let Some(now) = available {
                self.available.insert(now, key.clone());
            }
            group.listed = available;
        }
        if group.waiting.is_empty() && group.in_flight == 0 {
            self.groups.remove(key);
        }
    }
}

impl Group {
    fn head(&self) -> Option<Sequence> {
        let (sequence, waiting) = self.waiting.first_key_value()?;
        (*waiting == Waiting::Visible).then_some(*sequence)
    }
}
