//! `parley sweep`: the sweeper, run once from here.

use std::{fmt, sync::Arc};

use clap::Args;
use serde::Serialize;
use shared::{config::Env, domain::Clock};
use sweeper::{Order, Sweeper};

use super::{Progress, Report};
use crate::Error;

/// How it is to sweep.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Options {
    /// The queue has lost its messages: queue all that is pending, however new, and give up none
    #[arg(long)]
    pub recover: bool,
}

/// What a run has done.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Swept(sweeper::Report);

/// Runs the sweeper of the deployment `env` once, with the operator's own permissions. It may run
/// beside the scheduled one.
///
/// # Errors
/// All that it tried has failed, or a setting is unusable.
pub async fn sweep(
    env: &Env,
    options: Options,
    clock: Arc<dyn Clock>,
    progress: Progress<'_>,
) -> Result<Swept, Error> {
    let sweeper = Sweeper::from_env(env, clock)?;
    progress("sweeping, for 45 seconds at most");
    Ok(Swept(sweeper.run(Order { recover: options.recover }).await?))
}

impl Report for Swept {
    fn exit_code(&self) -> u8 {
        u8::from(self.0.failed_steps > 0)
    }
}

impl fmt::Display for Swept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = &self.0;
        writeln!(f, "queued again     {}", report.queued)?;
        writeln!(f, "given up         {}", report.given_up)?;
        writeln!(f, "rooms purged     {}", report.rooms_purged)?;
        writeln!(f, "accounts purged  {}", report.accounts_purged)?;
        writeln!(f, "items purged     {}", report.items_purged)?;
        write!(f, "failed steps     {}", report.failed_steps)?;
        if report.failed_steps > 0 {
            write!(f, " (see above; the next run takes them again)")?;
        }
        Ok(())
    }
}
