//! Figures, and how they are written.

use std::time::Duration;

/// The one of these, in order, below or at which this share of them is (nearest rank).
///
/// # Panics
/// There are none.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted[rank - 1]
}

/// As a number to reckon with.
pub(crate) fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap())
}

/// The middle one.
pub(crate) fn median(mut values: Vec<Duration>) -> Duration {
    values.sort_unstable();
    percentile(&values, 50)
}

/// Milliseconds: two digits after the point below 10, else none.
pub(crate) fn ms(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1_000.0;
    if ms < 9.995 { format!("{ms:.2}") } else { format!("{ms:.0}") }
}

/// A whole number, with commas.
pub(crate) fn whole(number: f64) -> String {
    let digits = format!("{number:.0}");
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

/// How many times, one digit after the point.
pub(crate) fn times(ratio: f64) -> String {
    format!("{ratio:.1} ×")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_values_by_nearest_rank() {
        let values: Vec<_> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&values, 50), Duration::from_millis(100));
        assert_eq!(percentile(&values, 99), Duration::from_millis(198));
        assert_eq!(percentile(&values[..1], 99), Duration::from_millis(1));
        assert_eq!(median(values.into_iter().rev().take(3).collect()), Duration::from_millis(199));
    }

    #[test]
    fn figures_are_written_with_no_more_digits_than_they_have() {
        assert_eq!(ms(Duration::from_micros(1_234)), "1.23");
        assert_eq!(ms(Duration::from_micros(12_345)), "12");
        assert_eq!(ms(Duration::from_micros(9_999)), "10");
        assert_eq!(whole(1_234_567.4), "1,234,567");
        assert_eq!(whole(999.0), "999");
        assert_eq!(times(12.34), "12.3 ×");
    }
}
