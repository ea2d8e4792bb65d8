//! Questions that were accepted and have no reply: queued again, or given up.
//!
//! A message is durable before it is queued, so one that was never queued, or was lost on its way,
//! shows in the index of what is pending. Queueing one that is still on its way does no harm: SQS
//! drops it within five minutes of the first time, and after that the reply's own condition lets
//! only one stand.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;
use shared::{
    domain::{ChatroomId, Usage, clock},
    queue::Job,
    store::{Apology, Pending, Settled},
    trace::Origin,
};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use crate::{Order, Report, StepFailed, Sweeper, within};

/// The most messages of one run, for each partition of the index; and of one that recovers.
const LISTED: u16 = 500;
const LISTED_TO_RECOVER: u16 = 5_000;
/// How many rooms are queued at once.
const ROOMS_AT_ONCE: usize = 16;

const APOLOGY: &str = "No answer could be made for this message in time. It was not counted against \
                       your daily limit; please send it again.";

/// Which messages a run takes.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// Pending ones that were sent before this,
    pending_before: Timestamp,
    /// at most so many for each partition;
    listed: u16,
    /// and those that were sent before this are given up.
    given_up_before: Timestamp,
}

impl Sweeper {
    /// Queues pending messages again, and gives up on old ones.
    pub(crate) async fn requeue(&self, order: Order, deadline: Instant) -> Report {
        let mut report = Report::default();
        let bounds = self.bounds(order, self.clock.now());
        let listing = self.store.pending_before(bounds.pending_before, bounds.listed);
        let pending = match within(deadline, listing).await {
            Ok(pending) => pending,
            Err(error) => {
                tracing::error!(%error, "pending messages were not listed");
                return Report { failed_steps: 1, ..report };
            }
        };
        report.steps += 1;
        report.oldest_pending = Some(self.age_of_oldest(&pending));
        let mut rooms = stream::iter(by_room(pending))
            .map(|room| self.requeue_room(room, bounds))
            .buffer_unordered(ROOMS_AT_ONCE);
        while let Ok(Some(room)) = timeout_at(deadline, rooms.next()).await {
            report += room;
        }
        report
    }

    fn bounds(&self, order: Order, now: Timestamp) -> Bounds {
        if order.recover {
            return Bounds {
                pending_before: Timestamp::MAX,
                listed: LISTED_TO_RECOVER,
                given_up_before: Timestamp::MIN,
            };
        }
        let before = |age| now.checked_sub(age).unwrap_or(Timestamp::MIN);
        Bounds {
            pending_before: before(self.requeue_after),
            listed: LISTED,
            given_up_before: before(self.give_up_after),
        }
    }

    /// How long the oldest of them has waited, in seconds.
    fn age_of_oldest(&self, pending: &[Pending]) -> u64 {
        let oldest = pending.iter().map(|question| question.message_id).min();
        oldest.map_or(0, |id| clock::seconds_until(self.clock.now(), id.created_at()))
    }

    /// One message after the other: a room's order is the order in which they are sent. Stops at
    /// the first one that fails, so that none overtakes it.
    async fn requeue_room(&self, room: Vec<Pending>, bounds: Bounds) -> Report {
        let mut report = Report::default();
        for question in &room {
            let span = tracing::info_span!(
                "pending",
                user_id = %question.user_id,
                chatroom_id = %question.chatroom_id,
                message_id = %question.message_id,
            );
            let done = self.take_care_of(question, bounds).instrument(span).await;
            report += done;
            if done.failed_steps > 0 {
                break;
            }
        }
        report
    }

    async fn take_care_of(&self, question: &Pending, bounds: Bounds) -> Report {
        let outcome = if question.message_id.created_at() < bounds.given_up_before {
            self.give_up(question).await
        } else {
            self.send(question).await
        };
        outcome.unwrap_or_else(|error| {
            tracing::warn!(%error, "a pending message was not taken care of");
            Report { failed_steps: 1, ..Report::default() }
        })
    }

    async fn send(&self, question: &Pending) -> Result<Report, StepFailed> {
        let Pending { user_id, chatroom_id, message_id } = *question;
        let job = Job { user_id, chatroom_id, message_id };
        self.queue.send(&job, &Origin::default()).await?;
        tracing::info!(MessagesQueuedAgain = 1, "queued again");
        Ok(Report { queued: 1, steps: 1, ..Report::default() })
    }

    async fn give_up(&self, question: &Pending) -> Result<Report, StepFailed> {
        let id = self.ids.next_after(question.message_id, self.clock.now());
        let apology = Apology { id, content: APOLOGY, usage: Usage::default() };
        let settled = self.store.fail(question, &apology).await?;
        let given_up = settled == Settled::Done;
        if given_up {
            tracing::warn!(
                MessagesGivenUp = 1,
                "a message was pending for too long and was given up"
            );
        }
        Ok(Report { given_up: given_up.into(), steps: 1, ..Report::default() })
    }
}

/// The messages of each room in their order; the room that has waited longest comes first.
fn by_room(pending: Vec<Pending>) -> Vec<Vec<Pending>> {
    let mut rooms = BTreeMap::<ChatroomId, Vec<Pending>>::new();
    for question in pending {
        rooms.entry(question.chatroom_id).or_default().push(question);
    }
    let mut rooms: Vec<_> = rooms.into_values().collect();
    for room in &mut rooms {
        room.sort_unstable_by_key(|question| question.message_id);
    }
    rooms.sort_unstable_by_key(|room| room.first().map(|question| question.message_id));
    rooms
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::domain::{Ids, MessageId, UserId};

    #[test]
    fn rooms_come_by_age_and_their_messages_in_order() {
        let ids = Ids::default();
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let user_id: UserId = ids.next(now);
        let [young, old]: [ChatroomId; 2] = [ids.next(now), ids.next(now)];
        let [a, b, c]: [MessageId; 3] = [ids.next(now), ids.next(now), ids.next(now)];
        let ask = |chatroom_id, message_id| Pending { user_id, chatroom_id, message_id };
        let rooms = by_room(vec![ask(young, c), ask(old, b), ask(young, a)]);
        assert_eq!(rooms, [vec![ask(young, a), ask(young, c)], vec![ask(old, b)]]);
        let rooms = by_room(vec![ask(young, c), ask(old, b)]);
        assert_eq!(rooms, [vec![ask(old, b)], vec![ask(young, c)]]);
    }
}
