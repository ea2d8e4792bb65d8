//! A Parley to test: a process of one's own, or the deployment at `BASE_URL`.

mod builder;
mod host;
mod visit;

use std::{ops::Deref, sync::Arc, thread, time::Duration};

use local::{gemini::StandIn, testing::ManualClock};
use serde_json::Value;

use crate::{Api, PATIENCE, User, eventually, rehearsal, rehearsal::Stack, stripe};
pub use builder::Builder;
use host::Host;
use visit::Visit;

/// A Parley. With a process or a stack of its own, dropping it stops that, and fails the test if it
/// panicked, did not stop cleanly, or logged what must never be logged.
pub struct Parley {
    api: Api,
    own: Option<Own>,
    visit: Option<Visit>,
}

struct Own {
    host: Host,
    model: StandIn,
    stripe: stripe::StandIn,
    stripe_clock: Arc<ManualClock>,
}

impl Parley {
    /// Any Parley: the deployment at `BASE_URL`, the rehearsal's, or a process of one's own.
    pub async fn start() -> Self {
        if let Some(base_url) = base_url() {
            return Self { api: Api::new(base_url), own: None, visit: None };
        }
        match rehearsal::deployed().await {
            Some(deployed) => {
                rehearsal::report::ran();
                let visit = Visit::start(deployed).await;
                Self { api: Api::new(visit.base_url().to_owned()), own: None, visit: Some(visit) }
            }
            None => Self::builder().start_own().await,
        }
    }

    /// Whether API Gateway is in front of it: then what has no route is a 404 of its own, whatever the
    /// method, and never reaches Parley. `local` answers as Parley would.
    pub async fn is_behind_a_gateway(&self) -> bool {
        self.get("/there/is/no/such/route").await.try_header("apigw-requestid").is_some()
    }

    /// A Parley with settings, a process or a model of its own.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The stand-in for Gemini that this process asks.
    #[must_use]
    pub fn model(&self) -> &StandIn {
        &self.own().model
    }

    /// The stand-in for Stripe that sells this process's Pro. It knows the process at an address that
    /// stays when the process is restarted.
    #[must_use]
    pub fn stripe(&self) -> &stripe::StandIn {
        &self.own().stripe
    }

    /// Stripe's clock: it stands at the time at which the test began, unless it is moved. What is
    /// signed more than five minutes from the real time is refused.
    #[must_use]
    pub fn stripe_clock(&self) -> &ManualClock {
        &self.own().stripe_clock
    }

    /// What the processes of this Parley have printed.
    #[must_use]
    pub fn logs(&self) -> String {
        self.own().host.logs()
    }

    /// The stack, where there is one.
    ///
    /// # Panics
    /// This is not a rehearsal.
    #[must_use]
    pub fn stack(&self) -> &Stack {
        let visited = self.visit.as_ref().map(Visit::stack);
        visited.or_else(|| self.own().host.stack()).expect("only a rehearsal has a stack")
    }

    /// SIGKILL: nothing that is in memory survives.
    pub fn kill(&mut self) {
        self.own_mut().host.kill();
    }

    /// SIGTERM, and waits until it has stopped cleanly.
    pub fn stop(&mut self) {
        self.own_mut().host.stop();
    }

    /// Kills the process, if it still runs, and starts it again on the same data.
    pub fn restart(&mut self) {
        if let Some(base_url) = self.own_mut().host.restart() {
            self.api.moved_to(base_url);
        }
    }

    /// Waits until none of these users' messages is pending. What was saved but never queued waits for
    /// the sweeper: `local` runs it when it starts, a deployment every minute, and it lets messages
    /// wait for two.
    pub async fn assert_drained(&self, users: &[&User]) {
        const SWEPT: Duration = Duration::from_mins(5);
        let bound = if rehearsal::is_on() { SWEPT } else { PATIENCE };
        eventually("every message has a reply", bound, async || {
            for user in users {
                for room in user.rooms().await {
                    if user
                        .messages(&room)
                        .await
                        .iter()
                        .any(|message| message["status"] == "pending")
                    {
                        return None;
                    }
                }
            }
            Some(())
        })
        .await;
    }

    /// As [`restart`](Self::restart), with another value of a setting. In a deployment that can be one
    /// of its secrets alone: its parameters are for `sam deploy` to change.
    pub fn restart_with(&mut self, setting: &str, value: &str) {
        self.own_mut().host.set(setting, value);
        self.restart();
    }

    /// Where an operator's command finds it: the folder of its data, or its stack.
    pub(crate) fn data(&self) -> Option<&str> {
        self.own().host.data()
    }

    fn own(&self) -> &Own {
        self.own.as_ref().expect("only a Parley from `builder()` has a process")
    }

    fn own_mut(&mut self) -> &mut Own {
        self.own.as_mut().expect("only a Parley from `builder()` has a process")
    }
}

impl Deref for Parley {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}

impl Drop for Parley {
    fn drop(&mut self) {
        let panicking = thread::panicking();
        if let Some(visit) = &self.visit
            && !panicking
        {
            is_fit_to_print(&self.api, &visit.logs());
        }
        let Some(Own { host, .. }) = self.own.take() else { return };
        let logs = host.end(panicking);
        if panicking {
            eprintln!("--- what it printed ---\n{logs}--- its end ---");
        } else {
            is_fit_to_print(&self.api, &logs);
        }
    }
}

/// Fails if what a process has printed tells of a panic, or what must never be in a log.
pub(crate) fn is_fit_to_print(api: &Api, logs: &str) {
    // As Rust says it, and as the functions' own lines do.
    let has_panicked = logs.contains("panicked at") || logs.contains(r#""message":"panicked""#);
    assert!(!has_panicked, "it panicked:\n{logs}");
    api.never_log().assert_not_in(logs);
}

fn base_url() -> Option<String> {
    let base_url = std::env::var("BASE_URL").ok()?;
    let base_url = base_url.trim().trim_end_matches('/');
    (!base_url.is_empty()).then(|| base_url.to_owned())
}

/// The messages of `messages` that are the assistant's replies to `question`.
#[must_use]
pub fn replies_to<'a>(messages: &'a [Value], question: &str) -> Vec<&'a Value> {
    messages.iter().filter(|message| message["reply_to"] == question).collect()
}
