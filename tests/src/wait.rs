//! Waiting for what happens in the background: polling with a bound, never sleeping for luck.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long a test waits for what should take milliseconds. Long enough for a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

const FIRST_INTERVAL: Duration = Duration::from_millis(20);
const LONGEST_INTERVAL: Duration = Duration::from_millis(250);

/// Asks `probe` until it gives a value, every 20 ms at first, then less often, and panics after `bound`.
pub async fn eventually<T>(what: &str, bound: Duration, probe: impl AsyncFn() -> Option<T>) -> T {
    let deadline = Instant::now() + bound;
    let mut interval = FIRST_INTERVAL;
    loop {
        if let Some(value) = probe().await {
            return value;
        }
        assert!(Instant::now() < deadline, "not within {bound:?}: {what}");
        sleep(interval).await;
        interval = interval.mul_f64(1.1).min(LONGEST_INTERVAL);
    }
}
