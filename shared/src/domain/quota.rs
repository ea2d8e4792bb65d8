//! Tiers, and what each may use.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// What a user pays for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Free, with a daily quota.
    #[default]
    Basic,
    /// Paid, without one.
    Pro,
}

impl Tier {
    /// As stored and shown: `basic` or `pro`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Pro => "pro",
        }
    }
}

/// Messages a day; `None` is unlimited.
pub type DailyLimit = Option<u32>;

/// The limits of both tiers, from configuration, where 0 stands for "no limit".
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// A Basic user's messages per UTC day.
    pub basic_daily_messages: u32,
    /// A Basic user's messages per minute.
    pub basic_per_minute: u32,
    /// A Pro user's messages per minute (fair use).
    pub pro_per_minute: u32,
}

impl Limits {
    /// The daily quota of `tier`.
    #[must_use]
    pub fn daily(&self, tier: Tier) -> DailyLimit {
        match tier {
            Tier::Basic => Some(self.basic_daily_messages).filter(|&limit| limit > 0),
            Tier::Pro => None,
        }
    }

    /// The rate limit of `tier`, messages per minute; `None` is unlimited.
    #[must_use]
    pub fn per_minute(&self, tier: Tier) -> Option<u32> {
        let limit = match tier {
            Tier::Basic => self.basic_per_minute,
            Tier::Pro => self.pro_per_minute,
        };
        Some(limit).filter(|&limit| limit > 0)
    }
}

/// Units of the daily quota that were used on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// The UTC day that `used` belongs to.
    pub day: Date,
    /// Messages sent on it, failed ones given back.
    pub used: u32,
}

impl Tally {
    /// Units used on `today`: a tally of an earlier day counts for nothing. One of a later day is
    /// what a machine whose clock is behind sees at midnight, and counts.
    #[must_use]
    pub fn used_on(self, today: Date) -> u32 {
        if self.day >= today { self.used } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_tier_has_the_name_that_is_stored() {
        for (tier, name) in [(Tier::Basic, "basic"), (Tier::Pro, "pro")] {
            assert_eq!(tier.as_str(), name);
        }
    }

    #[test]
    fn zero_means_no_limit() {
        let limits = Limits { basic_daily_messages: 0, basic_per_minute: 0, pro_per_minute: 9 };
        assert_eq!(limits.daily(Tier::Basic), None);
        assert_eq!(limits.per_minute(Tier::Basic), None);
        assert_eq!(limits.per_minute(Tier::Pro), Some(9));
    }

    #[test]
    fn pro_has_no_daily_limit() {
        let limits = Limits { basic_daily_messages: 5, basic_per_minute: 1, pro_per_minute: 1 };
        assert_eq!(limits.daily(Tier::Basic), Some(5));
        assert_eq!(limits.daily(Tier::Pro), None);
    }

    #[test]
    fn yesterdays_tally_counts_for_nothing_today() {
        let tally = Tally { day: date(2026, 11, 20), used: 5 };
        assert_eq!(tally.used_on(date(2026, 11, 20)), 5);
        assert_eq!(tally.used_on(date(2026, 11, 21)), 0);
        assert_eq!(tally.used_on(date(2026, 11, 19)), 5);
    }
}
