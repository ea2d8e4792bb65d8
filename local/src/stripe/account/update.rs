//! What an integration may change of a subscription.

use jiff::Timestamp;

use super::super::model::Metadata;

/// What an integration may change of a subscription. None leaves a thing as it is.
#[derive(Debug, Default)]
pub(crate) struct Update {
    pub(crate) cancel_at_period_end: Option<bool>,
    pub(crate) cancel_at: Option<End>,
    /// An empty value removes a name.
    pub(crate) metadata: Metadata,
    pub(crate) price: Option<String>,
    pub(crate) quantity: Option<u64>,
    pub(crate) description: Option<String>,
}

/// When a subscription is to end.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    At(Timestamp),
    Never,
}
