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

use shared::{
    aws::Aws,
    config::{ConfigError, Env},
    domain::{Clock, Ids},
    queue::Queue,
    store::Store,
    tls::public_web,
};

pub use batch::MARGIN;
use gemini::{Endpoint, Gemini, InvalidSettings, Settings};

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
    /// From the environment; reads the model's API key, and connects to the table and the model
    /// meanwhile.
    ///
    /// # Errors
    /// A variable is missing or unusable, or the key can't be read.
    pub async fn from_env(env: &Env, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        let aws = Aws::from_env(env)?;
        let timeout = env.seconds("GEMINI_TIMEOUT_SECONDS", 100)?;
        let endpoint = Endpoint::new(Settings {
            base_url: env.gemini_base_url().to_owned(),
            model: env.gemini_model().to_owned(),
            timeout,
            tls: public_web(env)?,
        })
        .map_err(unusable)?;
        let (store, queue) = (Store::from_env(env, &aws)?, Queue::from_env(env, &aws)?);
        let (secrets, (), ()) = tokio::join!(
            aws.secrets(env, ["GEMINI_API_KEY"]),
            store.warm_up_rooms(),
            endpoint.warm_up(),
        );
        let [api_key] = secrets?;
        Ok(Self {
            store,
            queue,
            gemini: Gemini::new(endpoint, &api_key).map_err(unusable)?,
            ids: Ids::default(),
            clock,
            context_tokens: env.parse("GEMINI_CONTEXT_TOKENS", 8_000)?,
            timeout,
        })
    }
}

fn unusable(error: InvalidSettings) -> ConfigError {
    ConfigError::invalid("GEMINI_*", error)
}
