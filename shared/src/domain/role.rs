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
    use serde_json::{Value, json};

    #[test]
    fn a_role_is_kept_as_it_is_shown() {
        assert_eq!(Role::Operator.as_str(), "operator");
        assert_eq!(serde_json::to_value(Role::Operator).unwrap(), "operator");
    }

    #[test]
    fn a_role_of_a_later_version_is_none_and_what_is_no_text_is_refused() {
        assert_eq!(Role::known(json!("operator")).unwrap(), Some(Role::Operator));
        for unknown in [json!("janitor"), json!("Operator"), json!(""), Value::Null] {
            assert_eq!(Role::known(unknown).unwrap(), None);
        }
        assert!(Role::known(json!(7)).is_err());
    }
}
