//! Measures Parley on this machine, without AWS, and writes down what came of it.
//!
//! - [`cold`]: each function's program, as deployed, from its start to its 500th call;
//! - [`round_trips`]: whom a request calls, one after the other, and what that costs at AWS;
//! - [`load`]: how many requests a `local` process answers, how fast, and how soon replies are there;
//! - [`growth`]: the same requests in small and in large accounts.
//!
//! Counts (instructions, calls, capacity units, sizes) are the same on every machine of one architecture
//! and in every run, or nearly so: they are what CI holds against `bounds.toml`. Times are of the machine
//! that `docs/benchmarks.md` names.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a measurement that can't be made ends the program, and says why"
)]

pub mod check;
pub mod cold;
pub mod document;
mod figures;
pub mod growth;
pub mod load;
mod machine;
pub mod round_trips;
