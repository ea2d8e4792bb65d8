//! The sweeper: `functions/sweeper/src/{requeue,purge}.rs`.

use crate::{
    protocol::{Action, Protocol, Store},
    state::{Found, Life, Question, Settling, State, Sweep},
    store::{self, Settled},
};

impl Protocol {
    pub(crate) fn of_sweeper(&self, state: &State, actions: &mut Vec<Action>) {
        if !self.keeps.sweeper {
            return;
        }
        if state.sweep.is_some() {
            let all = [Store::Done, Store::Lost, Store::Failed];
            actions.extend(all.map(Action::SweepNext));
            actions.push(Action::SweeperDies);
        } else {
            // It runs every minute. Here it has to where a question has no job; where all have one,
            // that it should come is one of the things that go wrong.
            let mut answerable = state.pending().filter(|&question| state.is_open(question));
            let needless = answerable.all(|question| state.has_job(question));
            let most = if self.gives_up { state.pending().count() } else { 0 };
            if state.pending().next().is_some() {
                actions.extend((0..=most).map(|old| Action::Sweep { old, needless }));
            }
        }
        for (room, life) in state.rooms.iter().enumerate() {
            match life {
                Life::Open if state.account.life == Life::Deleted => {
                    actions.push(Action::DeleteRoomOfNobody(room));
                }
                Life::Deleted if state.purging.is_none() => {
                    actions.push(Action::FindMessages(room));
                }
                _ => {}
            }
        }
        if state.purging.is_some() {
            actions.push(Action::PurgeFound);
        }
        let is_gone = |room: &Life| match room {
            Life::Open => false,
            Life::Deleted => !self.keeps.rooms_purged_before_account,
            Life::Purged => true,
        };
        if state.account.life == Life::Deleted && state.rooms.iter().all(is_gone) {
            actions.push(Action::PurgeAccount);
        }
    }

    /// A run begins: it lists what is pending, in order. The `old` first are so old by now that they
    /// are given up.
    pub(crate) fn sweep(state: &mut State, old: usize) {
        let left = state.pending().collect();
        state.sweep = Some(Sweep { left, old, without_refund: false });
    }

    /// It takes care of the next one (`take_care_of`): gives it up, or queues it.
    pub(crate) fn sweep_next(&self, state: &mut State, store: Store) {
        let Some(Sweep { mut left, old, without_refund }) = state.sweep.take() else { return };
        let question = left.remove(0);
        let has_effect = store != Store::Failed;
        if old > 0 {
            let settling =
                if without_refund { Settling::ApologyWithoutRefund } else { Settling::Apology };
            let refused = has_effect
                && store::settle(self, state, question, settling) == Settled::RefundRefused;
            if refused && store == Store::Done {
                left.insert(0, question);
                state.sweep = Some(Sweep { left, old, without_refund: true });
                return;
            }
        } else if has_effect {
            state.enqueue(question);
        }
        let old = old.saturating_sub(1);
        if store != Store::Done && self.keeps.sweeper_stops {
            left.clear();
        }
        state.sweep = (!left.is_empty()).then_some(Sweep { left, old, without_refund: false });
    }

    /// `purge_messages` looks what there is. (All of it: that it comes in batches makes no difference to
    /// what may come after the last.)
    pub(crate) fn find_messages(state: &mut State, room: usize) {
        let mut found = Found::default();
        let of_room = |asked: &Question| asked.room == room;
        for (bit, asked) in state.questions.iter().enumerate().filter(|(_, asked)| of_room(asked)) {
            found.questions |= u8::from(asked.status.is_some() && !asked.purged) << bit;
            found.replies |= u8::from(asked.replies > asked.replies_purged) << bit;
        }
        state.purging = Some((room, found));
    }

    /// It purges that; the room itself, if it was nothing.
    pub(crate) fn purge_found(&self, state: &mut State) {
        let Some((room, found)) = state.purging.take() else { return };
        for (bit, asked) in state.questions.iter_mut().enumerate() {
            asked.purged |= found.questions & 1 << bit != 0;
            asked.replies_purged += found.replies >> bit & 1;
        }
        if found == Found::default() || !self.keeps.purge_until_none_is_found {
            state.rooms[room] = Life::Purged;
        }
    }
}
