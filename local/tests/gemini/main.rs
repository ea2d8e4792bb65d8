//! Gemini, both sides of it: the worker's client against the stand-in, and the stand-in's wire
//! format by itself.

mod client;
mod stand_in;
