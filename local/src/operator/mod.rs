//! The `parley` command: what an operator does to a deployment, or to the `local` of a folder.
//!
//! Each command is a function of the deployment's environment ([`deployment`]) that gives a
//! [`Report`]; only [`main`] reads arguments and prints. `docs/operating.md` shows them at work.

mod cli;
pub mod deployment;
mod http;
pub mod keys;
pub mod map;
mod parameters;
pub mod redrive;
pub mod replay;
pub mod roles;
pub mod status;
pub mod sweep;

use std::fmt::Display;

use serde::Serialize;

pub use cli::main;

/// What a command came to: `Display` is for people, `Serialize` for scripts. Neither ever holds a
/// secret that was not asked for, a mobile number or what people write.
pub trait Report: Display + Serialize {
    /// What the process ends with: 0, or 1 where the command ran and all is not well.
    fn exit_code(&self) -> u8 {
        0
    }
}

/// Where a command tells how far it is, a line at a time.
pub type Progress<'a> = &'a (dyn Fn(&str) + Sync);
