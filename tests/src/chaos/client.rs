//! A client that does not give up, as a careful one would write it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use rand::{rngs::StdRng, seq::IndexedRandom};
use reqwest::Method;
use tokio::time::{Instant, sleep};

use super::instance::Instance;
use crate::{Request, Response};

/// How long a client asks again before it calls the server broken. One try may take 22 s (a checkout),
/// and several of them in a row meet trouble.
pub(super) const PATIENCE: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(150);

/// Speaks to whichever Parley its dice say.
#[derive(Clone)]
pub(super) struct Client {
    parleys: Vec<Arc<Instance>>,
    dice: Arc<Mutex<StdRng>>,
    pub(super) token: String,
    counts: Arc<Mutex<BTreeMap<String, u64>>>,
}

impl Client {
    pub(super) fn new(parleys: Vec<Arc<Instance>>, dice: StdRng) -> Self {
        let dice = Arc::new(Mutex::new(dice));
        Self { parleys, dice, token: String::new(), counts: Arc::default() }
    }

    /// The same for another user with dice of their own, who counts in the same book.
    pub(super) fn of(&self, token: String, dice: StdRng) -> Self {
        Self { dice: Arc::new(Mutex::new(dice)), ..self.with_token(token) }
    }

    /// The same with another token.
    pub(super) fn with_token(&self, token: String) -> Self {
        Self { token, ..self.clone() }
    }

    /// The same for each of the Parleys alone.
    pub(super) fn at_each(&self) -> impl Iterator<Item = Self> {
        self.parleys.iter().map(|parley| Self { parleys: vec![Arc::clone(parley)], ..self.clone() })
    }

    /// How often what was answered, or not.
    pub(super) fn counts(&self) -> BTreeMap<String, u64> {
        self.counts.lock().unwrap().clone()
    }

    /// Asks once, of one of the Parleys; none where that one could not answer.
    pub(super) async fn once(
        &self,
        method: &Method,
        path: &str,
        with: impl Fn(Request) -> Request,
    ) -> Option<Response> {
        let parley = self.parleys.choose(&mut *self.dice.lock().unwrap()).cloned()?;
        let request = parley.api.request(method.clone(), path).token(&self.token).may_fail();
        let answer = with(request).try_send().await.ok();
        let status = answer.as_ref().map_or(0, Response::status);
        let name = if status == 0 { "no answer".to_owned() } else { status.to_string() };
        *self.counts.lock().unwrap().entry(name).or_default() += 1;
        let answer = answer?;
        assert!(
            matches!(status, 0..500 | 503),
            "neither done, nor refused, nor 'try again': {answer}"
        );
        (status != 503).then_some(answer)
    }

    /// Asks until there is an answer that says what has happened.
    pub(super) async fn insist(
        &self,
        method: &Method,
        path: &str,
        with: impl Fn(Request) -> Request,
    ) -> Response {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = self.once(method, path, &with).await {
                return answer;
            }
            assert!(Instant::now() < deadline, "no answer in {PATIENCE:?}: {method} {path}");
            sleep(PAUSE).await;
        }
    }
}
