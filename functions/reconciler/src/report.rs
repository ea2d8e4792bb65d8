//! What a run came to.

use lambda_runtime::Diagnostic;
use serde::Serialize;

use crate::Turn;

/// What a run has done, in counts of users.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whose tier is now what Stripe says.
    pub synced: usize,
    /// Deleted ones who have nothing at Stripe any more.
    pub closed: usize,
    /// For whom nothing was left to do.
    pub nothing: usize,
    /// Whose turn failed: they are asked about again later.
    pub put_off: usize,
}

/// All that a run tried has failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("nothing was reconciled: {0}")]
pub struct ReconcileFailed(String);

impl ReconcileFailed {
    pub(crate) fn new(reason: impl ToString) -> Self {
        Self(reason.to_string())
    }
}

impl Report {
    pub(crate) fn count(&mut self, turn: Turn) {
        match turn {
            Turn::Synced => self.synced += 1,
            Turn::Closed => self.closed += 1,
            Turn::Nothing => self.nothing += 1,
        }
    }

    /// One line in the log.
    pub(crate) fn log(&self) {
        tracing::info!(
            reconcile.synced = self.synced,
            reconcile.closed = self.closed,
            reconcile.nothing = self.nothing,
            reconcile.put_off = self.put_off,
            "reconciled"
        );
    }

    /// An error if nothing at all succeeded.
    pub(crate) fn into_result(self) -> Result<Self, ReconcileFailed> {
        if self.put_off > 0 && self.synced + self.closed + self.nothing == 0 {
            return Err(ReconcileFailed::new(format!("all {} were put off", self.put_off)));
        }
        Ok(self)
    }
}

impl From<ReconcileFailed> for Diagnostic {
    fn from(error: ReconcileFailed) -> Self {
        Self { error_type: "ReconcileFailed".to_owned(), error_message: error.to_string() }
    }
}
