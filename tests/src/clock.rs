//! The wall clock, for what the server tells in wall-clock terms.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};

/// Now.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "a black-box test has no other clock than the wall's"
)]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Seconds until the daily quota starts again, at midnight UTC.
#[must_use]
fn seconds_to_midnight() -> i64 {
    let now = now();
    let midnight = now.to_zoned(TimeZone::UTC).tomorrow().unwrap().start_of_day().unwrap();
    midnight.timestamp().as_second() - now.as_second()
}

/// Whether so many seconds from now is the next midnight (UTC), give or take what a busy machine takes
/// between the answer that told them and now.
#[must_use]
pub fn is_midnight_in(seconds: i64) -> bool {
    (seconds - seconds_to_midnight()).abs() <= 30
}

/// Waits until the day is not about to end: a test that counts the day's messages can't straddle two.
pub async fn clear_of_midnight() {
    clear_of_midnight_for(Duration::from_mins(2)).await;
}

/// The same for what takes `longest`.
pub(crate) async fn clear_of_midnight_for(longest: Duration) {
    let left = seconds_to_midnight();
    if left.unsigned_abs() < longest.as_secs() {
        tokio::time::sleep(Duration::from_secs(left.unsigned_abs() + 1)).await;
    }
}
