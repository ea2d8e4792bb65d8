//! When a question is put to the model again, and when it has been often enough.

use std::time::Duration;

use jiff::Timestamp;
use shared::store::FailedAttempts;

/// How often a question is put to the model altogether.
const MOST: u32 = 5;

/// How long after the first vain attempt the last one may begin, seconds.
const BOUND: i64 = 300;

/// The waits double from here, up to the longest, with full jitter above half of it.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// What follows a vain attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Ask again after this.
    Retry(Duration),
    /// Say that there will be no answer.
    GiveUp,
}

/// Decides after an attempt that failed in passing. `asked_for` is the wait that the model's service
/// asked for; `jitter` is a random number from 0 to 1.
pub(crate) fn next(
    attempts: FailedAttempts,
    asked_for: Option<Duration>,
    now: Timestamp,
    jitter: f64,
) -> Next {
    let wait = asked_for.unwrap_or_else(|| backoff(attempts.count, jitter));
    let since = now.as_second() - attempts.since.as_second();
    let waited = i64::try_from(wait.as_secs()).unwrap_or(i64::MAX);
    if attempts.count >= MOST || since.saturating_add(waited) > BOUND {
        Next::GiveUp
    } else {
        Next::Retry(wait)
    }
}

/// The wait after `failures` in a row.
pub(crate) fn backoff(failures: u32, jitter: f64) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(1 << failures.saturating_sub(1).min(16));
    doubled.min(LONGEST_WAIT).mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(count: u32, seconds: i64, asked_for: Option<u64>) -> Next {
        let since: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let now = since + Duration::from_secs(seconds.unsigned_abs());
        let asked_for = asked_for.map(Duration::from_secs);
        next(FailedAttempts { count, since }, asked_for, now, 1.0)
    }

    #[test]
    fn waits_double() {
        let waits = [1, 2, 3, 4].map(|count| after(count, 0, None));
        let expected = [1, 2, 4, 8].map(|seconds| Next::Retry(Duration::from_secs(seconds)));
        assert_eq!(waits, expected);
        assert_eq!(backoff(40, 1.0), LONGEST_WAIT);
        assert_eq!(backoff(1, 0.0), FIRST_WAIT / 2);
    }

    #[test]
    fn the_fifth_vain_attempt_is_the_last() {
        assert_ne!(after(4, 10, None), Next::GiveUp);
        assert_eq!(after(5, 10, None), Next::GiveUp);
    }

    #[test]
    fn nobody_waits_longer_than_five_minutes() {
        assert_ne!(after(2, 290, None), Next::GiveUp);
        assert_eq!(after(2, 299, None), Next::GiveUp);
        assert_eq!(after(1, 200, Some(101)), Next::GiveUp);
    }

    #[test]
    fn the_wait_that_the_service_asks_for_is_kept() {
        assert_eq!(after(1, 0, Some(38)), Next::Retry(Duration::from_secs(38)));
    }
}
