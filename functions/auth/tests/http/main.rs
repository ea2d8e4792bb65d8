//! The auth function as its clients see it, on a real DynamoDB and by a clock that stands still.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that can't go on fails its test")]

mod answer;
mod app;
mod document;
mod guessing;
mod lambda;
mod login;
mod logs;
mod otp;
mod passwords;
mod sessions;
mod signup;
mod sms;
mod tokens;
mod wire;
mod work;

use answer::Answer;
use app::{App, NUMBER, PASSWORD, Tokens, UNKNOWN, wrong};
use wire::Wire;
