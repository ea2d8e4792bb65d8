//! A stack of a test's own: made for it, with its settings, and deleted with it.

use std::{collections::BTreeMap, fs, process::Command, time::Duration};

use serde_json::{Value, json};
use tokio::{task::JoinHandle, time::sleep};

use super::{
    gateway::Gateway,
    stack::{Stack, put_parameter},
};
use crate::random_digits;

/// What `local` is told and a deployment isn't: it has none of the first three, and the template sets
/// the others for all.
const OF_LOCAL: [&str; 5] =
    ["PORT", "PARLEY_DATA", "RECONCILE_EVERY_SECONDS", "LOG_FORMAT", "METRICS_NAMESPACE"];
/// Settings that are secrets: SSM parameters under the stack's name.
const SECRETS: [&str; 5] = [
    "JWT_PRIVATE_KEY",
    "OTP_PEPPER",
    "GEMINI_API_KEY",
    "STRIPE_SECRET_KEY",
    "STRIPE_WEBHOOK_SECRET",
];
/// The rule in the template says every minute; no test waits that long for the reconciler.
const RECONCILE_EVERY: Duration = Duration::from_secs(2);
/// A test that kills the worker doesn't wait the template's 150 s for what it had in hand.
const VISIBILITY_SECONDS: u32 = 8;

/// A stack of its own, and the address of its API.
pub struct Deployment {
    stack: Stack,
    gateway: Gateway,
    reconciler: JoinHandle<()>,
    /// The values of its secret parameters.
    secrets: Vec<String>,
    /// Since then, nobody has taken over.
    killed: bool,
}

impl Deployment {
    /// Deploys the template of `deployed` once more, with these settings, named as `local` names them.
    pub async fn start(deployed: &Stack, env: &BTreeMap<String, String>) -> Self {
        let name = format!("e2e-{}", random_digits(9));
        let private_key = deploy_keys(deployed, &name).await;
        let mut secrets = BTreeMap::from([
            ("JWT_PRIVATE_KEY".to_owned(), private_key),
            ("OTP_PEPPER".to_owned(), random_digits(40)),
        ]);
        let listener = Gateway::listener().await;
        let port = listener.local_addr().unwrap().port();
        let mut parameters = BTreeMap::from([
            ("JwtPublicKeysParameter".to_owned(), format!("/{name}/jwt-public-keys")),
            // As `local` has it: the API's own pages are where Checkout leads back to.
            ("FrontendUrl".to_owned(), format!("http://localhost:{port}")),
        ]);
        for (setting, value) in env {
            if SECRETS.contains(&&**setting) {
                secrets.insert(setting.clone(), value.clone());
            } else if !OF_LOCAL.contains(&&**setting) {
                let parameter = parameter(setting);
                assert!(deployed.parameters.contains_key(&parameter), "no parameter {parameter}");
                // `local` has a word for no cache, where the template has nothing.
                let value = if value == "off" { "" } else { value };
                parameters.insert(parameter, value.to_owned());
            }
        }
        for (setting, value) in &secrets {
            let secret = secret_name(setting);
            put_parameter(&deployed.aws, &name, &secret, value, "SecureString").await;
        }
        let stack = deployed.again(&name, &parameters).await;
        let gateway = Gateway::start(listener, stack.aws.endpoint(), stack.id("HttpApi"));
        let reconciler = tokio::spawn(reconcile(stack.clone()));
        // A PEM is framed by lines that are no secret.
        let secrets = secrets.values().flat_map(|secret| secret.lines()).map(str::to_owned);
        let secrets = secrets.filter(|line| !line.starts_with("-----")).collect();
        Self { stack, gateway, reconciler, secrets, killed: false }
    }

    /// What must never be in its log: the values of its secret parameters.
    #[must_use]
    pub fn secrets(&self) -> &[String] {
        &self.secrets
    }

    /// The stack.
    #[must_use]
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// The base URL of its API.
    #[must_use]
    pub fn base_url(&self) -> &str {
        self.gateway.url()
    }

    /// Changes a secret; functions that run have read the old one.
    ///
    /// # Panics
    /// The setting is a parameter of the template.
    pub async fn set_secret(&mut self, setting: &str, value: &str) {
        assert!(SECRETS.contains(&setting), "{setting} is no secret");
        self.stack.put_secret(&secret_name(setting), value).await;
        self.secrets.push(value.to_owned());
    }

    /// Lets messages that a dead worker had in hand come back soon.
    pub async fn may_be_killed(&self) {
        let soon = json!({"VisibilityTimeout": VISIBILITY_SECONDS.to_string()});
        self.stack.set_queue("MessageQueue", &soon).await;
    }

    /// SIGKILL to all of its functions, and nobody answers or takes jobs until [`Self::restart`].
    pub async fn kill(&mut self) {
        self.gateway.open(false);
        self.stack.map_queue(false).await;
        self.reconciler.abort();
        let _ = kill_functions(&self.stack.name);
        self.killed = true;
    }

    /// Kills them, unless that was done, and lets new ones take over.
    pub async fn restart(&mut self) {
        if !self.killed {
            self.kill().await;
        }
        // What the mapping had begun before it was turned off may have started a worker since.
        let _ = kill_functions(&self.stack.name);
        self.stack.map_queue(true).await;
        self.gateway.open(true);
        self.reconciler = tokio::spawn(reconcile(self.stack.clone()));
        self.killed = false;
    }

    /// Stops what this process does for it, and gives the stack: to be read and deleted.
    pub(crate) fn into_stack(self) -> Stack {
        self.reconciler.abort();
        self.stack
    }
}

/// The name of a parameter of the template: `GEMINI_MODEL` is `GeminiModel` there.
fn parameter(setting: &str) -> String {
    let capitalised = |word: &str| {
        let (first, rest) = word.split_at(1);
        format!("{first}{}", rest.to_lowercase())
    };
    setting.split('_').map(capitalised).collect()
}

/// The name of a secret's SSM parameter, below the stack's: `otp-pepper` for `OTP_PEPPER`.
fn secret_name(setting: &str) -> String {
    setting.to_lowercase().replace('_', "-")
}

/// Gives a stack to be made a signing key's public half; the private one.
async fn deploy_keys(deployed: &Stack, name: &str) -> String {
    let (private_key, public_keys) = super::deploy::signing_key();
    put_parameter(&deployed.aws, name, "jwt-public-keys", &public_keys, "String").await;
    private_key
}

/// What EventBridge sends every minute, more often.
async fn reconcile(stack: Stack) {
    let event = scheduled("ReconcilerFunction");
    loop {
        sleep(RECONCILE_EVERY).await;
        stack.aws.invoke(stack.id("ReconcilerFunction"), &event).await;
    }
}

/// The event of a schedule.
#[must_use]
pub fn scheduled(function: &str) -> Value {
    json!({
        "version": "0", "id": "00000000-0000-4000-8000-000000000000", "detail-type": "Scheduled Event",
        "source": "aws.events", "account": super::aws::ACCOUNT, "time": "2026-01-01T00:00:00Z",
        "region": super::aws::REGION, "resources": [function], "detail": {},
    })
}

/// SIGKILL to every process of the stack's functions. The emulator runs them on this machine, with
/// their names in their environments, as Lambda does. How many there were.
#[must_use]
pub fn kill_functions(stack: &str) -> usize {
    let ours = format!("AWS_LAMBDA_FUNCTION_NAME={stack}-");
    let processes = fs::read_dir("/proc").expect("the rehearsal's kills need Linux's /proc");
    let mut killed = 0;
    for process in processes.flatten() {
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        if environment.split(|byte| *byte == 0).any(|one| one.starts_with(ours.as_bytes())) {
            let id = process.file_name();
            let done = Command::new("kill").arg("-KILL").arg(id).status().unwrap();
            killed += usize::from(done.success());
        }
    }
    killed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_a_parameter_of_the_template() {
        assert_eq!(parameter("GEMINI_BASE_URL"), "GeminiBaseUrl");
        assert_eq!(parameter("PRO_REQUESTS_PER_MINUTE"), "ProRequestsPerMinute");
    }
}
