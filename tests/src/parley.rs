//! A Parley to test: a process of one's own, or the deployment at `BASE_URL`.

mod builder;

use std::{collections::BTreeMap, fs, ops::Deref, path::PathBuf, sync::Arc, thread};

use local::{gemini::StandIn, testing::ManualClock};
use serde_json::Value;
use tempfile::TempDir;

use crate::{Api, PATIENCE, User, eventually, process::Process, relay::Relay, stripe};
pub use builder::Builder;

/// A Parley. With a process of its own, dropping it stops that process, and fails the test if the
/// process panicked, did not stop cleanly, or logged what must never be logged.
pub struct Parley {
    api: Api,
    own: Option<Own>,
}

struct Own {
    process: Process,
    model: StandIn,
    stripe: stripe::StandIn,
    stripe_clock: Arc<ManualClock>,
    /// Where Stripe delivers to.
    _relay: Relay,
    env: BTreeMap<String, String>,
    log: PathBuf,
    /// Holds the data and the log; goes when the test does.
    _folder: TempDir,
}

impl Parley {
    /// Any Parley: the deployment at `BASE_URL`, or a process of one's own.
    pub async fn start() -> Self {
        match base_url() {
            Some(base_url) => Self { api: Api::new(base_url), own: None },
            None => Self::builder().start_own().await,
        }
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
        self.own().logs()
    }

    /// SIGKILL: nothing that is in memory survives.
    pub fn kill(&mut self) {
        self.own_mut().process.kill();
    }

    /// SIGTERM, and waits until it has stopped cleanly.
    pub fn stop(&mut self) {
        self.own_mut().stopped_cleanly();
    }

    /// Kills the process, if it still runs, and starts it again on the same data.
    pub fn restart(&mut self) {
        let own = self.own_mut();
        if !own.process.is_gone() {
            own.process.kill();
        }
        let (process, base_url) = Process::start(&own.env, &own.log);
        own.process = process;
        self.api.moved_to(base_url);
    }

    /// Waits until none of these users' messages is pending.
    pub async fn assert_drained(&self, users: &[&User]) {
        eventually("every message has a reply", PATIENCE, async || {
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

impl Own {
    fn logs(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap()).into_owned()
    }

    fn stopped_cleanly(&mut self) {
        if !self.process.is_gone() {
            let status = self.process.stop();
            assert!(
                status.is_some_and(|status| status.success()),
                "SIGTERM did not stop it cleanly ({status:?}):\n{}",
                self.logs()
            );
        }
    }
}

impl Drop for Parley {
    fn drop(&mut self) {
        let Some(own) = &mut self.own else { return };
        if thread::panicking() {
            eprintln!("--- what `local` printed ---\n{}--- its end ---", own.logs());
            return;
        }
        own.stopped_cleanly();
        let logs = own.logs();
        assert!(!logs.contains("panicked at"), "it panicked:\n{logs}");
        self.api.never_log().assert_not_in(&logs);
    }
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
