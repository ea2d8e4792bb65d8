//! A Parley to test: a process of one's own, or the deployment at `BASE_URL`.

use std::{collections::BTreeMap, fs, ops::Deref, path::PathBuf, sync::Arc, thread};

use local::{gemini::StandIn, testing::ManualClock};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    Api, PATIENCE, User, eventually, model, now, process::Process, random_digits, relay::Relay,
    stripe,
};

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

/// How a Parley of one's own is set up.
#[derive(Default)]
pub struct Builder {
    env: BTreeMap<String, String>,
    keeps_its_own_stripe: bool,
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

impl Builder {
    /// Sets a variable of the process's environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Without the daily quota.
    #[must_use]
    pub fn without_quota(self) -> Self {
        self.env("BASIC_DAILY_MESSAGES", "0")
    }

    /// Without a cache.
    #[must_use]
    pub fn without_cache(self) -> Self {
        self.env("VALKEY_URL", "off")
    }

    /// With a stand-in for Stripe in the process itself, as `make run` has it, and not the test's own.
    #[must_use]
    pub fn keeping_its_own_stripe(self) -> Self {
        Self { keeps_its_own_stripe: true, ..self }
    }

    /// Starts it, unless the suite runs against a deployment: then the test has to be left out.
    pub async fn start(self) -> Option<Parley> {
        if let Some(base_url) = base_url() {
            eprintln!("left out: it needs a process of its own, and BASE_URL is {base_url}");
            return None;
        }
        Some(self.start_own().await)
    }

    async fn start_own(self) -> Parley {
        let folder = tempfile::Builder::new().prefix("parley-e2e-").tempdir().unwrap();
        let model = StandIn::start(0).await.unwrap();
        let stripe_clock = Arc::new(ManualClock::new(now()));
        let stripe = start_stripe(Arc::clone(&stripe_clock)).await;
        let mut env: BTreeMap<_, _> = [
            ("PORT", "0"),
            ("PARLEY_DATA", folder.path().join("data").to_str().unwrap()),
            ("GEMINI_BASE_URL", model.url()),
            ("GEMINI_API_KEY", model::KEY),
            ("RECONCILE_EVERY_SECONDS", "1"),
            // So high that polling never meets it; the tests of the rate set their own.
            ("BASIC_REQUESTS_PER_MINUTE", "1000000"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        if !self.keeps_its_own_stripe {
            env.extend(
                [
                    ("STRIPE_BASE_URL", stripe.url()),
                    ("STRIPE_SECRET_KEY", stripe::KEY),
                    ("STRIPE_WEBHOOK_SECRET", stripe.webhook_secret()),
                ]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
            );
        }
        env.extend(self.env);
        let log = folder.path().join("log");
        let (process, base_url) = Process::start(&env, &log);
        let api = Api::new(base_url);
        api.never_show(model.url());
        let relay = Relay::start(api.clone()).await;
        stripe.deliver_to(&format!("{}{}", relay.url(), stripe::WEBHOOK));
        let own =
            Own { process, model, stripe, stripe_clock, _relay: relay, env, log, _folder: folder };
        Parley { api, own: Some(own) }
    }
}

/// With a signing secret of its own: nothing that goes astray is taken for another test's.
async fn start_stripe(clock: Arc<ManualClock>) -> stripe::StandIn {
    let settings = local::stripe::Settings {
        webhook_secret: format!("whsec_of_an_end_to_end_test_{}", random_digits(12)),
        clock,
        ..local::stripe::Settings::default()
    };
    stripe::StandIn::start(settings).await.unwrap()
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
