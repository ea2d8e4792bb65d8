//! Ids of the length and look of Stripe's: a prefix, then letters and digits.

use rand::RngExt as _;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Letters and digits after the prefix.
const LENGTH: usize = 24;

/// Those of a Checkout session: its id is a secret of sorts, and long.
const SESSION_LENGTH: usize = 58;

/// A new id, such as `sub_1QfbkL8xv0ZPmC4nT2yWsRha`.
pub(crate) fn new(prefix: &str) -> String {
    id(prefix, LENGTH)
}

/// The id of a new Checkout session in test mode.
pub(crate) fn new_session() -> String {
    id("cs_test_a1", SESSION_LENGTH)
}

fn id(prefix: &str, length: usize) -> String {
    let mut id = String::with_capacity(prefix.len() + length);
    id.push_str(prefix);
    let mut rng = rand::rng();
    id.extend((0..length).map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())])));
    id
}
