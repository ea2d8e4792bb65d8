//! Which of the parts need an operator. Counts that only grow with the work to do are for people to
//! judge; dead letters, and a question that nobody answers, are not.

use crate::status::{
    Cache, CacheService, ModelState, OldestPending, Overall, Queue, Status, Table,
};

/// A question that waits for longer than this, seconds, waits for more than a passing fault: the
/// sweeper has queued it again several times (it tries every minute, and SQS takes the same one every five).
const OVERDUE: u64 = 600;

impl Status {
    /// With the verdict on all parts.
    pub(crate) fn judged(self) -> Self {
        let parts = [
            ("tables.users", self.tables.users.is_well()),
            ("tables.chatrooms", self.tables.chatrooms.is_well()),
            ("tables.messages", self.tables.messages.is_well()),
            ("queue", self.queue.depth().is_some()),
            ("dead_letter_queue", self.dead_letter_queue.depth() == Some(0)),
            ("oldest_pending", self.oldest_pending.is_well()),
            ("cache", self.cache != Cache::Unreachable),
            ("cache_service", self.cache_service.as_ref().is_none_or(CacheService::is_well)),
            ("model", self.model.status == ModelState::Ok),
        ];
        let unwell = parts.into_iter().filter(|(_, is_well)| !is_well);
        let needs_attention: Vec<_> = unwell.map(|(name, _)| name).collect();
        let status = if needs_attention.is_empty() { Overall::Ok } else { Overall::Degraded };
        Self { status, needs_attention, ..self }
    }
}

impl Table {
    fn is_well(&self) -> bool {
        matches!(self, Self::Ok { .. })
    }
}

impl Queue {
    /// All of its messages.
    fn depth(&self) -> Option<u64> {
        match self {
            Self::Ok { visible, in_flight, delayed } => Some(visible + in_flight + delayed),
            Self::Unreachable => None,
        }
    }
}

impl OldestPending {
    fn is_well(&self) -> bool {
        match self {
            Self::Ok { age_seconds } => age_seconds.is_none_or(|age| age <= OVERDUE),
            Self::Unreachable => false,
        }
    }
}

impl CacheService {
    fn is_well(&self) -> bool {
        matches!(self, Self::Ok { .. })
    }
}
