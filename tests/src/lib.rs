//! The harness of the end-to-end suite: it starts a Parley, signs users in and speaks HTTP to it.
//!
//! The suite sees what a client sees, a base URL and nothing else:
//! - Without `BASE_URL`, every test starts a `local` process of its own, with its own data and its
//!   own stand-in for Gemini, and may kill it, restart it, or make the model fail.
//! - With `BASE_URL=https://…`, the tests run against that deployment. Tests that need a process or
//!   a model of their own say so and pass without having run.
//!
//! Every answer, in every test, is held against the rules that hold for all of them: see
//! [`Response`].

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a harness reports what is wrong by panicking: that is what fails the test"
)]

mod api;
mod cache;
mod clock;
mod link;
pub mod model;
mod never_log;
mod parley;
mod process;
pub mod rate_limit;
mod request;
mod response;
mod user;
mod wait;

pub use api::Api;
pub use cache::cache_is_expected;
pub use clock::{clear_of_midnight, is_midnight_in, now};
pub use link::link;
pub use local::gemini::{Behaviour, Respond, StandIn, StatusReply, TextReply};
pub use parley::{Builder, Parley, replies_to};
pub use request::Request;
pub use response::Response;
pub use user::{User, random_digits, random_number, wrong_code};
pub use wait::{PATIENCE, eventually};
