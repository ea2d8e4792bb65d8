//! How webhooks are delivered.

use serde::{Deserialize, Serialize};

/// How webhooks are to be delivered; by default each event once, as soon as it arises.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookSettings {
    /// Each event leaves so many milliseconds after it arose.
    pub delay_ms: u64,
    /// Each event is delivered so many times.
    pub copies: u32,
    /// Events that arise within 200 ms of one another leave in reverse order, one after the other.
    pub reorder: bool,
    /// What is never delivered, but if it is told to.
    pub drop: Dropped,
    /// Nothing is delivered, but if it is told to, until this is false again.
    pub hold: bool,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self { delay_ms: 0, copies: 1, reorder: false, drop: Dropped::default(), hold: false }
    }
}

impl WebhookSettings {
    /// Nothing is delivered, but if it is told to.
    #[must_use]
    pub fn held() -> Self {
        Self { hold: true, ..Self::default() }
    }

    /// Whether an event of this type is dropped.
    pub(super) fn drops(&self, kind: &str) -> bool {
        match &self.drop {
            Dropped::All => true,
            Dropped::Types(types) => types.iter().any(|dropped| dropped == kind),
        }
    }
}

/// Events that are dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dropped {
    /// All of them.
    All,
    /// Those of these types.
    #[serde(untagged)]
    Types(Vec<String>),
}

impl Default for Dropped {
    fn default() -> Self {
        Self::Types(Vec::new())
    }
}
