//! What comes from elsewhere, and what must not go there: licences, sources, banned and doubled crates of
//! the dependencies, as `deny.toml` allows them; and no secret among the files of the repository.
//!
//! `make deny` asks more (advisories), and needs a tool and a database for it.

#![expect(clippy::unwrap_used, reason = "a helper that can't go on fails its test")]

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "others use the rest")]
mod support;

mod deny;
mod dependencies;
mod doubled;
mod secrets;
