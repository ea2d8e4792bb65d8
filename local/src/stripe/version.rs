//! The versions of the API whose shapes the stand-in knows.

/// What the objects in answers and events look like.
///
/// Stripe renders events in the version that the account, or the webhook endpoint, was created with: an
/// integration meets old shapes for as long as nobody upgrades it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ApiVersion {
    /// `2026-09-30.endive`: billing periods on the subscription's items, and an invoice names its
    /// subscription in `parent.subscription_details`.
    #[default]
    Latest,
    /// `2020-08-27`: billing periods at the top of the subscription, and an invoice names its
    /// subscription at the top.
    Legacy,
}

impl ApiVersion {
    /// Its name, as in `api_version` of an event.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Latest => "2026-09-30.endive",
            Self::Legacy => "2020-08-27",
        }
    }

    pub(crate) fn is_legacy(self) -> bool {
        self == Self::Legacy
    }
}
