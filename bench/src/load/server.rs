//! The `local` process that is measured, as `make run` starts it.

use std::{
    collections::BTreeMap,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tests::{Api, Process, User};

use super::process;

/// What is in a queue: what waits, and what is being answered.
const COUNTS: [&str; 2] = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];

/// A running `local`: all stand-ins in it, Valkey beside it, no limits.
pub(crate) struct Server {
    process: Process,
    api: Api,
    http: reqwest::Client,
    stand_ins: StandIns,
    valkey: Option<u32>,
}

/// Where they are.
struct StandIns {
    gemini: String,
    dynamodb: String,
    sqs: String,
}

/// Processor time used so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cpu {
    /// By `local`: the functions, the worker, the stand-ins for DynamoDB, SQS and Gemini.
    pub(crate) local: Duration,
    /// By Valkey.
    pub(crate) valkey: Duration,
    /// By this program.
    pub(crate) own: Duration,
}

/// The processes whose time is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Processes {
    local: u32,
    valkey: Option<u32>,
}

impl Server {
    /// Starts one that keeps its data at `data` and prints to `log`.
    pub(crate) fn start(data: &str, log: &Path, settings: &[(&str, &str)]) -> Self {
        let (process, base_url) = Process::start(&environment(data, settings), log);
        let stand_ins = StandIns::named_by(&process);
        let started = process::descendants(process.id());
        let is_valkey = |process: &u32| {
            let name = process::name(*process);
            name.starts_with("valkey") || name.starts_with("redis")
        };
        let valkey = started.into_iter().find(is_valkey);
        let api = Api::new(base_url);
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        Self { process, api, http, stand_ins, valkey }
    }

    /// Host and port.
    pub(crate) fn address(&self) -> String {
        self.api.base_url().trim_start_matches("http://").to_owned()
    }

    /// Whose time is counted.
    pub(crate) fn processes(&self) -> Processes {
        Processes { local: self.process.id(), valkey: self.valkey }
    }

    /// Resident memory of `local`, and of Valkey if there is one, MiB.
    pub(crate) fn resident_mib(&self) -> (f64, Option<f64>) {
        (process::resident_mib(self.process.id()), self.valkey.map(process::resident_mib))
    }

    /// Lets the stand-in for Gemini take so long for each reply.
    pub(crate) async fn set_model_delay(&self, delay: Duration) {
        let url = format!("{}/control/delay", self.stand_ins.gemini);
        let body = json!({ "delay_ms": delay.as_millis() });
        self.http.put(url).json(&body).send().await.unwrap().error_for_status().unwrap();
    }

    /// Asks the embedded DynamoDB.
    pub(crate) async fn dynamodb(&self, action: &str, body: &Value) -> Value {
        let target = format!("DynamoDB_20120810.{action}");
        self.aws(&self.stand_ins.dynamodb, &target, body).await
    }

    /// Waits until the queue is empty: every message has its reply.
    ///
    /// # Panics
    /// It is not within five minutes.
    pub(crate) async fn drained(&self) {
        tests::eventually("an empty queue", Duration::from_mins(5), async || {
            let url = format!("{}/000000000000/{}", self.stand_ins.sqs, local::queues::QUEUE);
            let body = json!({ "QueueUrl": url, "AttributeNames": COUNTS });
            let answer = self.aws(&self.stand_ins.sqs, "AmazonSQS.GetQueueAttributes", &body).await;
            COUNTS.iter().all(|count| answer["Attributes"][count] == "0").then_some(())
        })
        .await;
    }

    /// That many users who have just signed in.
    pub(crate) async fn users(&self, count: usize) -> Vec<User> {
        let mut users = Vec::new();
        for _ in 0..count {
            users.push(self.api.user().await);
        }
        users
    }

    /// SIGTERM.
    ///
    /// # Panics
    /// It does not stop cleanly.
    pub(crate) fn stop(mut self) {
        let status = self.process.stop().expect("it stops in time");
        assert!(status.success(), "{status}:\n{}", self.process.output());
    }

    async fn aws(&self, url: &str, target: &str, body: &Value) -> Value {
        let request = self.http.post(url).header("x-amz-target", target);
        let request = request.header("content-type", "application/x-amz-json-1.0");
        // Signed in form only: nobody checks it.
        let signature = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, \
            SignedHeaders=host, Signature=0";
        let request =
            request.header("authorization", signature).header("x-amz-date", "20260101T000000Z");
        let answer = request.body(body.to_string()).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{target}: {status} {text}");
        text.parse().unwrap()
    }
}

impl StandIns {
    /// As they are named at the start, in the lines after the one that says that it serves.
    fn named_by(process: &Process) -> Self {
        const BOUND: Duration = Duration::from_secs(5);
        let begun = Instant::now();
        loop {
            let output = process.output();
            if let Some(named) = Self::named_in(&output) {
                return named;
            }
            assert!(begun.elapsed() < BOUND, "it does not say where its stand-ins are:\n{output}");
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn named_in(output: &str) -> Option<Self> {
        let address = |of: &str| {
            // A line that is not whole yet may hold half an address.
            let mut lines = output.split_inclusive('\n').filter(|line| line.ends_with('\n'));
            let line = lines.find(|line| line.trim_start().starts_with(of))?;
            let mut words = line.split_whitespace();
            words.find(|word| word.starts_with("http://")).map(str::to_owned)
        };
        Some(Self {
            gemini: address("Gemini ")?,
            dynamodb: address("DynamoDB ")?,
            sqs: address("SQS ")?,
        })
    }
}

impl Processes {
    /// The time they have used so far.
    pub(crate) fn cpu(self) -> Cpu {
        Cpu {
            local: process::cpu(self.local),
            valkey: self.valkey.map(process::cpu).unwrap_or_default(),
            own: process::cpu(std::process::id()),
        }
    }
}

impl Cpu {
    /// The time used since `earlier`.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            local: self.local.saturating_sub(earlier.local),
            valkey: self.valkey.saturating_sub(earlier.valkey),
            own: self.own.saturating_sub(earlier.own),
        }
    }
}

/// What `local` is started with.
pub(crate) fn environment(data: &str, settings: &[(&str, &str)]) -> BTreeMap<String, String> {
    let always = [
        ("PORT", "0"),
        ("PARLEY_DATA", data),
        // Counted as ever, and never reached.
        ("BASIC_DAILY_MESSAGES", "1000000"),
        ("BASIC_REQUESTS_PER_MINUTE", "1000000"),
    ];
    let all = always.iter().chain(settings);
    all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
