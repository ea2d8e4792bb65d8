//! Two Parleys on the same tables and queue, and a proxy between them and every server.

use std::{collections::BTreeMap, ops::Deref, path::PathBuf, sync::Arc, time::Duration};

use tempfile::TempDir;
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep, sleep_until},
};

use super::{
    fault::Target,
    instance::Instance,
    plan::{Kill, Plan},
    servers::Servers,
};
use crate::cache_is_expected;

/// How many Parleys run: as Lambda runs more than one of each function.
pub(super) const PROCESSES: usize = 2;

/// A Basic user's messages a day: so few that some reach it, and so many that much is sent.
pub(super) const DAILY_MESSAGES: u32 = 25;

/// The queue's visibility timeout, seconds: shorter than what a slow reply may take, so that jobs are
/// delivered twice.
const VISIBILITY_TIMEOUT: u32 = 8;

/// How long the model thinks in good weather.
const THINKS: Duration = Duration::from_millis(20);

/// What the run is about.
pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) parleys: Vec<Arc<Instance>>,
    servers: Servers,
    folder: TempDir,
}

impl World {
    /// All of it, in good weather.
    pub(super) async fn start(mut plan: Plan) -> Self {
        let folder = tempfile::Builder::new().prefix("parley-chaos-").tempdir().unwrap();
        let servers = Servers::start(VISIBILITY_TIMEOUT).await;
        servers.model.set_delay(THINKS);
        // What is not there has no trouble.
        plan.troubles.retain(|trouble| servers.proxies().contains_key(&trouble.target));
        let has_cache = servers.proxies().contains_key(&Target::Valkey);
        assert!(has_cache || !cache_is_expected(), "the cache server was not started");
        let env = environment(servers.env(&folder.path().join("data")));
        let mut parleys = Vec::new();
        for number in 0..PROCESSES {
            let log = folder.path().join(format!("parley-{number}.log"));
            let instance = Instance::start(env.clone(), log).await;
            servers.stripe.deliver_to(&instance.webhook());
            parleys.push(Arc::new(instance));
        }
        Self { plan, parleys, servers, folder }
    }

    /// From now on, it storms as planned. Ends when all processes that were killed are back.
    pub(super) async fn storm(&self) {
        let began = Instant::now();
        for (target, proxy) in self.proxies() {
            let (plan, target) = (self.plan.clone(), *target);
            proxy.decide(move |call| plan.fault(target, call.number, began.elapsed()));
        }
        let restarts: Vec<_> = self.plan.kills.iter().map(|kill| self.kill(*kill, began)).collect();
        self.breaks(began).await;
        for restart in restarts {
            restart.await.unwrap();
        }
        sleep_until(began + self.plan.length).await;
    }

    /// A server that goes down takes its connections along.
    async fn breaks(&self, began: Instant) {
        for trouble in &self.plan.troubles {
            sleep_until(began + trouble.from).await;
            if trouble.is_down()
                && let Some(proxy) = self.proxies().get(&trouble.target)
            {
                proxy.sever();
            }
        }
    }

    fn kill(&self, kill: Kill, began: Instant) -> JoinHandle<()> {
        let parley = Arc::clone(&self.parleys[kill.process]);
        tokio::spawn(async move {
            sleep_until(began + kill.at).await;
            parley.end(kill.hard).await;
            sleep(kill.away).await;
            parley.begin().await;
        })
    }

    /// Stops the processes; where the logs are, kept if anyone is to look at them.
    pub(super) async fn end(self, keep: bool) -> Option<PathBuf> {
        for parley in &self.parleys {
            parley.end(false).await;
        }
        let mut folder = self.folder;
        folder.disable_cleanup(keep);
        keep.then(|| folder.path().to_owned())
    }

    /// What all processes have printed.
    pub(super) fn logs(&self) -> String {
        self.parleys.iter().map(|parley| parley.logs()).collect::<Vec<_>>().concat()
    }

    /// Fails if `logs` tell of a panic, or what any of the processes was told and must never be in a log.
    pub(super) fn assert_fit_to_print(&self, logs: &str) {
        for parley in &self.parleys {
            parley.assert_not_told_in(logs);
        }
    }
}

impl Deref for World {
    type Target = Servers;

    fn deref(&self) -> &Servers {
        &self.servers
    }
}

/// `env`, with all that waits in seconds.
fn environment(mut env: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let daily = DAILY_MESSAGES.to_string();
    let settings = [
        ("GEMINI_TIMEOUT_SECONDS", "2"),
        ("BASIC_DAILY_MESSAGES", &daily),
        ("BASIC_REQUESTS_PER_MINUTE", "1000000"),
        ("PRO_REQUESTS_PER_MINUTE", "1000000"),
        ("RECONCILE_EVERY_SECONDS", "1"),
        ("SWEEP_EVERY_SECONDS", "1"),
        ("REQUEUE_AFTER_SECONDS", "3"),
        ("GIVE_UP_AFTER_SECONDS", "30"),
    ];
    env.extend(settings.map(|(name, value)| (name.to_owned(), value.to_owned())));
    env
}
