//! Gemini, both sides of it: the worker's client against the stand-in, and the stand-in's wire
//! format by itself.

#![expect(clippy::unwrap_used, reason = "a helper that can't go on fails its test")]

mod client;
mod stand_in;
