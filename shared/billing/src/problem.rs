//! What a caller is told of a failure.

use shared::http::Problem;

use crate::{StripeFailed, SyncFailed};

impl From<StripeFailed> for Problem {
    fn from(error: StripeFailed) -> Self {
        match error {
            // With these it says that it is busy.
            StripeFailed::Refused { status: 409 | 424 | 429, .. }
            | StripeFailed::Unavailable(_)
            | StripeFailed::Failed(_) => Self::unavailable(error),
            StripeFailed::Refused { .. } | StripeFailed::Unreadable => Self::internal(error),
        }
    }
}

impl From<SyncFailed> for Problem {
    fn from(error: SyncFailed) -> Self {
        match error {
            SyncFailed::Store(error) => error.into(),
            SyncFailed::Stripe(error) => error.into(),
            SyncFailed::Contended => Self::unavailable(error),
        }
    }
}
