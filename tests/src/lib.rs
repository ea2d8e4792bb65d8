//! The harness of the end-to-end suite: it starts a Parley, signs users in and speaks HTTP to it.
//!
//! The suite sees what a client sees, a base URL and nothing else:
//! - Without `BASE_URL`, every test starts a `local` process of its own, with its own data and its
//!   own stand-ins for Gemini and Stripe, and may kill it, restart it, make the model fail, or Stripe
//!   late.
//! - In a rehearsal (`make e2e`), the tests run against the template, deployed to an emulator of AWS:
//!   see [`rehearsal`].
//! - With `BASE_URL=https://…`, the tests run against that deployment. Tests that need a process, a
//!   model or a Stripe of their own say so and pass without having run.
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
mod browser;
mod cache;
pub mod chaos;
mod clock;
pub mod deployed;
mod link;
pub mod model;
pub mod mutations;
mod never_log;
mod operator;
mod parley;
mod process;
pub mod rate_limit;
pub mod rehearsal;
mod relay;
mod request;
mod response;
pub mod stripe;
mod subscriber;
mod user;
mod wait;

pub use api::Api;
pub use browser::{Browser, Page};
pub use cache::cache_is_expected;
pub use clock::{clear_of_midnight, is_midnight_in, now};
pub use link::link;
pub use local::{
    gemini::{Behaviour, Respond, StandIn, StatusReply, TextReply},
    testing::ManualClock,
};
pub use operator::Ran;
pub use parley::{Builder, Parley, replies_to};
pub use process::Process;
pub use request::Request;
pub use response::Response;
pub use subscriber::Checkout;
pub use user::{User, random_digits, random_number, wrong_code};
pub use wait::{PATIENCE, eventually};
