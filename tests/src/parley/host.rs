//! What serves a Parley of one's own: a `local` process, or a stack in the rehearsal.

use std::{
    collections::BTreeMap,
    fs,
    future::Future,
    path::{Path, PathBuf},
};

use tempfile::TempDir;
use tokio::{runtime::Handle, task::block_in_place};

use crate::{
    Api,
    process::Process,
    rehearsal::{self, Deployment, Stack},
    relay::Relay,
};

pub(super) enum Host {
    Local(Box<Local>),
    Stack(Box<Deployment>),
}

pub(super) struct Local {
    process: Process,
    env: BTreeMap<String, String>,
    log: PathBuf,
    /// Where Stripe delivers to.
    relay: Relay,
    /// Holds the data and the log; goes when the test does.
    _folder: TempDir,
}

impl Host {
    /// Starts a `local` process with this environment.
    pub(super) async fn run(mut env: BTreeMap<String, String>) -> (Self, Api) {
        let folder = tempfile::Builder::new().prefix("parley-e2e-").tempdir().unwrap();
        let data = folder.path().join("data");
        env.entry("PORT".to_owned()).or_insert_with(|| "0".to_owned());
        env.entry("PARLEY_DATA".to_owned()).or_insert_with(|| data.to_str().unwrap().to_owned());
        let log = folder.path().join("log");
        let (process, base_url) = Process::start(&env, &log);
        let api = Api::new(base_url);
        let relay = Relay::start(api.clone()).await;
        let local = Local { process, env, log, relay, _folder: folder };
        (Self::Local(Box::new(local)), api)
    }

    /// Deploys the template once more, with these settings.
    pub(super) async fn deploy(
        deployed: &Stack,
        env: &BTreeMap<String, String>,
        will_be_killed: bool,
    ) -> (Self, Api) {
        rehearsal::report::ran();
        let deployment = Deployment::start(deployed, env).await;
        if will_be_killed {
            deployment.may_be_killed().await;
        }
        let api = Api::new(deployment.base_url().to_owned());
        (Self::Stack(Box::new(deployment)), api)
    }

    /// An address that stays whatever happens to the process.
    pub(super) fn stable_url(&self) -> &str {
        match self {
            Self::Local(local) => local.relay.url(),
            Self::Stack(deployment) => deployment.base_url(),
        }
    }

    pub(super) fn stack(&self) -> Option<&Stack> {
        match self {
            Self::Local(_) => None,
            Self::Stack(deployment) => Some(deployment.stack()),
        }
    }

    /// The keys that were made for it.
    pub(super) fn secrets(&self) -> Vec<String> {
        match self {
            Self::Local(local) => local.secrets(),
            Self::Stack(deployment) => deployment.secrets().to_vec(),
        }
    }

    /// What it has printed so far.
    pub(super) fn logs(&self) -> String {
        match self {
            Self::Local(local) => local.logs(),
            Self::Stack(deployment) => wait_for(deployment.stack().logs(0)),
        }
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self) {
        match self {
            Self::Local(local) => local.process.kill(),
            Self::Stack(deployment) => wait_for(deployment.kill()),
        }
    }

    /// SIGTERM, and waits until it has stopped cleanly.
    pub(super) fn stop(&mut self) {
        match self {
            Self::Local(local) => local.stopped_cleanly(),
            Self::Stack(_) => panic!("a deployment has no clean stop: leave the test out there"),
        }
    }

    /// Kills it, if it still runs, and starts it again on the same data; where it is now, if that has
    /// changed.
    pub(super) fn restart(&mut self) -> Option<String> {
        match self {
            Self::Local(local) => Some(local.restart()),
            Self::Stack(deployment) => {
                wait_for(deployment.restart());
                None
            }
        }
    }

    /// The folder of its data, where it has one.
    pub(super) fn data(&self) -> Option<&str> {
        match self {
            Self::Local(local) => Some(&local.env["PARLEY_DATA"]),
            Self::Stack(_) => None,
        }
    }

    /// Changes a setting, from its next start on.
    pub(super) fn set(&mut self, setting: &str, value: &str) {
        match self {
            Self::Local(local) => drop(local.env.insert(setting.to_owned(), value.to_owned())),
            Self::Stack(deployment) => wait_for(deployment.set_secret(setting, value)),
        }
    }

    /// Stops it for good, cleanly unless the test has `failed` anyway; what it has printed.
    pub(super) fn end(self, failed: bool) -> String {
        match self {
            Self::Local(mut local) => {
                if !failed {
                    local.stopped_cleanly();
                }
                local.logs()
            }
            Self::Stack(deployment) => {
                let stack = deployment.into_stack();
                wait_for(async {
                    let logs = stack.logs(0).await;
                    stack.delete().await;
                    logs
                })
            }
        }
    }
}

impl Local {
    /// What it keeps beside its data; none where it keeps no data.
    fn secrets(&self) -> Vec<String> {
        let data = Path::new(&self.env["PARLEY_DATA"]);
        let kept = ["otp-pepper", "jwt-private-key.pem"].map(|file| data.join(file));
        let kept = kept.iter().filter_map(|path| fs::read_to_string(path).ok());
        kept.flat_map(|text| secret_lines(&text)).collect()
    }

    fn logs(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap()).into_owned()
    }

    fn restart(&mut self) -> String {
        if !self.process.is_gone() {
            self.process.kill();
        }
        let (process, base_url) = Process::start(&self.env, &self.log);
        self.process = process;
        base_url
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

/// The lines of a secret that say something: not those that frame a PEM.
fn secret_lines(text: &str) -> Vec<String> {
    text.lines().filter(|line| !line.starts_with("-----")).map(str::to_owned).collect()
}

/// Waits for what is asynchronous where nothing can be awaited: killing a process is not, and no more
/// is dropping.
pub(super) fn wait_for<T>(future: impl Future<Output = T>) -> T {
    block_in_place(|| Handle::current().block_on(future))
}
