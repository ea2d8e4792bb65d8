//! How long to wait for others that write the same, and how often.

use std::time::Duration;

const TRIES: u32 = 12;
const FIRST_WAIT: Duration = Duration::from_millis(8);
const LONGEST_WAIT: Duration = Duration::from_millis(400);

/// The tries of a write that others were quicker with: 12 altogether, in about 3 s at the most. The
/// waits between them double and have full jitter, since those who wait equally long meet again
/// (<https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/>).
#[derive(Debug, Default)]
pub struct Backoff(u32);

impl Backoff {
    /// Waits before the next try; `false`, at once, when there have been enough.
    pub async fn again(&mut self) -> bool {
        self.0 += 1;
        if self.0 >= TRIES {
            return false;
        }
        let longest = FIRST_WAIT.saturating_mul(1 << self.0.min(16)).min(LONGEST_WAIT);
        tokio::time::sleep(longest.mul_f64(rand::random::<f64>())).await;
        true
    }
}
