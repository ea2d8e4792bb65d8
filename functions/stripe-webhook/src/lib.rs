//! What Stripe tells of subscriptions: the body of a delivery ([`body`]), who signed it
//! ([`signature`]) and what it is about ([`event`]).

pub mod body;
pub mod event;
pub mod ids;
pub mod signature;
