//! Placeholder.

pub mod gemini;
