//! The messages of a queue with all that is looked up about them, kept in step.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    Depth,
    groups::{GroupKey, Groups, Sequence},
};
use crate::sqs::message::Message;

/// A message in its queue.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) message: Arc<Message>,
    /// The group whose order it keeps; `None` in a standard queue.
    pub(super) group: Option<Arc<str>>,
    pub(super) state: State,
    pub(super) enqueued_at: Timestamp,
    pub(super) first_received_at: Option<Timestamp>,
    /// Receives in this queue.
    pub(super) receives: u32,
    /// Receives in the queues that this message was moved from.
    pub(super) earlier_receives: u32,
}

/// Whether a message can be seen by receivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Visible,
    Delayed { until: Timestamp },
    InFlight { until: Timestamp, since: Timestamp },
}

/// The messages of a queue.
#[derive(Debug, Default)]
pub(super) struct Entries {
    by_sequence: BTreeMap<Sequence, Entry>,
    groups: Groups,
    /// When a delay or a visibility timeout ends; a message has one of these at most.
    timers: BTreeSet<(Timestamp, Sequence)>,
    by_age: BTreeSet<(Timestamp, Sequence)>,
    last_sequence: Sequence,
    in_flight: usize,
    delayed: usize,
}

impl Entry {
    fn key(&self, sequence: Sequence) -> GroupKey {
        self.group.clone().map_or(GroupKey::Alone(sequence), GroupKey::Named)
    }
}

impl State {
    fn until(self) -> Option<Timestamp> {
        match self {
            Self::Visible => None,
            Self::Delayed { until } | Self::InFlight { until, .. } => Some(until),
        }
    }
}

impl Entries {
    /// Puts `entry`, visible or delayed, behind all others.
    pub(super) fn push(&mut self, entry: Entry) -> Sequence {
        self.last_sequence += 1;
        let sequence = self.last_sequence;
        if let Some(until) = entry.state.until() {
            self.timers.insert((until, sequence));
            self.delayed += 1;
        }
        self.groups.add(&entry.key(sequence), sequence, entry.state != State::Visible);
        self.by_age.insert((entry.enqueued_at, sequence));
        self.by_sequence.insert(sequence, entry);
        sequence
    }

    pub(super) fn get(&self, sequence: Sequence) -> Option<&Entry> {
        self.by_sequence.get(&sequence)
    }

    /// The group to take the next messages from.
    pub(super) fn next_available(&self) -> Option<GroupKey> {
        self.groups.next_available()
    }

    /// The message of that group to take next, even while others of it are in flight.
    pub(super) fn head(&self, group: &GroupKey) -> Option<Sequence> {
        self.groups.head(group)
    }

    /// Counts a receive of a visible message and hides it until then.
    pub(super) fn hand_out(
        &mut self,
        sequence: Sequence,
        now: Timestamp,
        until: Timestamp,
    ) -> Option<&Entry> {
        let entry = self.by_sequence.get_mut(&sequence)?;
        entry.receives += 1;
        entry.first_received_at.get_or_insert(now);
        self.set_state(sequence, State::InFlight { until, since: now });
        self.get(sequence)
    }

    /// Moves a message from one state to another.
    pub(super) fn set_state(&mut self, sequence: Sequence, state: State) {
        let Some(entry) = self.by_sequence.get_mut(&sequence) else { return };
        let before = mem::replace(&mut entry.state, state);
        let group = entry.key(sequence);
        if let Some(until) = before.until() {
            self.timers.remove(&(until, sequence));
        }
        if let Some(until) = state.until() {
            self.timers.insert((until, sequence));
        }
        match (before, state) {
            (State::Visible, State::InFlight { .. }) => {
                self.in_flight += 1;
                self.groups.hand_out(&group, sequence);
            }
            (State::InFlight { .. }, State::Visible) => {
                self.in_flight -= 1;
                self.groups.take_back(&group, sequence);
            }
            (State::Delayed { .. }, State::Visible) => {
                self.delayed -= 1;
                self.groups.end_delay(&group, sequence);
            }
            // Only a timer was moved.
            _ => {}
        }
    }

    /// Takes a message out, whatever its state.
    pub(super) fn remove(&mut self, sequence: Sequence) -> Option<Entry> {
        let entry = self.by_sequence.remove(&sequence)?;
        match entry.state {
            State::Visible => {}
            State::Delayed { .. } => self.delayed -= 1,
            State::InFlight { .. } => self.in_flight -= 1,
        }
        if let Some(until) = entry.state.until() {
            self.timers.remove(&(until, sequence));
        }
        self.by_age.remove(&(entry.enqueued_at, sequence));
        self.groups.remove(&entry.key(sequence), sequence);
        Some(entry)
    }

    /// Removes everything. Sequences are not used again.
    pub(super) fn clear(&mut self) {
        *self = Self { last_sequence: self.last_sequence, ..Self::default() };
    }

    /// Ends the delays and visibility timeouts that are over, and drops what is older than
    /// `retention`.
    pub(super) fn advance(&mut self, now: Timestamp, retention: SignedDuration) {
        while let Some(&(until, sequence)) = self.timers.first()
            && until <= now
        {
            self.set_state(sequence, State::Visible);
        }
        while let Some(&(enqueued_at, sequence)) = self.by_age.first()
            && enqueued_at + retention <= now
        {
            self.remove(sequence);
        }
    }

    /// When the next delay or visibility timeout ends.
    pub(super) fn next_timer(&self) -> Option<Timestamp> {
        self.timers.first().map(|(until, _)| *until)
    }

    pub(super) fn depth(&self) -> Depth {
        Depth {
            visible: self.by_sequence.len() - self.in_flight - self.delayed,
            in_flight: self.in_flight,
            delayed: self.delayed,
        }
    }
}
