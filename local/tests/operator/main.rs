//! The `parley` command: its functions against servers that speak the real protocols, and the built
//! binary against a whole `local`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that can't go on fails its test")]

mod command;
mod deployment;
mod keys;
mod permissions;
mod queues;
mod redrive;
mod replay;
mod roles;
mod rotation;
mod ssm;
mod status;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "these tests need the template only")]
mod support;
mod sweep;
mod world;
