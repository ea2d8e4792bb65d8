//! The transactions, with their conditions: `shared/src/store/{sends,replies,messages}.rs`. Settling
//! does not look at the room.

use crate::{
    protocol::Protocol,
    state::{Day, Life, Sending, Settling, State, Status},
};

/// What a caller learns of a settling transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    /// Done, or there was nothing left to do.
    Over,
    /// Only the refund was refused.
    RefundRefused,
}

/// `Store::accept`.
pub(crate) fn accept(model: &Protocol, state: &mut State, question: usize) {
    let keeps = &model.keeps;
    let open = state.is_open(question);
    if state.account.life != Life::Open || (keeps.open_room_to_accept && !open) {
        state.questions[question].sending = Sending::Refused;
        return;
    }
    let asked = &mut state.questions[question];
    let shown = state.account.tally.filter(|(day, _)| *day >= asked.day);
    let (day, used) = shown.unwrap_or((asked.day, 0));
    if keeps.limit && used >= model.limit {
        asked.sending = Sending::Refused;
        return;
    }
    if keeps.id_of_the_day_counted {
        // `Sent::Late`: another id, of the day that has begun. (It keeps its place here. What was
        // sent meanwhile was sent at the same time, so either order of the two is right.)
        asked.day = day;
    }
    asked.counted_on = day;
    asked.status = Some(Status::Pending);
    asked.sending = Sending::Stored;
    state.account.tally = Some((day, used + 1));
    state.witness.asked_in_closed_room |= !open;
}

/// `Store::answer`, or one of the transactions of `Store::fail`.
pub(crate) fn settle(
    model: &Protocol,
    state: &mut State,
    question: usize,
    settling: Settling,
) -> Settled {
    let keeps = &model.keeps;
    let open = state.is_open(question);
    let asked = state.questions[question];
    let flips = asked.is_pending() || !keeps.pending_to_settle && !asked.purged;
    if !flips {
        return Settled::Over;
    }
    if settling == Settling::Apology {
        match state.account.tally {
            Some((day, used)) if refunds(model, asked.day, day) && used > 0 => {
                state.account.tally = Some((day, used - 1));
            }
            _ if keeps.second_try_without_refund => return Settled::RefundRefused,
            _ => return Settled::Over,
        }
    }
    let asked = &mut state.questions[question];
    let answered = settling == Settling::Answer;
    asked.status = Some(if answered { Status::Answered } else { Status::Failed });
    asked.replies += 1;
    // Nothing looks at them any more.
    asked.attempts = 0;
    state.witness.settled_in_closed_room |= !open;
    state.witness.counted_for_nobody |= state.account.life == Life::Purged;
    Settled::Over
}

/// Whether a question of this day gets its unit back from a tally of that.
fn refunds(model: &Protocol, question: Day, tally: Day) -> bool {
    question == tally || !model.keeps.day_to_refund
}

/// `Store::count_failed_attempt`: how many by now; none if the question is not pending any more.
pub(crate) fn count_failed_attempt(state: &mut State, question: usize) -> Option<u8> {
    let asked = &mut state.questions[question];
    asked.is_pending().then(|| {
        asked.attempts += 1;
        asked.attempts
    })
}
