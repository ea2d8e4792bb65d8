//! What was deleted from view: its items go for good, in bounded batches.

use std::collections::VecDeque;

use shared::{
    domain::{ChatroomId, UserId},
    store::{Purged, StoreError},
};
use tokio::time::Instant;

use crate::{Report, StepFailed, Sweeper, within};

/// The most items of one run, and of one step: the rooms take turns, so that a long one does not
/// hold up the others.
const ITEMS: usize = 2_000;
const ITEMS_A_STEP: u16 = 250;
/// How many rooms of a deleted account are deleted in one step.
const ROOMS_A_STEP: u16 = 25;
/// The most rooms, and the most accounts, of one run, for each partition of their index.
const LISTED: u16 = 500;

/// Something that was deleted from view.
#[derive(Debug, Clone, Copy)]
enum Deleted {
    Room {
        user: UserId,
        room: ChatroomId,
        /// Whether this run has deleted messages of it.
        begun: bool,
    },
    Account(UserId),
}

impl Sweeper {
    /// Purges deleted rooms and accounts.
    pub(crate) async fn purge(&self, deadline: Instant) -> Report {
        let mut report = Report::default();
        let mut left = self.deleted(deadline, &mut report).await;
        while report.items_purged < ITEMS
            && let Some(next) = left.pop_front()
        {
            match within(deadline, self.purge_some(next)).await {
                Ok(purged) => {
                    report += counted(next, purged);
                    // What comes no further waits for something else: the next run looks again.
                    if !purged.finished && purged.items > 0 {
                        left.push_back(next.begun());
                    }
                }
                Err(StepFailed::OutOfTime) => {
                    tracing::info!(left = left.len() + 1, "the purge goes on in the next run");
                    break;
                }
                Err(error) => {
                    tracing::warn!(deleted = ?next, %error, "a purge failed");
                    report.failed_steps += 1;
                }
            }
        }
        report
    }

    /// What waits to be purged, of both kinds in turns: many of the one don't keep the other waiting,
    /// and an account waits for its rooms.
    async fn deleted(&self, deadline: Instant, report: &mut Report) -> VecDeque<Deleted> {
        let (mut rooms, mut accounts) = (Vec::new(), Vec::new());
        match within(deadline, self.store.rooms_to_purge(LISTED)).await {
            Ok(found) => {
                report.steps += 1;
                let found = found.into_iter();
                rooms.extend(found.map(|(user, room)| Deleted::Room { user, room, begun: false }));
            }
            Err(error) => {
                report.failed_steps += 1;
                tracing::error!(%error, "deleted rooms were not listed");
            }
        }
        match within(deadline, self.store.accounts_to_purge(LISTED)).await {
            Ok(found) => {
                report.steps += 1;
                accounts.extend(found.into_iter().map(Deleted::Account));
            }
            Err(error) => {
                report.failed_steps += 1;
                tracing::error!(%error, "deleted accounts were not listed");
            }
        }
        in_turns(&rooms, &accounts)
    }

    /// One step on the way.
    async fn purge_some(&self, deleted: Deleted) -> Result<Purged, StoreError> {
        match deleted {
            Deleted::Room { user, room, begun } => {
                let purged = self.store.purge_messages(room, ITEMS_A_STEP).await?;
                if begun || purged.items > 0 {
                    return Ok(purged);
                }
                self.store.purge_room(user, room).await
            }
            Deleted::Account(user) => self.purge_account(user).await,
        }
    }

    /// Rooms come first that were opened while the account was being deleted, and that nobody has
    /// deleted since. Once they are deleted they wait to be purged by themselves, and the account waits
    /// for them: a reply that is written to one of them is counted in the account's usage.
    async fn purge_account(&self, user: UserId) -> Result<Purged, StoreError> {
        let rooms = self.store.delete_rooms_of(user, ROOMS_A_STEP, self.clock.now()).await?;
        if !rooms.finished || self.store.has_rooms(user).await? {
            return Ok(Purged { finished: false, ..rooms });
        }
        let items = self.store.purge_account(user, ITEMS_A_STEP).await?;
        Ok(Purged { items: rooms.items + items.items, ..items })
    }
}

impl Deleted {
    fn begun(self) -> Self {
        match self {
            Self::Room { user, room, .. } => Self::Room { user, room, begun: true },
            account @ Self::Account(_) => account,
        }
    }
}

/// One of these, one of those, and so on; in the end what is left of either.
fn in_turns<T: Copy>(these: &[T], those: &[T]) -> VecDeque<T> {
    let turns = 0..these.len().max(those.len());
    turns.flat_map(|turn| [these.get(turn), those.get(turn)]).flatten().copied().collect()
}

fn counted(deleted: Deleted, purged: Purged) -> Report {
    let (rooms, accounts) = match deleted {
        Deleted::Room { .. } => (1, 0),
        Deleted::Account(_) => (0, 1),
    };
    let finished = usize::from(purged.finished);
    Report {
        rooms_purged: rooms * finished,
        accounts_purged: accounts * finished,
        items_purged: purged.items,
        steps: 1,
        ..Report::default()
    }
}

#[cfg(test)]
mod tests {
    use super::in_turns;

    #[test]
    fn many_of_one_kind_keep_none_of_the_other_waiting() {
        assert_eq!(in_turns(&[1, 2, 3, 4], &[10, 20]), [1, 10, 2, 20, 3, 4]);
        assert_eq!(in_turns(&[1], &[10, 20, 30]), [1, 10, 20, 30]);
        assert!(in_turns::<u8>(&[], &[]).is_empty());
    }
}
