//! What all of Stripe's API has in common: parameters, errors, idempotency keys.

mod error;
mod form;
mod idempotency;

pub(crate) use error::StripeError;
pub(crate) use form::Form;
pub(crate) use idempotency::{Answer, Keys};
