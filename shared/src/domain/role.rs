//! What an account may do besides using Parley.

use serde::{Deserialize, Deserializer, Serialize};

/// A role, granted by the `parley` command and by nothing that the API offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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

    /// The role that is called so; none if this version knows none of that name, which a newer one may
    /// have granted: the account and its tokens are good all the same.
    ///
    /// # Errors
    /// It is no text.
    pub fn known<'de, D: Deserializer<'de>>(text: D) -> Result<Option<Self>, D::Error> {
        let text = Option::<String>::deserialize(text)?;
        Ok(text.filter(|text| text == Self::Operator.as_str()).map(|_| Self::Operator))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_the_name_that_tokens_know() {
        assert_eq!(Role::Operator.as_str(), "operator");
    }
}
