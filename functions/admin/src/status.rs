//! What the view shows. Never a key, and no address with credentials in it.

use serde::Serialize;
use shared::http::Time;
use utoipa::ToSchema;

/// How each part of a deployment is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Status {
    /// The verdict.
    pub status: Overall,
    /// The parts that are not as they should be, by their names here; none if all are. Dead letters
    /// and a question that is pending for more than ten minutes count as well.
    #[schema(value_type = Vec<String>, example = json!(["dead_letter_queue"]))]
    pub needs_attention: Vec<&'static str>,
    /// When they were asked.
    pub checked_at: Time,
    /// The tables.
    pub tables: Tables,
    /// What waits for the worker.
    pub queue: Queue,
    /// What the worker was given again and again in vain.
    pub dead_letter_queue: Queue,
    /// The question that has waited longest for its reply.
    pub oldest_pending: OldestPending,
    /// The cache, asked as the functions ask it.
    pub cache: Cache,
    /// What ElastiCache says of the cache; missing where the cache is none of its.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub cache_service: Option<CacheService>,
    /// The model that answers.
    pub model: Model,
    /// What runs.
    pub versions: Versions,
}

/// The verdict on all parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Overall {
    /// Nothing needs an operator.
    Ok,
    /// Something does.
    Degraded,
}

/// The three tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Tables {
    /// Accounts, sessions, codes, and what is known of subscriptions.
    pub users: Table,
    /// Chatrooms.
    pub chatrooms: Table,
    /// Messages.
    pub messages: Table,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Table {
    /// It serves.
    Ok {
        /// Items, as DynamoDB counted them up to six hours ago.
        #[schema(minimum = 0, example = 1200)]
        approximate_items: u64,
        /// Their bytes, counted at the same time.
        #[schema(minimum = 0, example = 480_000)]
        approximate_bytes: u64,
    },
    /// It is there but does not serve.
    NotReady {
        /// What it does instead, in DynamoDB's words.
        #[schema(example = "creating")]
        state: String,
    },
    /// There is no such table.
    Missing,
    /// Nothing was learned of it in time.
    Unreachable,
}

/// A queue. SQS calls its own counts approximate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Queue {
    /// It answers.
    Ok {
        /// Messages to be received.
        #[schema(minimum = 0, example = 3)]
        visible: u64,
        /// Messages that are being worked on.
        #[schema(minimum = 0, example = 1)]
        in_flight: u64,
        /// Messages that are not to be received yet.
        #[schema(minimum = 0, example = 0)]
        delayed: u64,
    },
    /// Nothing was learned of it in time.
    Unreachable,
}

/// The question that has waited longest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum OldestPending {
    /// The table answers.
    Ok {
        /// For how long it has waited; `null` if nothing waits.
        #[schema(required, minimum = 0, example = 4)]
        age_seconds: Option<u64>,
    },
    /// Nothing was learned of it in time.
    Unreachable,
}

/// The cache.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Cache {
    /// There is to be none: lists are read from the table, and no rate limit is enforced.
    Off,
    /// It answers.
    Ok {
        /// How long `PING` took there and back, milliseconds.
        #[schema(minimum = 0, example = 0.42)]
        round_trip_ms: f64,
    },
    /// It does not answer in time: everything works as if it were off.
    Unreachable,
}

/// What ElastiCache says of the cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum CacheService {
    /// It serves.
    Ok {
        /// Host and port.
        #[schema(example = "parley-ab12cd.serverless.euc1.cache.amazonaws.com:6379")]
        endpoint: String,
        /// The engine.
        #[schema(example = "valkey")]
        engine: String,
        /// Its version.
        #[schema(example = "9.0")]
        engine_version: String,
    },
    /// It is there but does not serve.
    NotReady {
        /// What it does instead, in ElastiCache's words.
        #[schema(example = "creating")]
        state: String,
    },
    /// There is no such cache.
    Missing,
    /// Nothing was learned of it in time.
    Unreachable,
}

/// The model that answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Model {
    /// How it is.
    pub status: ModelState,
    /// Its name.
    #[schema(example = "gemini-3.8-flash")]
    pub name: String,
}

/// How the model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModelState {
    /// Gemini has it, and takes the key.
    Ok,
    /// Gemini has it no longer, or never had: set another one.
    Gone,
    /// Gemini refuses the key, or its project.
    KeyRefused,
    /// The key can't be read.
    NoKey,
    /// No answer, or none that says anything of the model.
    Unreachable,
}

/// What runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Versions {
    /// Parley's.
    #[schema(example = "0.1.0")]
    pub parley: String,
    /// The stage; missing where none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "production")]
    pub stage: Option<String>,
    /// The function's own, as Lambda counts them; missing outside of Lambda.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "$LATEST")]
    pub function: Option<String>,
}
