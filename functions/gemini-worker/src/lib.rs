//! Answers messages with Google Gemini, fed by SQS.
//!
//! [`batch`] keeps SQS's promises (a partial batch response, order within a room, one record's
//! panic is its own), [`records`] reads what SQS hands over, [`reply`] answers one message,
//! [`context`] decides what the model is shown, [`retry`] when it is asked again, and [`gemini`]
//! talks to it.

mod batch;
mod context;
pub mod gemini;
pub mod records;
mod reply;
mod retry;

use std::{sync::Arc, time::Duration};

use secrecy::ExposeSecret;
use shared::{
    aws::Aws,
    config::{ConfigError, Env},
    domain::{Clock, Ids},
    queue::Queue,
    store::Store,
};

pub use batch::MARGIN;
use gemini::{Gemini, Settings};

/// The clients and limits of this function, made once per process.
pub struct Worker {
    store: Store,
    queue: Queue,
    gemini: Gemini,
    ids: Ids,
    clock: Arc<dyn Clock>,
    context_tokens: usize,
    /// The longest that one call of the model may take.
    timeout: Duration,
}

impl Worker {
    /// From the environment; reads the model's API key.
    ///
    /// # Errors
    /// A variable is missing or unusable, or the key can't be read.
    pub async fn from_env(env: &Env, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        let aws = Aws::from_env(env)?;
        let timeout = env.seconds("GEMINI_TIMEOUT_SECONDS", 100)?;
        let [api_key] = aws.secrets(env, ["GEMINI_API_KEY"]).await?;
        if api_key.expose_secret().is_empty() {
            return Err(ConfigError::Missing("GEMINI_API_KEY".to_owned()));
        }
        let gemini = Gemini::new(Settings {
            base_url: env.gemini_base_url().to_owned(),
            api_key,
            model: env.gemini_model().to_owned(),
            timeout,
        })
        .map_err(|error| ConfigError::invalid("GEMINI_*", error))?;
        Ok(Self {
            store: Store::from_env(env, &aws)?,
            queue: Queue::from_env(env, &aws)?,
            gemini,
            ids: Ids::default(),
            clock,
            context_tokens: env.parse("GEMINI_CONTEXT_TOKENS", 8_000)?,
            timeout,
        })
    }
}
