//! Two Parleys on the same tables and queue, and a proxy between them and every server.
//!
//! The servers live in this process, so that they outlive every kill, as those of AWS do.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_sqs::types::QueueAttributeName;
use local::{
    dynamodb::{Data, Embedded},
    gemini,
    sqs::{self, Sqs},
    valkey::Valkey,
};
use shared::{
    aws::Aws,
    config::Env,
    domain::{Clock, SystemClock},
};
use tempfile::TempDir;
use tokio::{
    net::TcpListener,
    task::{JoinHandle, spawn_blocking},
    time::{Instant, sleep, sleep_until},
};

use super::{
    fault::Target,
    plan::{Kill, Plan},
    proxy::Proxy,
    tables::Tables,
};
use crate::{Api, model, process::Process, relay::Relay, stripe};

/// How many Parleys run: as Lambda runs more than one of each function.
pub(super) const PROCESSES: usize = 2;

/// A Basic user's messages a day: so few that it is reached, and so many that much is sent.
pub(super) const DAILY_MESSAGES: u32 = 60;

const QUEUE: &str = "messages.fifo";
const DEAD_LETTER_QUEUE: &str = "messages-dlq.fifo";

/// The queue's visibility timeout, seconds: shorter than what a slow reply may take, so that jobs are
/// delivered twice.
const VISIBILITY_TIMEOUT: u32 = 8;

/// How long the model thinks in good weather.
const THINKS: Duration = Duration::from_millis(20);

/// A process that did not come up, because what it needs is down, is started again.
const STARTS: u32 = 30;

/// What the run is about.
pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) parleys: Vec<Arc<Instance>>,
    pub(super) tables: Tables,
    pub(super) stripe: stripe::StandIn,
    proxies: BTreeMap<Target, Proxy>,
    queues: Sqs,
    folder: TempDir,
    _dynamodb: Embedded,
    _model: gemini::StandIn,
    _valkey: Valkey,
    _relays: Vec<Relay>,
}

/// One Parley: a process that may come and go.
pub(super) struct Instance {
    pub(super) api: Api,
    process: Mutex<Option<Process>>,
    env: BTreeMap<String, String>,
    log: PathBuf,
}

impl World {
    /// All of it, in good weather.
    pub(super) async fn start(plan: Plan) -> Self {
        let folder = tempfile::Builder::new().prefix("parley-chaos-").tempdir().unwrap();
        let dynamodb = Embedded::start(Data::Memory).await.unwrap();
        let (queues, queue_server) = serve_queues().await;
        let model = gemini::StandIn::start(0).await.unwrap();
        model.set_delay(THINKS);
        let settings = local::stripe::Settings::default();
        let stripe = stripe::StandIn::start(settings).await.unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let valkey = Valkey::start(&Env::default().with("PATH", path)).await.unwrap();
        let mut proxies = BTreeMap::from([
            (Target::DynamoDb, Proxy::http(dynamodb.url()).await),
            (Target::Sqs, Proxy::http(&queue_server).await),
            (Target::Gemini, Proxy::http(model.url()).await),
            (Target::Stripe, Proxy::http(stripe.url()).await),
        ]);
        if let Valkey::Started { url, .. } | Valkey::Given(url) = &valkey {
            proxies.insert(Target::Valkey, Proxy::valkey(url).await);
        }
        let aws = dynamodb.env(Env::default()).with("AWS_ENDPOINT_URL_SQS", &queue_server);
        let aws = Aws::from_env(&aws).unwrap();
        let (queue, dead) = create_queues(&aws).await;
        let mut env = environment(&proxies, folder.path());
        env.insert("STRIPE_WEBHOOK_SECRET".to_owned(), stripe.webhook_secret().to_owned());
        env.insert("MESSAGE_QUEUE_URL".to_owned(), queue);
        env.insert("DEAD_LETTER_QUEUE_URL".to_owned(), dead);
        let mut parleys = Vec::new();
        let mut relays = Vec::new();
        for number in 0..PROCESSES {
            let log = folder.path().join(format!("parley-{number}.log"));
            let instance = Instance::start(env.clone(), log).await;
            let relay = Relay::start(instance.api.clone()).await;
            stripe.deliver_to(&format!("{}{}", relay.url(), stripe::WEBHOOK));
            relays.push(relay);
            parleys.push(Arc::new(instance));
        }
        Self {
            plan,
            parleys,
            tables: Tables::new(&aws),
            stripe,
            proxies,
            queues,
            folder,
            _dynamodb: dynamodb,
            _model: model,
            _valkey: valkey,
            _relays: relays,
        }
    }

    /// From now on, it storms as planned. Ends when all processes that were killed are back.
    pub(super) async fn storm(&self) {
        let began = Instant::now();
        for (target, proxy) in &self.proxies {
            let (plan, target) = (self.plan.clone(), *target);
            proxy.decide(move |call| plan.fault(target, call.number, began.elapsed()));
        }
        let breaks = self.breaks(began);
        let restarts: Vec<_> = self.plan.kills.iter().map(|kill| self.kill(*kill, began)).collect();
        for restart in restarts {
            restart.await.unwrap();
        }
        breaks.await;
        sleep_until(began + self.plan.length).await;
    }

    /// A server that goes down takes its connections along.
    async fn breaks(&self, began: Instant) {
        for trouble in &self.plan.troubles {
            sleep_until(began + trouble.from).await;
            if trouble.is_down()
                && let Some(proxy) = self.proxies.get(&trouble.target)
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

    /// From now on, nothing fails.
    pub(super) fn calm(&self) {
        for proxy in self.proxies.values() {
            proxy.calm();
        }
    }

    /// The proxies, by what is behind them.
    pub(super) fn proxies(&self) -> &BTreeMap<Target, Proxy> {
        &self.proxies
    }

    /// How many jobs are in the queue, and in the dead-letter queue.
    pub(super) fn jobs(&self) -> (usize, usize) {
        let count = |name| {
            let depth = self.queues.depth(name).unwrap();
            depth.visible + depth.in_flight + depth.delayed
        };
        (count(QUEUE), count(DEAD_LETTER_QUEUE))
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
        let read = |parley: &Arc<Instance>| std::fs::read(&parley.log).unwrap_or_default();
        let logs = self.parleys.iter().map(read).collect::<Vec<_>>().concat();
        String::from_utf8_lossy(&logs).into_owned()
    }
}

impl Instance {
    async fn start(env: BTreeMap<String, String>, log: PathBuf) -> Self {
        let instance = Self {
            api: Api::new(String::from("http://127.0.0.1:9")),
            process: Mutex::default(),
            env,
            log,
        };
        instance.begin().await;
        instance
    }

    /// Starts its process, unless there is one.
    async fn begin(&self) {
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

    /// Ends its process, if there is one.
    async fn end(&self, hard: bool) {
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
}

async fn serve_queues() -> (Sqs, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let queues = Sqs::new(clock);
    tokio::spawn(sqs::serve(listener, queues.clone(), std::future::pending()));
    (queues, url)
}

/// As the template makes them, but for the visibility timeout. The URLs of both.
async fn create_queues(aws: &Aws) -> (String, String) {
    let client = aws_sdk_sqs::Client::new(&aws.config("SQS"));
    let create = async |name: &str, attributes: &[(QueueAttributeName, String)]| {
        let fifo = (QueueAttributeName::FifoQueue, "true".to_owned());
        let attributes = attributes.iter().cloned().chain([fifo]).collect();
        let made = client.create_queue().queue_name(name).set_attributes(Some(attributes));
        made.send().await.unwrap().queue_url.unwrap()
    };
    let dead = create(DEAD_LETTER_QUEUE, &[]).await;
    let redrive = serde_json::json!({
        "deadLetterTargetArn": format!("arn:aws:sqs:us-east-1:000000000000:{DEAD_LETTER_QUEUE}"),
        "maxReceiveCount": local::deployed::MAX_RECEIVE_COUNT,
    });
    let attributes = [
        (QueueAttributeName::VisibilityTimeout, VISIBILITY_TIMEOUT.to_string()),
        (QueueAttributeName::RedrivePolicy, redrive.to_string()),
    ];
    (create(QUEUE, &attributes).await, dead)
}

/// That of the processes: everything by way of the proxies, and all that waits in seconds.
fn environment(proxies: &BTreeMap<Target, Proxy>, folder: &Path) -> BTreeMap<String, String> {
    let url = |target| proxies.get(&target).map_or("off", Proxy::url);
    let data = folder.join("data");
    let daily = DAILY_MESSAGES.to_string();
    [
        ("PORT", "0"),
        ("PARLEY_DATA", data.to_str().unwrap()),
        ("LOG_FORMAT", "json"),
        ("AWS_ENDPOINT_URL", url(Target::DynamoDb)),
        ("AWS_ENDPOINT_URL_SQS", url(Target::Sqs)),
        ("VALKEY_URL", url(Target::Valkey)),
        ("GEMINI_BASE_URL", url(Target::Gemini)),
        ("GEMINI_API_KEY", model::KEY),
        ("GEMINI_TIMEOUT_SECONDS", "2"),
        ("STRIPE_BASE_URL", url(Target::Stripe)),
        ("STRIPE_SECRET_KEY", stripe::KEY),
        ("BASIC_DAILY_MESSAGES", &daily),
        ("BASIC_REQUESTS_PER_MINUTE", "1000000"),
        ("PRO_REQUESTS_PER_MINUTE", "1000000"),
        ("RECONCILE_EVERY_SECONDS", "1"),
        ("SWEEP_EVERY_SECONDS", "1"),
        ("REQUEUE_AFTER_SECONDS", "3"),
        ("GIVE_UP_AFTER_SECONDS", "30"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}
