//! A Parley to test: a process of one's own, or the deployment at `BASE_URL`.

use std::{collections::BTreeMap, fs, ops::Deref, path::PathBuf, thread};

use local::gemini::StandIn;
use serde_json::Value;
use tempfile::TempDir;

use crate::{Api, PATIENCE, User, eventually, model, process::Process};

/// A Parley. With a process of its own, dropping it stops that process, and fails the test if the
/// process panicked, did not stop cleanly, or logged what must never be logged.
pub struct Parley {
    api: Api,
    own: Option<Own>,
}

struct Own {
    process: Process,
    model: StandIn,
    env: BTreeMap<String, String>,
    log: PathBuf,
    /// Holds the data and the log; goes when the test does.
    _folder: TempDir,
}

/// How a Parley of one's own is set up.
#[derive(Default)]
pub struct Builder {
    env: BTreeMap<String, String>,
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
        let defaults = [
            ("PORT", "0".to_owned()),
            ("PARLEY_DATA", folder.path().join("data").to_str().unwrap().to_owned()),
            ("GEMINI_BASE_URL", model.url().to_owned()),
            ("GEMINI_API_KEY", model::KEY.to_owned()),
            // So high that polling never meets it; the tests of the rate set their own.
            ("BASIC_REQUESTS_PER_MINUTE", "1000000".to_owned()),
        ];
        let mut env: BTreeMap<_, _> = defaults.map(|(name, value)| (name.to_owned(), value)).into();
        env.extend(self.env);
        let log = folder.path().join("log");
        let (process, base_url) = Process::start(&env, &log);
        let api = Api::new(base_url);
        api.never_show(model.url());
        Parley { api, own: Some(Own { process, model, env, log, _folder: folder }) }
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
