//! What an account may do besides using Parley.

use serde::{Deserialize, Serialize};

/// A role, granted by the `parley` command and by nothing that the API offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Runs this deployment: sees how its parts are.
    Operator,
}

impl Role {
    /// As it is kept, and as tokens say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
        }
    }
}
