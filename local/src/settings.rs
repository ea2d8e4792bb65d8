//! What `local` itself reads from the environment. Everything else goes to the functions as it is.

use std::path::PathBuf;

use shared::config::{ConfigError, Env};

/// The port that `make run` serves on unless `PORT` says otherwise.
const PORT: u16 = 3000;

/// How `local` is to run.
#[derive(Clone)]
pub struct Settings {
    /// The port on loopback; 0 takes a free one.
    pub port: u16,
    /// Where data is kept.
    pub data: DataDir,
    /// The environment of the functions.
    pub(crate) env: Env,
}

/// Where data is kept from one run to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataDir {
    /// Nowhere.
    Memory,
    /// In this folder.
    Folder(PathBuf),
}

impl Settings {
    /// From `PORT` (3000) and `PARLEY_DATA` (`.local`; `:memory:` for none).
    ///
    /// # Errors
    /// A variable is unusable.
    pub fn from_env(env: Env) -> Result<Self, ConfigError> {
        let data = match env.get("PARLEY_DATA").unwrap_or(".local") {
            ":memory:" => DataDir::Memory,
            folder => DataDir::Folder(folder.into()),
        };
        Ok(Self { port: env.parse("PORT", PORT)?, data, env })
    }
}
