//! The FIFO queue: `shared/src/queue.rs`, the queue and its mapping in `template.yaml`.

use crate::{
    protocol::{Action, Protocol},
    state::{Held, Record, State, Step, Worker},
};

impl Protocol {
    pub(crate) fn of_sqs(&self, state: &State, actions: &mut Vec<Action>) {
        let has_idle = state.workers.contains(&Worker::Idle);
        for room in 0..state.rooms.len() {
            let held: Vec<_> = state
                .queue
                .iter()
                .filter(|job| state.questions[job.question].room == room)
                .map(|job| job.held)
                .collect();
            let visible = held.iter().filter(|held| **held == Held::Visible).count();
            let locked = self.keeps.group_lock && visible < held.len();
            if has_idle && !locked && visible > 0 {
                // SQS may hand out fewer than there are.
                actions.push(Action::Deliver { room, count: 1 });
                if visible > 1 {
                    actions.push(Action::Deliver { room, count: visible });
                }
            }
            if held.contains(&Held::ByNobody) {
                actions.push(Action::Reappear { room });
            }
        }
        for worker in 0..state.workers.len() {
            if state.queue.iter().any(|job| job.held == Held::By(worker)) {
                actions.push(Action::Expire { worker });
            }
        }
    }

    /// The room's oldest jobs that are visible go to a worker. One that was received too often goes
    /// to the dead-letter queue instead.
    pub(crate) fn deliver(&self, state: &mut State, room: usize, count: usize) {
        let Some(worker) = state.workers.iter().position(|worker| *worker == Worker::Idle) else {
            return;
        };
        let mut batch = Vec::new();
        let mut left = count;
        let questions = &state.questions;
        state.queue.retain_mut(|job| {
            if left == 0 || job.held != Held::Visible || questions[job.question].room != room {
                return true;
            }
            left -= 1;
            if job.receives == self.receives {
                return false;
            }
            (job.receives, job.held) = (job.receives + 1, Held::By(worker));
            batch.push(Record { question: job.question, settled: false });
            true
        });
        if !batch.is_empty() {
            state.workers[worker] = Worker::Busy { batch, at: 0, step: Step::Look };
        }
    }

    /// The visibility timeout of a dead worker's jobs is over.
    pub(crate) fn reappear(state: &mut State, room: usize) {
        let questions = &state.questions;
        for job in &mut state.queue {
            if job.held == Held::ByNobody && questions[job.question].room == room {
                job.held = Held::Visible;
            }
        }
    }

    /// The same while the worker still works. (Its time-out is shorter, so this should not happen.)
    pub(crate) fn expire(state: &mut State, worker: usize) {
        for job in &mut state.queue {
            if job.held == Held::By(worker) {
                job.held = Held::Visible;
            }
        }
    }
}
