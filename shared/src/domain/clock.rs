//! Time, passed in: no rule reads the wall clock by itself.

use std::fmt::Debug;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// Where "now" comes from.
pub trait Clock: Debug + Send + Sync {
    /// The present instant, UTC.
    fn now(&self) -> Timestamp;
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The UTC day that `at` lies in: the day that quotas and usage are counted by.
#[must_use]
pub fn day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// The first instant of `day` (UTC).
#[must_use]
pub fn start_of(day: Date) -> Timestamp {
    day.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |midnight| midnight.timestamp())
}

/// The first instant after `day` (UTC): when a daily quota resets.
///
/// The last representable day has no successor; its own midnight is returned for it.
#[must_use]
pub fn end_of(day: Date) -> Timestamp {
    start_of(day.tomorrow().unwrap_or(day))
}

/// Whole seconds from `now` until `then`, rounded up, never below zero: a `Retry-After` value.
#[must_use]
pub fn seconds_until(then: Timestamp, now: Timestamp) -> u64 {
    let millis = then.as_millisecond().saturating_sub(now.as_millisecond()).max(0);
    millis.unsigned_abs().div_ceil(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_machines_clock_tells_the_time() {
        let before = SystemClock.now();
        assert!(before > at("2026-01-01T00:00:00Z") && SystemClock.now() >= before);
    }

    #[test]
    fn a_day_ends_at_midnight_utc() {
        let late = at("2026-12-31T23:59:59.999Z");
        assert_eq!(end_of(day(late)), at("2027-01-01T00:00:00Z"));
        assert_eq!(day(end_of(day(late))), day(late).tomorrow().unwrap());
    }

    #[test]
    fn retry_after_is_rounded_up_and_never_negative() {
        let now = at("2026-01-01T00:00:00Z");
        assert_eq!(seconds_until(at("2026-01-01T00:00:00.001Z"), now), 1);
        assert_eq!(seconds_until(at("2026-01-01T00:00:30Z"), now), 30);
        assert_eq!(seconds_until(at("2025-01-01T00:00:00Z"), now), 0);
    }
}
