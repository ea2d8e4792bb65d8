//! Tiers on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::Tier;

/// What a user pays for.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SubscriptionTier {
    /// Free, with a daily limit.
    Basic,
    /// Paid, without one.
    Pro,
}

impl From<Tier> for SubscriptionTier {
    fn from(tier: Tier) -> Self {
        match tier {
            Tier::Basic => Self::Basic,
            Tier::Pro => Self::Pro,
        }
    }
}
