//! What is promised. `tests/src/chaos` holds the running backend to the same.

use stateright::Property;

use crate::{
    protocol::Protocol,
    state::{Life, Sending, State, Status, Worker},
};

pub(crate) const ONE_REPLY: &str = "a question has one reply at the most, and none while it waits";
pub(crate) const OPEN_ROOM: &str = "nothing is asked in a room that is not open";
pub(crate) const PURGED: &str = "nothing is left of a room that was purged";
pub(crate) const COUNTED: &str = "nothing is counted in an account that was purged";
pub(crate) const UNITS: &str = "the units used are those of what was answered or waits";
pub(crate) const LIMIT: &str = "no more units are used than a day has";
pub(crate) const ORDER: &str = "a room is settled in the order of its sends";
pub(crate) const AT_REST: &str = "nothing is left undone: all is settled, the queue is empty";
pub(crate) const GONE: &str = "no room outlives its account, unless it was opened in that moment";
pub(crate) const ASKED_ONCE: &str = "as long as nothing goes wrong, no two workers ask the same";

/// To be seen where the promises are kept: else there would be little behind that.
pub(crate) const ALL_ANSWERED: &str = "all are answered";
pub(crate) const FAILED: &str = "one has failed";
pub(crate) const DELETED: &str = "a room was purged while a question waited";
pub(crate) const VAIN: &str = "one was settled in a room that was deleted";
pub(crate) const REFUSED: &str = "one was refused";
pub(crate) const LATE: &str = "a question waited in a room of an account that was gone";
pub(crate) const STAYED: &str = "an account was not deleted, though a room of it was";

pub(crate) fn all() -> Vec<Property<Protocol>> {
    vec![
        Property::always(ONE_REPLY, one_reply),
        Property::always(OPEN_ROOM, |_, state: &State| !state.witness.asked_in_closed_room),
        Property::always(PURGED, purged),
        Property::always(COUNTED, |_, state: &State| !state.witness.counted_for_nobody),
        Property::always(UNITS, units),
        Property::always(LIMIT, limit),
        Property::always(ORDER, order),
        Property::always(AT_REST, at_rest),
        Property::always(GONE, |_, state: &State| !state.witness.room_outlived_account),
        Property::always(ASKED_ONCE, |model: &Protocol, state: &State| {
            model.faults > 0 || !state.witness.asked_twice
        }),
        Property::sometimes(ALL_ANSWERED, |model: &Protocol, state: &State| {
            state.questions.len() == model.questions.len()
                && state.questions.iter().all(|asked| asked.status == Some(Status::Answered))
        }),
        Property::sometimes(FAILED, |_, state: &State| {
            state.questions.iter().any(|asked| asked.status == Some(Status::Failed))
        }),
        Property::sometimes(DELETED, |_, state: &State| {
            let waited = Some(Status::Pending);
            state.questions.iter().any(|asked| asked.purged && asked.status == waited)
        }),
        Property::sometimes(VAIN, |_, state: &State| state.witness.settled_in_closed_room),
        Property::sometimes(REFUSED, |_, state: &State| {
            state.questions.iter().any(|asked| asked.sending == Sending::Refused)
        }),
        Property::sometimes(LATE, |_, state: &State| {
            let gone = state.account.life != Life::Open;
            gone && state.pending().any(|question| state.is_open(question))
        }),
        Property::sometimes(STAYED, |model: &Protocol, state: &State| {
            let room_is_gone = state.rooms.iter().any(|room| *room != Life::Open);
            let account_is_there = state.account.life == Life::Open && state.leaving.is_none();
            !model.deletes_room && room_is_gone && account_is_there
        }),
    ]
}

fn one_reply(_: &Protocol, state: &State) -> bool {
    state.questions.iter().all(|asked| asked.replies == u8::from(asked.is_settled()))
}

fn purged(_: &Protocol, state: &State) -> bool {
    state.questions.iter().all(|asked| {
        state.rooms[asked.room] != Life::Purged
            || asked.replies == asked.replies_purged && (asked.purged || asked.status.is_none())
    })
}

/// What waited in a room when it was purged keeps its unit.
fn units(_: &Protocol, state: &State) -> bool {
    let Some((day, used)) = state.account.tally else { return true };
    let holds = state.questions.iter().filter(|asked| {
        asked.counted_on == day && matches!(asked.status, Some(Status::Pending | Status::Answered))
    });
    holds.count() == usize::from(used)
}

fn limit(model: &Protocol, state: &State) -> bool {
    state.account.tally.is_none_or(|(_, used)| used <= model.limit)
}

/// If the 202 of one came before another was sent, it does not wait while the other is settled.
fn order(_: &Protocol, state: &State) -> bool {
    state.questions.iter().all(|later| {
        let earlier = state.questions.iter().enumerate();
        let mut waiting = earlier.filter(|(nth, earlier)| {
            later.after & 1 << nth != 0 && earlier.room == later.room && earlier.is_pending()
        });
        !later.is_settled() || waiting.next().is_none()
    })
}

/// Every path is finite: the questions, their attempts and the faults are. So what holds whenever
/// nothing happens any more of itself is what everything comes to in the end.
fn at_rest(model: &Protocol, state: &State) -> bool {
    !model.is_at_rest(state) || {
        let settled = state.questions.iter().all(|asked| !asked.is_pending());
        let idle = state.workers.iter().all(|worker| *worker == Worker::Idle);
        let purged = !state.rooms.contains(&Life::Deleted);
        let over =
            state.sweep.is_none() && state.leaving.is_none() && state.account.life != Life::Deleted;
        settled && idle && purged && over && state.queue.is_empty()
    }
}
