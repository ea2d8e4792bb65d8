//! Faults of the servers that Parley calls, one at a time: what was accepted is answered once all the
//! same, and who is refused meanwhile is told so in time.
//!
//! Each test has real processes, and proxies between them and every server (`tests::chaos`). More of
//! what a fault does to a single function is in that function's own tests; all faults at once, by
//! chance, are the storm of `make chaos`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests; clippy knows only the tests themselves"
)]

mod dynamodb;
mod gemini;
mod sqs;
mod stripe;
mod valkey;
mod world;
