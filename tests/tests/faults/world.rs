//! One Parley, or two on the same tables and queue, with a proxy before every server.

use std::{ops::Deref, thread, time::Duration};

use serde_json::Value;
use tempfile::TempDir;
use tests::{
    Request, Response, User,
    chaos::{
        Instance, Servers,
        fault::{Fault, Target},
    },
    eventually, replies_to,
};
use tokio::time::Instant;

/// What waits for a sweep, or for a job to be delivered again, has come within this: seconds, on a
/// machine that is not busy.
pub(crate) const RECOVERY: Duration = Duration::from_mins(1);

/// A function is cut off after this (`template.yaml`): it has to say earlier that it can't do it.
pub(crate) const FUNCTION_TIMEOUT: Duration = Duration::from_secs(10);

/// How a world is set up.
pub(crate) struct Builder {
    processes: usize,
    visibility_timeout: u32,
    env: Vec<(&'static str, &'static str)>,
}

/// Servers, proxies and processes. When it goes, it fails the test if a process has panicked, or has
/// printed what must never be in a log.
pub(crate) struct World {
    pub(crate) parleys: Vec<Instance>,
    servers: Servers,
    _folder: TempDir,
}

impl Builder {
    pub(crate) fn processes(self, processes: usize) -> Self {
        Self { processes, ..self }
    }

    /// After how many seconds a job comes again that was received and not acknowledged.
    pub(crate) fn visibility_timeout(self, visibility_timeout: u32) -> Self {
        Self { visibility_timeout, ..self }
    }

    pub(crate) fn env(mut self, name: &'static str, value: &'static str) -> Self {
        self.env.push((name, value));
        self
    }

    pub(crate) async fn start(self) -> World {
        let folder = tempfile::Builder::new().prefix("parley-faults-").tempdir().unwrap();
        let servers = Servers::start(self.visibility_timeout).await;
        let mut env = servers.env(&folder.path().join("data"));
        let settings =
            self.env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        env.extend(settings);
        let mut parleys = Vec::new();
        for number in 0..self.processes {
            let log = folder.path().join(format!("parley-{number}.log"));
            let parley = Instance::start(env.clone(), log).await;
            servers.stripe.deliver_to(&parley.webhook());
            parleys.push(parley);
        }
        World { parleys, servers, _folder: folder }
    }
}

impl World {
    /// One process, with the deployed queue's patience, that sweeps every second what has waited for
    /// two.
    pub(crate) fn builder() -> Builder {
        let processes = 1;
        let visibility_timeout = local::deployed::VISIBILITY_TIMEOUT_SECONDS;
        let env = vec![
            ("BASIC_REQUESTS_PER_MINUTE", "1000000"),
            ("SWEEP_EVERY_SECONDS", "1"),
            ("REQUEUE_AFTER_SECONDS", "2"),
            // What comes of an event of Stripe's comes of that event.
            ("RECONCILE_EVERY_SECONDS", "3600"),
        ];
        Builder { processes, visibility_timeout, env }
    }

    /// A user of the first process.
    pub(crate) async fn user(&self) -> User {
        self.parleys[0].api.user().await
    }

    /// The same user at another process.
    pub(crate) async fn at(&self, process: usize, user: &User) -> User {
        let api = &self.parleys[process].api;
        api.refresh(&user.refresh_token).await.signed_in(api, &user.mobile_number)
    }

    /// From now on, `fault` befalls each call of a server whose operation begins like this.
    pub(crate) fn fails(&self, target: Target, operation: &'static str, fault: &Fault) {
        let fault = fault.clone();
        let is_it = move |name: &str| name.starts_with(operation);
        self.proxy(target).decide(move |call| is_it(&call.operation).then(|| fault.clone()));
    }

    /// From now on, `fault` befalls each call of a server, on new connections.
    pub(crate) fn breaks(&self, target: Target, fault: &Fault) {
        self.fails(target, "", fault);
        self.proxy(target).sever();
    }

    /// How many calls of a server have failed.
    pub(crate) fn failed(&self, target: Target) -> u64 {
        self.proxy(target).injected().values().sum()
    }

    pub(crate) async fn wait_for_failed(&self, target: Target, calls: u64) {
        let enough = async || (self.failed(target) >= calls).then_some(());
        eventually("calls fail", RECOVERY, enough).await;
    }

    /// Waits until the log of a process holds this.
    pub(crate) async fn wait_for_log(&self, process: usize, text: &str) {
        let logged = async || self.parleys[process].logs().contains(text).then_some(());
        eventually(text, RECOVERY, logged).await;
    }

    /// Waits until so many jobs are left in the queue and in the dead-letter queue.
    pub(crate) async fn wait_for_jobs(&self, left: (usize, usize)) {
        let are_left = async || (self.jobs() == left).then_some(());
        eventually(&format!("{left:?} jobs are left"), RECOVERY, are_left).await;
    }

    /// A question as the table holds it.
    pub(crate) async fn stored(&self, question: &str) -> Value {
        let messages = self.tables.items("messages").await;
        let is_it = |item: &&Value| item["message_id"] == question;
        messages.iter().find(is_it).unwrap_or_else(|| panic!("{question}: {messages:?}")).clone()
    }
}

impl Deref for World {
    type Target = Servers;

    fn deref(&self) -> &Servers {
        &self.servers
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let panicking = thread::panicking();
        for (number, parley) in self.parleys.iter().enumerate() {
            parley.kill();
            if panicking {
                eprintln!(
                    "--- what process {number} printed ---\n{}--- its end ---",
                    parley.logs()
                );
            } else {
                parley.assert_fit_to_print();
            }
        }
    }
}

/// Sends a request that has to be answered within `bound`; its answer.
pub(crate) async fn within(bound: Duration, request: Request) -> Response {
    let asked = Instant::now();
    let answer = request.may_fail().await;
    let took = asked.elapsed();
    assert!(took < bound, "{took:?} for {answer}");
    answer
}

/// Each of a room's questions has one reply that is an answer, and the replies are in their order.
pub(crate) async fn answered_once_in_order(user: &User, room: &str, questions: &[&str]) {
    for question in questions {
        user.wait_for_reply_within(RECOVERY, room, question).await;
    }
    let messages = user.messages(room).await;
    for question in questions {
        assert_eq!(replies_to(&messages, question).len(), 1, "{messages:#?}");
        let asked = messages.iter().find(|message| message["id"] == **question).unwrap();
        assert_eq!(asked["status"], "answered", "{messages:#?}");
    }
    let replies = messages.iter().filter_map(|message| message["reply_to"].as_str());
    assert_eq!(replies.collect::<Vec<_>>(), questions, "another order: {messages:#?}");
    assert_eq!(messages.len(), 2 * questions.len(), "{messages:#?}");
}
