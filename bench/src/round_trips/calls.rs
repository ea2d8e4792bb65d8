//! What goes over the proxies, as long as something is measured.
//!
//! While it is, answers are held until every call under way has its answer, and no other call has come for
//! a while. So calls that the code makes side by side overlap, and calls that it makes one after the other
//! don't, however fast or slow the machine is: the order that [`steps`](super::steps) finds is no matter of
//! luck. For that, all of it has to run on one thread: a while is counted in turns that this thread has had,
//! and whoever else wants to call has had as many.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use serde::Serialize;
use tokio::time::sleep;

/// So many turns without a call: those that were to come side by side have come.
const QUIET: u32 = 10;

/// How long a turn is at least.
const TURN: Duration = Duration::from_millis(2);

/// For what is measured to end once its answer is there: nothing is to be left under way.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whom Parley calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Server {
    /// The tables.
    DynamoDb,
    /// The queue.
    Sqs,
    /// The cache.
    Valkey,
    /// The model.
    Gemini,
    /// Payments.
    Stripe,
}

impl Server {
    /// How long one of its answers is held at the most: the cache is waited for 150 ms, all others for
    /// seconds.
    fn longest_hold(self) -> Duration {
        match self {
            Self::Valkey => Duration::from_millis(100),
            _ => Duration::from_secs(1),
        }
    }

    /// As its makers write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DynamoDb => "DynamoDB",
            Self::Sqs => "SQS",
            Self::Valkey => "Valkey",
            Self::Gemini => "Gemini",
            Self::Stripe => "Stripe",
        }
    }
}

/// One call, and its answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) server: Server,
    pub(super) began: Instant,
    pub(super) ended: Instant,
    pub(super) said: Said,
}

/// What was said in a call.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Said {
    /// `GetItem`, `EVAL`, `POST /v1/customers`.
    pub(super) operation: String,
    /// A condition did not hold.
    pub(super) refused: bool,
    /// Of the bodies; of the cache, all that is sent. Bytes.
    pub(super) sent: usize,
    pub(super) received: usize,
    /// DynamoDB's capacity units.
    pub(super) read_units: f64,
    pub(super) write_units: f64,
}

/// Where the proxies note what goes over them.
#[derive(Clone)]
pub(super) struct Calls(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    measuring: bool,
    begun: u64,
    /// How often answers were let go.
    waves: u64,
    under_way: usize,
    unanswered: usize,
    ended: Vec<Call>,
}

/// A call under way.
pub(super) struct UnderWay {
    calls: Calls,
    server: Server,
    began: Instant,
    /// The waves before it.
    waves: u64,
}

/// A call that has its answer, which is held.
pub(super) struct Answered {
    call: UnderWay,
    said: Said,
}

impl Calls {
    pub(super) fn new() -> Self {
        Self(Arc::default())
    }

    /// What `work` comes to, and the calls that it makes.
    pub(super) async fn during<T>(&self, work: impl Future<Output = T>) -> (T, Vec<Call>) {
        self.state().measuring = true;
        let value = work.await;
        let until = Instant::now() + PATIENCE;
        while self.state().under_way > 0 {
            assert!(Instant::now() < until, "a call goes on after the answer");
            sleep(Duration::from_millis(1)).await;
        }
        (value, std::mem::take(&mut *self.state()).ended)
    }

    /// A call has come; none if it is not to be noted.
    pub(super) fn begin(&self, server: Server) -> Option<UnderWay> {
        let mut state = self.state();
        if !state.measuring {
            return None;
        }
        state.begun += 1;
        state.under_way += 1;
        state.unanswered += 1;
        let (began, waves) = (Instant::now(), state.waves);
        Some(UnderWay { calls: self.clone(), server, began, waves })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl UnderWay {
    /// The answer is there.
    pub(super) fn answered(self, said: Said) -> Answered {
        self.calls.state().unanswered -= 1;
        Answered { call: self, said }
    }
}

impl Answered {
    /// Holds the answer, and notes the call. The answer is to be passed on then.
    pub(super) async fn hold(self) {
        let Self { call, said } = self;
        let until = call.began + call.server.longest_hold();
        let (mut seen, mut quiet) = (0, 0);
        while call.calls.state().waves == call.waves && Instant::now() < until {
            sleep(TURN).await;
            let mut state = call.calls.state();
            let is_quiet = state.begun == seen && state.unanswered == 0;
            (seen, quiet) = (state.begun, if is_quiet { quiet + 1 } else { 0 });
            if quiet == QUIET && state.waves == call.waves {
                // All that are held go together: one after the other, the first would bring new calls.
                state.waves += 1;
            }
        }
        let noted = Call { server: call.server, began: call.began, ended: Instant::now(), said };
        call.calls.state().ended.push(noted);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.calls.state().under_way -= 1;
    }
}
