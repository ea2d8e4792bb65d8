//! Asks every part how it is, all at once, each with its own bound and its own decided failure: a
//! part that does not answer is shown as such, and takes none of the others with it.
//!
//! Nothing is kept from one look to the next: an operator wants to see what is, and looks now and
//! then. One look is 3 `DescribeTable`, 4 `Query` of the pending index, 2 `GetQueueAttributes`, 2
//! `PING`, at the most 1 `DescribeServerlessCaches`, and a `GET` of the model, which Gemini does not
//! count as a use of it.

use std::{convert::Infallible, fmt::Display, sync::Arc, time::Duration};

use jiff::Timestamp;
use shared::{
    aws::Aws,
    cache,
    config::{ConfigError, Env},
    domain::Clock,
    queue::{self, Depth},
    store::{self, Store, TableState},
};
use tokio::time::{sleep, timeout};

use crate::{
    cache_service::Describer,
    model::Probe,
    status::{
        Cache, CacheService, Model, ModelState, OldestPending, Overall, Queue, Status, Table,
        Tables, Versions,
    },
};

/// How long a part may take to answer, tries included.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long the cache is left alone after it did not answer.
const CACHE_PAUSE: Duration = Duration::from_millis(100);

/// Looks at a deployment.
pub struct Inspector {
    store: Store,
    queue: queue::Queue,
    dead_letters: queue::Queue,
    cache: cache::Cache,
    cache_service: Option<Describer>,
    model: Probe,
    versions: Versions,
    clock: Arc<dyn Clock>,
}

impl Inspector {
    /// From `USERS_TABLE`, `CHATROOMS_TABLE`, `MESSAGES_TABLE`, `MESSAGE_QUEUE_URL`,
    /// `DEAD_LETTER_QUEUE_URL`, `GEMINI_BASE_URL`, `GEMINI_MODEL`, `STAGE`,
    /// `AWS_LAMBDA_FUNCTION_VERSION`, `VALKEY_IAM_CACHE` (the name of the serverless cache, if it is
    /// one), and what [`cache::Cache::from_env`] and [`Aws::from_env`] read. `GEMINI_API_KEY` is a
    /// secret (see [`Aws::secrets`]), read at the first look.
    pub fn from_env(env: &Env, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        let aws = Aws::from_env(env)?;
        for table in ["CHATROOMS_TABLE", "MESSAGES_TABLE"] {
            env.require(table)?;
        }
        Ok(Self {
            store: Store::from_env(env, &aws)?,
            queue: queue::Queue::from_env(env, &aws)?,
            dead_letters: queue::Queue::dead_letters_from_env(env, &aws)?,
            cache: cache::Cache::from_env(env, Arc::clone(&clock))?,
            cache_service: Describer::from_env(env, &aws),
            model: Probe::from_env(env, &aws)?,
            versions: Versions {
                parley: env!("CARGO_PKG_VERSION").to_owned(),
                stage: env.get("STAGE").map(str::to_owned),
                function: env.get("AWS_LAMBDA_FUNCTION_VERSION").map(str::to_owned),
            },
            clock,
        })
    }

    /// The tables, with this function's one set of clients.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// How each part is now. Takes as long as the slowest, and no longer than two seconds.
    pub async fn status(&self) -> Status {
        // Boxed: a dozen calls of SDKs side by side are a large future.
        Box::pin(self.look()).await
    }

    async fn look(&self) -> Status {
        let now = self.clock.now();
        let (tables, queue, dead_letters, pending, cache, cache_service, model) = tokio::join!(
            self.tables(),
            depth("queue", &self.queue),
            depth("dead_letter_queue", &self.dead_letters),
            self.oldest_pending(now),
            self.cache(),
            self.cache_service(),
            self.model(),
        );
        Status {
            status: Overall::Ok,
            needs_attention: Vec::new(),
            checked_at: now.into(),
            tables,
            queue,
            dead_letter_queue: dead_letters,
            oldest_pending: pending,
            cache,
            cache_service,
            model,
            versions: self.versions.clone(),
        }
        .judged()
    }
}

/// The parts, each with its own failure.
impl Inspector {
    async fn tables(&self) -> Tables {
        let (users, chatrooms, messages) = tokio::join!(
            self.table("tables.users", store::Table::Users),
            self.table("tables.chatrooms", store::Table::Chatrooms),
            self.table("tables.messages", store::Table::Messages),
        );
        Tables { users, chatrooms, messages }
    }

    async fn table(&self, part: &'static str, table: store::Table) -> Table {
        match within(part, self.store.describe_table(table)).await {
            Some(TableState::Serving { items, bytes }) => {
                Table::Ok { approximate_items: items, approximate_bytes: bytes }
            }
            Some(TableState::NotServing(state)) => Table::NotReady { state },
            Some(TableState::Missing) => Table::Missing,
            None => Table::Unreachable,
        }
    }

    async fn oldest_pending(&self, now: Timestamp) -> OldestPending {
        // The oldest of each partition of the index, and of those the first.
        let asked = self.store.pending_before(Timestamp::MAX, 1);
        let Some(pending) = within("oldest_pending", asked).await else {
            return OldestPending::Unreachable;
        };
        let age = pending.first().map(|question| {
            let waited = now.duration_since(question.message_id.created_at());
            // Another machine's clock may be ahead of this one's.
            waited.as_secs().try_into().unwrap_or(0)
        });
        OldestPending::Ok { age_seconds: age }
    }

    async fn cache(&self) -> Cache {
        if !self.cache.is_on() {
            return Cache::Off;
        }
        let answered = async {
            loop {
                // A call has less time than a first connection with TLS may take.
                match self.cache.ping().await {
                    Some(round_trip) => return Ok::<_, Infallible>(round_trip),
                    None => sleep(CACHE_PAUSE).await,
                }
            }
        };
        match within("cache", answered).await {
            Some(round_trip) => Cache::Ok { round_trip_ms: hundredths(round_trip) },
            None => Cache::Unreachable,
        }
    }

    async fn cache_service(&self) -> Option<CacheService> {
        let describer = self.cache_service.as_ref()?;
        let described = within("cache_service", describer.describe()).await;
        Some(described.unwrap_or(CacheService::Unreachable))
    }

    async fn model(&self) -> Model {
        let state = within("model", self.model.state()).await;
        let status = state.unwrap_or(ModelState::Unreachable);
        Model { status, name: self.model.name().to_owned() }
    }
}

async fn depth(part: &'static str, queue: &queue::Queue) -> Queue {
    match within(part, queue.depth()).await {
        Some(Depth { visible, in_flight, delayed }) => Queue::Ok { visible, in_flight, delayed },
        None => Queue::Unreachable,
    }
}

/// What a part says, if it does so in time. Why it doesn't is for the log alone.
async fn within<T, E: Display>(
    part: &'static str,
    asked: impl Future<Output = Result<T, E>>,
) -> Option<T> {
    let reason = match timeout(PATIENCE, asked).await {
        Ok(Ok(answer)) => return Some(answer),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "out of time".to_owned(),
    };
    tracing::warn!(part, reason, "a part does not say how it is");
    None
}

/// Milliseconds, to the hundredth.
fn hundredths(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}
