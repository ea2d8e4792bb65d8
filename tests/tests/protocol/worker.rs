//! The worker: `functions/gemini-worker/src/{batch,reply,retry}.rs`.
//!
//! One that is cut off, or killed, or that panics where nothing catches it, dies here. A panic within
//! one reply is caught, and puts it off like a call of DynamoDB that failed.

use crate::{
    protocol::{Action, Protocol, Store},
    state::{Held, Settling, State, Step, Worker},
    store::{self, Settled},
};

/// What comes of reading, and of asking the model. (Nothing else can tell when the model answers: only
/// what is written afterwards.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// The store failed.
    Failed,
    /// The model answers.
    Answer,
    /// `Failure::Retryable`
    NotNow,
    /// `Failure::Final`
    Never,
}

/// What became of a job (`reply.rs`).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Settled,
    Earlier,
    Again,
}

impl Protocol {
    pub(crate) fn of_workers(&self, state: &State, actions: &mut Vec<Action>) {
        for (worker, doing) in state.workers.iter().enumerate() {
            let Worker::Busy { step, .. } = doing else { continue };
            match step {
                Step::Look => {
                    actions.push(Action::Look(worker, Read::Answer));
                    actions.push(Action::Look(worker, Read::Failed));
                    if self.attempts > 1 {
                        actions.push(Action::Look(worker, Read::NotNow));
                    }
                    if self.fails {
                        actions.push(Action::Look(worker, Read::Never));
                    }
                }
                Step::Count(_) => {
                    let all = [Store::Done, Store::Lost, Store::Failed];
                    actions.extend(all.map(|store| Action::Count(worker, store)));
                }
                Step::Write(..) => {
                    let all = [Store::Done, Store::Lost, Store::Failed];
                    actions.extend(all.map(|store| Action::Write(worker, store)));
                }
                Step::Report => actions.push(Action::Report(worker)),
            }
            actions.push(Action::Die(worker));
        }
    }

    /// Reads the room and its history, decides which question comes first, and asks it (`reply`).
    pub(crate) fn look(&self, state: &mut State, worker: usize, read: Read) {
        let Some((job, _)) = at(state, worker) else { return };
        if read == Read::Failed {
            return self.goes_on(state, worker, Outcome::Again);
        }
        if !state.is_open(job) || !state.questions[job].is_pending() {
            return self.goes_on(state, worker, Outcome::Settled);
        }
        let room = state.questions[job].room;
        let first = state.pending().find(|&other| state.questions[other].room == room);
        let question = first.filter(|_| self.keeps.earlier_first).unwrap_or(job);
        state.witness.asked_twice |=
            state.workers.iter().any(|other| other.asks() == Some(question));
        let next = match read {
            Read::Answer => Step::Write(question, Settling::Answer),
            Read::NotNow => Step::Count(question),
            Read::Never | Read::Failed => Step::Write(question, Settling::Apology),
        };
        set_step(state, worker, next);
    }

    /// Counts a vain attempt, and decides whether it was the last (`put_off`).
    pub(crate) fn count(&self, state: &mut State, worker: usize, store: Store) {
        let Some((job, Step::Count(question))) = at(state, worker) else { return };
        let counted = match store {
            Store::Failed => None,
            _ => store::count_failed_attempt(state, question),
        };
        match (store, counted) {
            (Store::Done, Some(attempts)) if attempts >= self.attempts => {
                set_step(state, worker, Step::Write(question, Settling::Apology));
            }
            (Store::Done, None) => self.goes_on(state, worker, settled(job, question)),
            _ => self.goes_on(state, worker, Outcome::Again),
        }
    }

    /// The settling transaction.
    pub(crate) fn write(&self, state: &mut State, worker: usize, store: Store) {
        let Some((job, Step::Write(question, settling))) = at(state, worker) else { return };
        let written = match store {
            Store::Failed => Settled::Over,
            _ => store::settle(self, state, question, settling),
        };
        match (store, written) {
            (Store::Done, Settled::Over) => self.goes_on(state, worker, settled(job, question)),
            (Store::Done, Settled::RefundRefused) => {
                set_step(state, worker, Step::Write(question, Settling::ApologyWithoutRefund));
            }
            _ => self.goes_on(state, worker, Outcome::Again),
        }
    }

    /// What follows in the batch (`handle_job`, `handle_group`).
    fn goes_on(&self, state: &mut State, worker: usize, outcome: Outcome) {
        let Worker::Busy { batch, at, step } = &mut state.workers[worker] else { return };
        *step = Step::Look;
        match outcome {
            Outcome::Earlier => return,
            Outcome::Settled => batch[*at].settled = true,
            Outcome::Again if self.keeps.room_waits => *at = batch.len() - 1,
            Outcome::Again => {}
        }
        *at += 1;
        if *at == batch.len() {
            *step = Step::Report;
        }
    }

    /// The batch is over: what is settled is deleted, the rest is given back. Only what is still the
    /// worker's: a receipt is worth nothing once the visibility timeout is over.
    pub(crate) fn report(state: &mut State, worker: usize) {
        let done = std::mem::replace(&mut state.workers[worker], Worker::Idle);
        let Worker::Busy { batch, .. } = done else { return };
        let mut records = batch.into_iter();
        state.queue.retain_mut(|job| {
            if job.held != Held::By(worker) {
                return true;
            }
            job.held = Held::Visible;
            !records.next().is_some_and(|record| record.settled)
        });
    }

    pub(crate) fn die(state: &mut State, worker: usize) {
        state.workers[worker] = Worker::Idle;
        for job in &mut state.queue {
            if job.held == Held::By(worker) {
                job.held = Held::ByNobody;
            }
        }
    }
}

/// What is settled: the job's own question, or one before it.
fn settled(job: usize, question: usize) -> Outcome {
    if job == question { Outcome::Settled } else { Outcome::Earlier }
}

/// The question of the job that a worker is at, and what it does next.
fn at(state: &State, worker: usize) -> Option<(usize, Step)> {
    match &state.workers[worker] {
        Worker::Idle => None,
        Worker::Busy { batch, at, step } => Some((batch.get(*at)?.question, *step)),
    }
}

fn set_step(state: &mut State, worker: usize, next: Step) {
    if let Worker::Busy { step, .. } = &mut state.workers[worker] {
        *step = next;
    }
}
