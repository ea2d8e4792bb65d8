//! One Parley: a process that may come and go, and an address that stays.

use std::{collections::BTreeMap, fs, path::PathBuf, sync::Mutex, time::Duration};

use tokio::{task::spawn_blocking, time::sleep};

use super::fault;
use crate::{Api, parley, process::Process, relay::Relay, stripe};

/// A process that did not come up, because what it needs is down, is started again.
const STARTS: u32 = 30;

/// One Parley. Its process ends with it.
pub struct Instance {
    /// Where its process is, if there is one.
    pub api: Api,
    process: Mutex<Option<Process>>,
    env: BTreeMap<String, String>,
    log: PathBuf,
    relay: Relay,
}

impl Instance {
    /// Starts one with this environment, which prints to `log`.
    pub async fn start(env: BTreeMap<String, String>, log: PathBuf) -> Self {
        let api = Api::new(String::from("http://127.0.0.1:9"));
        api.never_show(fault::INJECTED);
        let relay = Relay::start(api.clone()).await;
        let instance = Self { api, process: Mutex::default(), env, log, relay };
        instance.begin().await;
        instance
    }

    /// Starts its process, unless there is one.
    pub async fn begin(&self) {
        if self.process.lock().unwrap().is_some() {
            return;
        }
        let mut why = String::new();
        for _ in 0..STARTS {
            let (env, log) = (self.env.clone(), self.log.clone());
            match spawn_blocking(move || Process::try_start(&env, &log)).await.unwrap() {
                Ok((process, base_url)) => {
                    self.api.moved_to(base_url);
                    *self.process.lock().unwrap() = Some(process);
                    return;
                }
                Err(error) => why = error,
            }
            sleep(Duration::from_millis(200)).await;
        }
        panic!("{STARTS} starts in vain; the last: {why}");
    }

    /// Ends its process, if there is one: at once, or when it has finished what is under way.
    pub async fn end(&self, hard: bool) {
        let process = self.process.lock().unwrap().take();
        if let Some(mut process) = process {
            spawn_blocking(move || {
                if hard {
                    process.kill();
                }
            })
            .await
            .unwrap();
        }
    }

    /// Kills its process, if there is one, where nothing can be awaited.
    pub fn kill(&self) {
        if let Some(mut process) = self.process.lock().unwrap().take() {
            process.kill();
        }
    }

    /// Where Stripe delivers to, whatever happens to the process.
    #[must_use]
    pub fn webhook(&self) -> String {
        format!("{}{}", self.relay.url(), stripe::WEBHOOK)
    }

    /// What its processes have printed.
    #[must_use]
    pub fn logs(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Fails if one of its processes has panicked, or has printed what must never be in a log.
    pub fn assert_fit_to_print(&self) {
        self.assert_not_told_in(&self.logs());
    }

    /// Fails if `logs` tell of a panic, or what this one was told and must never be in a log.
    pub(super) fn assert_not_told_in(&self, logs: &str) {
        parley::is_fit_to_print(&self.api, logs);
    }
}
