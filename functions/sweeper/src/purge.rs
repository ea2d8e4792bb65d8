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
    Room(UserId, ChatroomId),
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
                        left.push_back(next);
                    }
                }
                Err(StepFailed::OutOfTime) => break,
                Err(error) => {
                    tracing::warn!(deleted = ?next, %error, "a purge failed");
                    report.failed_steps += 1;
                }
            }
        }
        report
    }

    /// What waits to be purged, of both kinds.
    async fn deleted(&self, deadline: Instant, report: &mut Report) -> VecDeque<Deleted> {
        let mut found = VecDeque::new();
        match within(deadline, self.store.accounts_to_purge(LISTED)).await {
            Ok(accounts) => {
                report.steps += 1;
                found.extend(accounts.into_iter().map(Deleted::Account));
            }
            Err(error) => {
                report.failed_steps += 1;
                tracing::error!(%error, "deleted accounts were not listed");
            }
        }
        match within(deadline, self.store.rooms_to_purge(LISTED)).await {
            Ok(rooms) => {
                report.steps += 1;
                found.extend(rooms.into_iter().map(|(user, room)| Deleted::Room(user, room)));
            }
            Err(error) => {
                report.failed_steps += 1;
                tracing::error!(%error, "deleted rooms were not listed");
            }
        }
        found
    }

    /// One step on the way.
    async fn purge_some(&self, deleted: Deleted) -> Result<Purged, StoreError> {
        match deleted {
            Deleted::Room(user, room) => self.store.purge_room(user, room, ITEMS_A_STEP).await,
            Deleted::Account(user) => self.purge_account(user).await,
        }
    }

    /// Rooms come first that were opened while the account was being deleted, and that nobody has
    /// deleted since. Once they are deleted they wait to be purged by themselves: nothing but the
    /// rooms' own index is needed for that, and the account may go before them.
    async fn purge_account(&self, user: UserId) -> Result<Purged, StoreError> {
        let rooms = self.store.delete_rooms_of(user, ROOMS_A_STEP, self.clock.now()).await?;
        if !rooms.finished {
            return Ok(rooms);
        }
        let items = self.store.purge_account(user, ITEMS_A_STEP).await?;
        Ok(Purged { items: rooms.items + items.items, ..items })
    }
}

fn counted(deleted: Deleted, purged: Purged) -> Report {
    let (rooms, accounts) = match deleted {
        Deleted::Room(..) => (1, 0),
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
