//! The payment provider's ids, as far as they are kept: checked once, where they come in.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The longest id, bytes (<https://docs.stripe.com/upgrades#what-changes-does-stripe-consider-to-be-backward-compatible>).
const LONGEST: usize = 255;

/// The text was not an id of that kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this kind")]
pub struct InvalidPaymentId;

macro_rules! payment_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
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
                let rest = text.strip_prefix($prefix).ok_or(InvalidPaymentId)?;
                let known = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
                let good = !rest.is_empty() && text.len() <= LONGEST && rest.bytes().all(known);
                if good { Ok(Self(text)) } else { Err(InvalidPaymentId) }
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
    /// A customer.
    CustomerId,
    "cus_"
);
payment_id!(
    /// A subscription.
    SubscriptionId,
    "sub_"
);
payment_id!(
    /// A checkout session.
    CheckoutId,
    "cs_"
);
payment_id!(
    /// An event.
    EventId,
    "evt_"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_its_prefix_and_nothing_that_could_be_a_path() {
        assert!("cus_Nx1".parse::<CustomerId>().is_ok());
        for wrong in ["", "cus_", "sub_1", "cus_a/b", "cus_a b", "cus_ä", "cus_a\n", "CUS_a"] {
            assert!(wrong.parse::<CustomerId>().is_err(), "{wrong:?}");
        }
        let long = |length: usize| format!("cus_{}", "a".repeat(length - 4)).parse::<CustomerId>();
        assert!(long(255).is_ok() && long(256).is_err());
    }
}
