//! The sweeper, run every minute: queues again what was accepted but never answered, gives up on
//! what has waited for too long, and purges what was deleted.
//!
//! A run is bounded in time and in items; the next one goes on where it stopped. Whatever fails is
//! logged and left to the next run as well, so that one bad item never stops the rest. Everything
//! here may run twice, or beside another run, without harm, but for what
//! `docs/adr/0006-deleting-by-tombstone.md` says of two purges of one room.

mod purge;
mod report;
mod requeue;

use std::{sync::Arc, time::Duration};

use lambda_runtime::LambdaEvent;
use serde::Deserialize;
use shared::{
    aws::Aws,
    config::{ConfigError, Env},
    domain::{Clock, Ids},
    queue::{Queue, QueueError},
    store::{Store, StoreError},
};
use tokio::time::{Instant, timeout_at};

pub use report::{Report, SweepFailed};

/// When the first part of a run stops, from its beginning.
const REQUEUE_UNTIL: Duration = Duration::from_secs(25);
/// When the second part, and with it the run, stops. The function itself may run for 60 s.
pub const PURGE_UNTIL: Duration = Duration::from_secs(45);

/// What a run is to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Order {
    /// The queue is known to have lost its messages: every pending one is queued, however new or
    /// old it is, and none is given up.
    #[serde(default)]
    pub recover: bool,
}

/// What is read of an EventBridge event: the order in its `detail`, which a scheduled event leaves
/// empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Event {
    /// The order.
    #[serde(default)]
    pub detail: Order,
}

/// What a run stands on.
#[derive(Debug)]
pub struct Sweeper {
    store: Store,
    queue: Queue,
    clock: Arc<dyn Clock>,
    ids: Ids,
    requeue_after: Duration,
    give_up_after: Duration,
}

/// Why one step of a run did not succeed.
#[derive(Debug, thiserror::Error)]
enum StepFailed {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error("out of time")]
    OutOfTime,
}

impl Sweeper {
    /// From `USERS_TABLE`, `CHATROOMS_TABLE`, `MESSAGES_TABLE`, `MESSAGE_QUEUE_URL` and what
    /// [`Aws::from_env`] reads. A message is queued again when it has been pending for
    /// `REQUEUE_AFTER_SECONDS` (120), and given up after `GIVE_UP_AFTER_SECONDS` (3,600).
    pub fn from_env(env: &Env, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        const GIVE_UP: &str = "GIVE_UP_AFTER_SECONDS";
        let aws = Aws::from_env(env)?;
        let requeue_after = env.seconds("REQUEUE_AFTER_SECONDS", 120)?;
        let give_up_after = env.seconds(GIVE_UP, 3_600)?;
        if give_up_after <= requeue_after {
            return Err(ConfigError::invalid(GIVE_UP, "must be above REQUEUE_AFTER_SECONDS"));
        }
        Ok(Self {
            store: Store::from_env(env, &aws)?,
            queue: Queue::from_env(env, &aws)?,
            clock,
            ids: Ids::default(),
            requeue_after,
            give_up_after,
        })
    }

    /// One run. Fails only if all that was tried has failed.
    pub async fn run(&self, order: Order) -> Result<Report, SweepFailed> {
        let started = Instant::now();
        let mut report = self.requeue(order, started + REQUEUE_UNTIL).await;
        report += self.purge(started + PURGE_UNTIL).await;
        report.log();
        report.into_result()
    }
}

/// One run, as the event orders it.
pub async fn handle(sweeper: &Sweeper, event: LambdaEvent<Event>) -> Result<Report, SweepFailed> {
    sweeper.run(event.payload.detail).await
}

/// What `step` comes to, unless the time is up before.
async fn within<T, E: Into<StepFailed>>(
    deadline: Instant,
    step: impl Future<Output = Result<T, E>>,
) -> Result<T, StepFailed> {
    match timeout_at(deadline, step).await {
        Ok(outcome) => outcome.map_err(Into::into),
        Err(_) => Err(StepFailed::OutOfTime),
    }
}
