//! What the functions' own tests have in common: a clock set by hand, people with accounts and access
//! tokens, the way through `lambda_http`, and the log with its metrics.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a helper that can't go on fails its test"
)]

mod answer;
mod buyer;
mod cache;
mod clock;
mod event;
mod lines;
mod payments;
mod people;
mod relay;

pub use answer::Answer;
pub use buyer::Buyer;
pub use cache::valkey;
pub use clock::ManualClock;
pub use event::{event, invoke};
pub use lines::{Lines, NAMESPACE, declared};
pub use payments::Payments;
pub use people::{Issuer, any_number, open_account, signup, verify};
pub use relay::relay;
