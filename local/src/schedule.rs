//! The schedules: what EventBridge does for the sweeper and the reconciler.

use std::{convert::Infallible, time::Duration};

use reconciler::Reconciler;
use shared::config::{ConfigError, Env};
use sweeper::{Order, Sweeper};
use tokio::{sync::watch, task::JoinHandle, time::MissedTickBehavior};

/// How often each of them runs.
pub const EVERY: Duration = Duration::from_mins(1);

/// Both, until `stopping`. The sweeper begins at once, and thoroughly if the queue has just been `lost`.
/// They run every `SWEEP_EVERY_SECONDS` and `RECONCILE_EVERY_SECONDS`, for those who don't want to wait.
pub(crate) fn start(
    sweeper: Sweeper,
    lost: bool,
    reconciler: Reconciler,
    env: &Env,
    mut stopping: watch::Receiver<bool>,
) -> Result<JoinHandle<()>, ConfigError> {
    let [sweeps, reconciles] = ["SWEEP_EVERY_SECONDS", "RECONCILE_EVERY_SECONDS"]
        .map(|name| env.seconds(name, EVERY.as_secs()));
    let (sweeps, reconciles) = (sweeps?, reconciles?);
    Ok(tokio::spawn(async move {
        let never = async {
            tokio::join!(sweep(sweeper, lost, sweeps), reconcile(reconciler, reconciles));
        };
        tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => {}
            () = never => {}
        }
    }))
}

async fn sweep(sweeper: Sweeper, lost: bool, every: Duration) -> Infallible {
    let mut order = Order { recover: lost };
    let mut ticks = ticks(every);
    loop {
        ticks.tick().await;
        match sweeper.run(order).await {
            // What was lost stays lost until a run has gone through.
            Ok(_) => order = Order::default(),
            Err(error) => tracing::error!(%error, "the sweeper failed"),
        }
    }
}

async fn reconcile(reconciler: Reconciler, every: Duration) -> Infallible {
    let mut ticks = ticks(every);
    loop {
        ticks.tick().await;
        if let Err(error) = reconciler.run().await {
            tracing::error!(%error, "the reconciler failed");
        }
    }
}

fn ticks(every: Duration) -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
