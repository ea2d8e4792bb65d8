//! What the store promises about billing, on a real DynamoDB: whose write counts, whose doesn't, and
//! that one which doesn't leaves nothing behind.

#![expect(clippy::unwrap_used, reason = "a helper that can't go on fails its test")]

mod checkouts;
mod due;
mod leases;
mod purge;
mod records;
mod requests;
mod setting;
mod stored;
mod tiers;
