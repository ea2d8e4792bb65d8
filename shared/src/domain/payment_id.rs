//! The payment provider's ids, one type per thing, so that a customer is never taken for a
//! subscription; checked once, where they come in.
//!
//! The provider promises at most 255 characters, and keeps the right to change the rest of their
//! form, the prefix included (<https://docs.stripe.com/upgrades>): so the prefix is not looked at.
//! Letters, digits and `_` are what its ids consist of, and keep them fit for a key, a path and a
//! line of the log.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The longest id, bytes.
const LONGEST: usize = 255;

/// The text was not an id of that kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this kind")]
pub struct InvalidPaymentId;

macro_rules! payment_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// As the provider spells it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidPaymentId;
            fn from_str(text: &str) -> Result<Self, InvalidPaymentId> {
                text.to_owned().try_into()
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidPaymentId;
            fn try_from(text: String) -> Result<Self, InvalidPaymentId> {
                if is_id(&text) { Ok(Self(text)) } else { Err(InvalidPaymentId) }
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

payment_id!(
    /// A customer, `cus_…`.
    CustomerId
);
payment_id!(
    /// A subscription, `sub_…`.
    SubscriptionId
);
payment_id!(
    /// A checkout session, `cs_…`.
    CheckoutId
);
payment_id!(
    /// An event, `evt_…`.
    EventId
);

fn is_id(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_kept_as_it_is_written() {
        let id: CheckoutId = "cs_test_a1B2c3".parse().unwrap();
        assert_eq!((id.as_str(), id.to_string().as_str()), ("cs_test_a1B2c3", "cs_test_a1B2c3"));
    }

    #[test]
    fn an_id_has_letters_digits_and_underscores_only() {
        for text in ["", " ", "sub_a b", "sub_a/b", "sub_a#b", "sub_a\n", "sub_a\0", "sub_ä", "a-b"]
        {
            assert_eq!(text.parse::<SubscriptionId>(), Err(InvalidPaymentId), "{text:?}");
        }
    }

    #[test]
    fn an_id_has_at_most_255_bytes() {
        let longest = format!("evt_{}", "1".repeat(251));
        assert!(longest.parse::<EventId>().is_ok());
        assert!(format!("{longest}1").parse::<EventId>().is_err());
    }
}
