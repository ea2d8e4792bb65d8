//! What all HTTP functions share: errors as problem details, checked input, the caller, paging, and
//! the layers around every router.

pub mod answers;
mod body;
mod caller;
mod gateway;
mod idempotency;
mod input;
mod layers;
mod page;
mod problem;
mod rate_limit;
mod tier;
mod time;

pub use body::{JsonBody, read_body};
pub use caller::{FromCaller, note_user};
pub use gateway::{behind_gateway, run};
pub use idempotency::{IdempotencyKey, fingerprint, key_reused};
pub use input::{Errors, Input};
pub use layers::service;
pub use page::{Cursor, PageQuery, link_next, links};
pub use problem::{FieldError, Problem, ProblemBody, Result};
pub use rate_limit::{Allowance, RateLimitHeaders};
pub use tier::SubscriptionTier;
pub use time::Time;
