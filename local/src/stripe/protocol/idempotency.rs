//! Idempotency keys: <https://docs.stripe.com/api/idempotent_requests>.

use std::collections::HashMap;

use axum::http::StatusCode;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::{error::StripeError, form::Form};

/// How long a first answer is kept.
const LIFE: SignedDuration = SignedDuration::from_hours(24);

/// An answer that can be given again.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
    pub(crate) request: String,
}

/// The keys that came, and what was answered.
#[derive(Default)]
pub(crate) struct Keys(HashMap<String, Use>);

struct Use {
    since: Timestamp,
    path: String,
    form: Form,
    /// None while the request is under way.
    answer: Option<Answer>,
}

impl Keys {
    /// Begins a request with `key`; some answer, if it was answered before.
    ///
    /// # Errors
    /// The key came before with other parameters, or is in use.
    pub(crate) fn begin(
        &mut self,
        key: &str,
        path: &str,
        form: &Form,
        now: Timestamp,
    ) -> Result<Option<Answer>, StripeError> {
        self.0.retain(|_, known| now.duration_since(known.since) < LIFE);
        match self.0.get(key) {
            Some(known) if known.path != path || known.form != *form => {
                Err(StripeError::other_parameters(key))
            }
            Some(Use { answer: None, .. }) => Err(StripeError::key_in_use(key)),
            Some(Use { answer, .. }) => Ok(answer.clone()),
            None => {
                let (path, form) = (path.to_owned(), form.clone());
                self.0.insert(key.to_owned(), Use { since: now, path, form, answer: None });
                Ok(None)
            }
        }
    }

    /// Keeps the answer to the request that began with `key`.
    pub(crate) fn finish(&mut self, key: &str, answer: Answer) {
        if let Some(known) = self.0.get_mut(key) {
            known.answer = Some(answer);
        }
    }

    /// The request that began with `key` did nothing: the key is as new.
    pub(crate) fn release(&mut self, key: &str) {
        self.0.remove(key);
    }
}
