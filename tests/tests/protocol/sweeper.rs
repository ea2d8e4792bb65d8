//! The sweeper: `functions/sweeper/src/{requeue,purge}.rs`.

use crate::{
    protocol::{Action, Protocol, Store},
    state::{Life, Settling, State, Sweep},
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
            let waiting = || state.pending().filter(|&question| state.is_open(question));
            let needless = waiting().all(|question| state.has_job(question));
            let most = if self.gives_up { waiting().count() } else { 0 };
            if waiting().next().is_some() {
                actions.extend((0..=most).map(|old| Action::Sweep { old, needless }));
            }
        }
        for (room, life) in state.rooms.iter().enumerate() {
            match life {
                Life::Open if state.account.life == Life::Deleted => {
                    actions.push(Action::DeleteRoomOfNobody(room));
                }
                Life::Deleted => actions.push(Action::Purge(room)),
                Life::Open | Life::Purged => {}
            }
        }
        let no_room_open = !state.rooms.contains(&Life::Open);
        if state.account.life == Life::Deleted && no_room_open {
            actions.push(Action::PurgeAccount);
        }
    }

    /// A run begins: it lists what is pending, in order. The `old` first are so old by now that they
    /// are given up.
    pub(crate) fn sweep(state: &mut State, old: usize) {
        let waiting = state.pending().filter(|&question| state.is_open(question));
        state.sweep = Some(Sweep { left: waiting.collect(), old, without_refund: false });
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

    /// All of a deleted room goes. (In batches; but nothing that looks at the room can tell.)
    pub(crate) fn purge(state: &mut State, room: usize) {
        state.rooms[room] = Life::Purged;
        for asked in &mut state.questions {
            asked.purged |= asked.room == room && asked.status.is_some();
        }
    }
}
