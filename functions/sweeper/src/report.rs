//! What a run came to.

use std::ops::AddAssign;

use lambda_runtime::Diagnostic;
use serde::Serialize;

/// What a run has done, in counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How long the oldest message has waited for its reply when the run began, in seconds: 0 if
    /// none has for long enough to be queued again; none if that can't be told.
    pub oldest_pending: Option<u64>,
    /// Messages sent to the queue again.
    pub queued: usize,
    /// Messages that were given up.
    pub given_up: usize,
    /// Rooms of which nothing is left.
    pub rooms_purged: usize,
    /// Accounts of which nothing is left.
    pub accounts_purged: usize,
    /// Items that are not stored, or not in view, any more.
    pub items_purged: usize,
    /// Steps that succeeded: a list read, a message queued or given up, a batch purged.
    pub steps: usize,
    /// Steps that failed; the next run takes them again.
    pub failed_steps: usize,
}

/// All that a run tried has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("all {0} steps failed")]
pub struct SweepFailed(usize);

impl Report {
    /// One line in the log.
    pub(crate) fn log(&self) {
        tracing::info!(
            OldestPending = self.oldest_pending,
            sweep.queued = self.queued,
            sweep.given_up = self.given_up,
            sweep.rooms_purged = self.rooms_purged,
            sweep.accounts_purged = self.accounts_purged,
            sweep.items_purged = self.items_purged,
            sweep.failed_steps = self.failed_steps,
            "swept"
        );
    }

    /// An error if nothing at all succeeded.
    pub(crate) fn into_result(self) -> Result<Self, SweepFailed> {
        if self.steps == 0 && self.failed_steps > 0 {
            Err(SweepFailed(self.failed_steps))
        } else {
            Ok(self)
        }
    }
}

impl AddAssign for Report {
    fn add_assign(&mut self, other: Self) {
        self.oldest_pending = self.oldest_pending.max(other.oldest_pending);
        self.queued += other.queued;
        self.given_up += other.given_up;
        self.rooms_purged += other.rooms_purged;
        self.accounts_purged += other.accounts_purged;
        self.items_purged += other.items_purged;
        self.steps += other.steps;
        self.failed_steps += other.failed_steps;
    }
}

impl From<SweepFailed> for Diagnostic {
    fn from(error: SweepFailed) -> Self {
        Self { error_type: "SweepFailed".to_owned(), error_message: error.to_string() }
    }
}
