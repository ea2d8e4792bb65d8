//! Stripe's ids, one type per thing, so that a customer is never taken for a subscription.
//!
//! Stripe promises at most 255 characters, and keeps the right to change the rest of their form,
//! the prefix included (<https://docs.stripe.com/upgrades>). So the prefix is not looked at.
//! Letters, digits and `_` are what the ids that it makes consist of, and keep them fit for a key, a
//! path and a log line.

use std::{fmt, str::FromStr};

/// The longest id, bytes.
const LONGEST: usize = 255;

/// The text was not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a Stripe id")]
pub struct InvalidId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// As Stripe writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                if is_id(text) { Ok(Self(text.to_owned())) } else { Err(InvalidId) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// An event, `evt_…`: the same in every delivery of it.
    EventId
);
id!(
    /// A customer, `cus_…`.
    CustomerId
);
id!(
    /// A subscription, `sub_…`.
    SubscriptionId
);
id!(
    /// A Checkout session, `cs_…`.
    SessionId
);

fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= LONGEST
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_kept_as_it_is_written() {
        let id: SessionId = "cs_test_a1B2c3".parse().unwrap();
        assert_eq!(id.as_str(), "cs_test_a1B2c3");
        assert_eq!(id.to_string(), "cs_test_a1B2c3");
    }

    #[test]
    fn an_id_has_letters_digits_and_underscores_only() {
        for text in
            ["", " ", "sub_a b", "sub_a/b", "sub_a#b", "sub_a\n", "sub_a\0", "sub_ä", "sub_a-b"]
        {
            assert_eq!(text.parse::<SubscriptionId>(), Err(InvalidId), "{text:?}");
        }
    }

    #[test]
    fn an_id_has_at_most_255_bytes() {
        let longest = format!("evt_{}", "1".repeat(251));
        assert!(longest.parse::<EventId>().is_ok());
        assert!(format!("{longest}1").parse::<EventId>().is_err());
    }
}
