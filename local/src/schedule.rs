//! The schedule: what EventBridge does for the sweeper.

use std::time::Duration;

use sweeper::{Order, Sweeper};
use tokio::{sync::watch, task::JoinHandle, time::MissedTickBehavior};

/// How often the sweeper runs.
pub const EVERY: Duration = Duration::from_mins(1);

/// Runs the sweeper every minute until `stopping`; at once and thoroughly if the queue has just
/// been `lost`.
pub(crate) fn start(
    sweeper: Sweeper,
    lost: bool,
    mut stopping: watch::Receiver<bool>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut order = Order { recover: lost };
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = stopping.wait_for(|stopping| *stopping) => return,
                _ = ticks.tick() => {}
            }
            match sweeper.run(order).await {
                // What was lost stays lost until a run has gone through.
                Ok(_) => order = Order::default(),
                Err(error) => tracing::error!(%error, "the sweeper failed"),
            }
        }
    })
}
