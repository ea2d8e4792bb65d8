//! The rehearsal: the template itself, deployed to an emulator of AWS on this machine (MiniStack).
//!
//! `make e2e` starts the emulator, deploys `template.yaml` with `sam deploy`, and runs the suite with
//! [`ENDPOINT`] and [`STACK`] set. Then
//! - a test that takes any Parley gets that stack, as it would get a deployment in AWS;
//! - a test that wants settings, a model or a Stripe of its own gets a stack of its own: the same
//!   packaged template once more, with the settings as parameters and secrets. It takes a second.
//!
//! What `local` alone has (its own stand-ins, a process that stops on SIGTERM) is left out there.

pub mod api;
pub mod aws;
pub mod deploy;
pub mod gateway;
pub mod own;
pub mod report;
pub mod servers;
pub mod stack;

pub use own::Deployment;
pub use stack::Stack;

/// The variable that says where the emulator is.
pub const ENDPOINT: &str = "REHEARSAL_ENDPOINT";
/// The variable that names the stack that `sam deploy` has made.
pub const STACK: &str = "REHEARSAL_STACK";

/// The stack that was deployed with `sam deploy`, if this is a rehearsal.
pub async fn deployed() -> Option<Stack> {
    let endpoint = std::env::var(ENDPOINT).ok().filter(|url| !url.is_empty())?;
    let stack = std::env::var(STACK).expect("REHEARSAL_STACK names the stack");
    Some(Stack::find(aws::Aws::new(endpoint), &stack).await)
}

/// Whether this is a rehearsal.
#[must_use]
pub fn is_on() -> bool {
    std::env::var(ENDPOINT).is_ok_and(|url| !url.is_empty())
}
