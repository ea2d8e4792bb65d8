//! The user, and the chatroom function that takes their messages: `functions/chatroom/src/send.rs`.

use crate::{
    protocol::{Action, Protocol},
    state::{Life, Question, Sending, State},
    store,
};

/// How the transaction that accepts a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    Done,
    /// It has its effect, and the client is told 503. (A 503 without an effect is as if nothing had
    /// been sent.)
    Lost,
    /// The answer to the first try is lost, and the SDK tries again.
    TriedAgain,
}

/// How sending the job goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Queueing {
    /// SQS has it, whether it says so or not: the answer is 202 all the same.
    Done,
    /// SQS does not have it: `left to the sweeper`.
    Refused,
    /// It is not there when the function stops waiting for it, and comes there later.
    Delayed,
    /// The function dies between the transaction and the queue.
    Died,
}

impl Protocol {
    pub(crate) fn of_client(&self, state: &State, actions: &mut Vec<Action>) {
        let under_way = |asked: &Question| matches!(asked.sending, Sending::Made | Sending::Stored);
        let waits = self.patient && state.questions.iter().any(under_way);
        let more = state.questions.len() < self.questions.len();
        if more && !waits && state.account.life == Life::Open {
            actions.push(Action::Make);
        }
        for (question, asked) in state.questions.iter().enumerate() {
            match asked.sending {
                Sending::Made => {
                    let all = [Answered::Done, Answered::Lost, Answered::TriedAgain];
                    actions.extend(all.map(|answered| Action::Accept(question, answered)));
                }
                Sending::Stored => {
                    use Queueing::{Delayed, Died, Done, Refused};
                    let all = [Done, Refused, Delayed, Died];
                    actions.extend(all.map(|queueing| Action::Queue(question, queueing)));
                }
                Sending::ToldJobDelayed => actions.push(Action::Arrive(question)),
                Sending::Told | Sending::Untold | Sending::Refused => {}
            }
        }
        if self.deletes_room && state.account.life == Life::Open {
            let open = (0..state.rooms.len()).filter(|&room| state.rooms[room] == Life::Open);
            actions.extend(open.map(Action::DeleteRoom));
        }
        if self.midnight && state.today == 0 {
            actions.push(Action::Midnight);
        }
    }

    /// The id is made: its time is that of sending.
    pub(crate) fn make(&self, state: &mut State) {
        let told =
            |asked: &Question| matches!(asked.sending, Sending::Told | Sending::ToldJobDelayed);
        let before = state.questions.iter().enumerate().filter(|(_, asked)| told(asked));
        let after = before.fold(0, |bits, (question, _)| bits | 1 << question);
        state.questions.push(Question {
            room: self.questions[state.questions.len()],
            sending: Sending::Made,
            day: state.today,
            counted_on: state.today,
            status: None,
            purged: false,
            replies: 0,
            replies_purged: 0,
            attempts: 0,
            after,
        });
    }

    pub(crate) fn accept(&self, state: &mut State, question: usize, answered: Answered) {
        store::accept(self, state, question);
        if state.questions[question].sending != Sending::Stored {
            return;
        }
        match answered {
            Answered::Done => {}
            Answered::Lost => state.questions[question].sending = Sending::Untold,
            Answered::TriedAgain if self.keeps.request_token => {}
            // To DynamoDB it is another transaction; what is refused now was accepted before.
            Answered::TriedAgain => {
                store::accept(self, state, question);
                state.questions[question].sending = Sending::Stored;
            }
        }
    }

    pub(crate) fn queue(state: &mut State, question: usize, queueing: Queueing) {
        if queueing == Queueing::Done {
            state.enqueue(question);
        }
        state.questions[question].sending = match queueing {
            Queueing::Done | Queueing::Refused => Sending::Told,
            Queueing::Delayed => Sending::ToldJobDelayed,
            Queueing::Died => Sending::Untold,
        };
    }

    pub(crate) fn arrive(state: &mut State, question: usize) {
        state.questions[question].sending = Sending::Told;
        state.enqueue(question);
    }
}
