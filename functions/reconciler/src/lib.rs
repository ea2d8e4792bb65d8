//! The reconciler, run every minute: asks Stripe about the subscriptions that have gone without news
//! when news were due, so that a lost webhook heals; and ends what deleted accounts still have there.
//!
//! A run is bounded in time and in users; the next one goes on where it stopped. A user whose turn
//! fails is put off for a while, so that they never keep the others waiting. Everything here may run
//! twice, or beside another run or a webhook, without harm: the ledger sees to that.

mod report;

use std::{sync::Arc, time::Duration};

use billing::{Hint, Ledger, Stripe, SyncFailed, Synced};
use futures_util::{StreamExt, stream};
use jiff::SignedDuration;
use lambda_runtime::LambdaEvent;
use serde::Deserialize;
use shared::{
    aws::Aws,
    config::{ConfigError, Env},
    domain::{Clock, UserId},
    store::{Billing, Store, StoreError},
};
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument, info_span};

pub use report::{ReconcileFailed, Report};

/// When a run stops, from its beginning. The function itself may run for 60 s.
pub const UNTIL: Duration = Duration::from_secs(45);
/// The most users of one run, for each partition of their index.
const LISTED: u16 = 100;
/// How many are asked about at once: Stripe allows 25 requests a second in test mode
/// (<https://docs.stripe.com/rate-limits>).
const AT_ONCE: usize = 4;
/// How long a user is put off whose turn has failed: the first time so long, then twice as long each
/// time, up to the longest, until a turn succeeds.
const PUT_OFF: SignedDuration = SignedDuration::from_mins(1);
const LONGEST_PUT_OFF: SignedDuration = SignedDuration::from_mins(15);

/// What is read of an EventBridge event: nothing.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct Event {}

/// What a run stands on.
pub struct Reconciler {
    ledger: Ledger,
    clock: Arc<dyn Clock>,
}

/// What a user's turn came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// What is stored is what Stripe says.
    Synced,
    /// What a deleted account had at Stripe has ended.
    Closed,
    /// Nothing is left to do.
    Nothing,
}

/// A turn that came to nothing.
struct TurnFailed {
    error: SyncFailed,
    /// How often the user had been put off before; none if that could not be read.
    before: Option<u32>,
}

impl Reconciler {
    /// From `USERS_TABLE`, `SUBSCRIPTION_GRACE_SECONDS`, `STRIPE_BASE_URL` and what
    /// [`Aws::from_env`] reads. `STRIPE_SECRET_KEY` is a secret: see [`Aws::secrets`].
    pub async fn from_env(env: &Env, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        let aws = Aws::from_env(env)?;
        let [key] = aws.secrets(env, ["STRIPE_SECRET_KEY"]).await?;
        let stripe = Stripe::from_env(env, &key)?;
        Ok(Self {
            ledger: Ledger::from_env(env, Store::from_env(env, &aws)?, stripe, Arc::clone(&clock))?,
            clock,
        })
    }

    /// One run. Fails only if all that was tried has failed.
    pub async fn run(&self) -> Result<Report, ReconcileFailed> {
        let deadline = Instant::now() + UNTIL;
        let listed = self.ledger.store().billing_due(LISTED, self.clock.now());
        let users = match timeout_at(deadline, listed).await {
            Ok(Ok(users)) => users,
            Ok(Err(error)) => return Err(ReconcileFailed::new(error)),
            Err(_) => return Err(ReconcileFailed::new("out of time")),
        };
        let mut turns = stream::iter(users)
            .map(|user| async move {
                let turn = self.turn(user).instrument(info_span!("turn", user_id = %user));
                (user, turn.await)
            })
            .buffer_unordered(AT_ONCE);
        let mut report = Report::default();
        while let Ok(Some((user, turn))) = timeout_at(deadline, turns.next()).await {
            match turn {
                Ok(turn) => report.count(turn),
                Err(failed) => {
                    let error = &failed.error;
                    tracing::warn!(SubscriptionsPutOff = 1, user_id = %user, %error, "put off");
                    report.put_off += 1;
                    self.put_off(user, &failed).await;
                }
            }
        }
        report.log();
        report.into_result()
    }

    async fn turn(&self, user: UserId) -> Result<Turn, TurnFailed> {
        let read = self.ledger.store().billing(user).await;
        let read = read.map_err(|error| TurnFailed { error: error.into(), before: None })?;
        // The index lags behind the table.
        let Some(billing) = read else { return Ok(Turn::Nothing) };
        let before = Some(billing.put_off);
        self.ask(user, billing).await.map_err(|error| TurnFailed { error, before })
    }

    async fn ask(&self, user: UserId, read: Billing) -> Result<Turn, SyncFailed> {
        if read.deleted {
            self.ledger.close(user, &read).await?;
            return Ok(Turn::Closed);
        }
        Ok(match self.ledger.sync_from(user, read, &Hint::default()).await? {
            Synced::Stored { changed, .. } => {
                if changed {
                    tracing::info!(SubscriptionsChanged = 1, "changed by the reconciler");
                }
                Turn::Synced
            }
            Synced::Seen => Turn::Synced,
            Synced::Gone => Turn::Nothing,
        })
    }

    async fn put_off(&self, user: UserId, failed: &TurnFailed) {
        let now = self.clock.now();
        let due = now.as_second() + failed.wait().as_secs();
        if let Err(error) = self.ledger.store().postpone_billing(user, due, now).await {
            tracing::warn!(user_id = %user, %error, "not even put off");
        }
    }
}

impl TurnFailed {
    /// Until the user's next turn. Time doesn't mend an item that can't be read: it waits the longest.
    fn wait(&self) -> SignedDuration {
        match self.error {
            SyncFailed::Store(StoreError::Corrupt(_)) => LONGEST_PUT_OFF,
            _ => (PUT_OFF * (1 << self.before.unwrap_or(0).min(10))).min(LONGEST_PUT_OFF),
        }
    }
}

/// One run.
pub async fn handle(
    reconciler: &Reconciler,
    _: LambdaEvent<Event>,
) -> Result<Report, ReconcileFailed> {
    reconciler.run().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_a_minute_to_a_quarter_of_an_hour() {
        let wait = |before| {
            let failed = TurnFailed { error: SyncFailed::Contended, before };
            failed.wait().as_mins()
        };
        let waits = [0, 1, 2, 3, 4, 5, u32::MAX].map(|before| wait(Some(before)));
        assert_eq!(waits, [1, 2, 4, 8, 15, 15, 15]);
        assert_eq!(wait(None), 1);
    }
}
