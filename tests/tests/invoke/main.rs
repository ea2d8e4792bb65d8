//! The functions' own binaries, invoked as Lambda invokes them.
//!
//! Each is started under the Lambda Runtime Interface Emulator with the environment that
//! `template.yaml` gives it, and nothing of a developer's, and is invoked with its event from
//! `events/`. DynamoDB, SQS, SSM, Gemini and Stripe are on loopback. So what is shown is that the
//! binaries start, that the template sets all that they need, that they understand the events, and
//! what they print. What they do in detail, their own tests show.
//!
//! The emulator is a program for Linux: elsewhere there is nothing here.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests; clippy knows only the tests themselves"
)]

mod background;
mod emulator;
mod every;
mod failures;
mod http;
mod parameters;
