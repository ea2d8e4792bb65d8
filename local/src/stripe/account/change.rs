//! What came of an order.

use serde::Serialize;
use serde_json::Value;

use super::events::Made;

/// What an order to the stand-in came to.
#[derive(Debug, Clone, Serialize)]
pub struct Change {
    /// The object that it was about, as the API shows it now.
    pub object: Value,
    /// The events that it made, in the order in which they arose.
    pub events: Vec<Made>,
}
