//! The log of a test, as the functions print it in AWS, and what it counts there.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use serde_json::Value;
use shared::{config::Env, domain::Clock, metrics, telemetry};
use tracing::{
    Dispatch,
    subscriber::{DefaultGuard, NoSubscriber},
};
use tracing_subscriber::{fmt::MakeWriter, layer::SubscriberExt, registry};

/// The namespace of a test's metrics.
pub const NAMESPACE: &str = "Parley/test";

/// One more subscriber, in every process in which a test listens to its log. If there were only that
/// test's, a line that another test's thread comes to first would be taken for one that nobody wants:
/// `tracing` then asks the subscriber of the thread alone, and there is none.
static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));

/// What a thread has logged.
#[derive(Debug, Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// What this thread logs and counts by `clock` from here on, for as long as the guard lives.
    #[must_use]
    pub fn begin(clock: Arc<dyn Clock>) -> (Self, DefaultGuard) {
        Self::begin_with(Env::default().with("METRICS_NAMESPACE", NAMESPACE), clock)
    }

    /// The same, as `env` says.
    #[must_use]
    pub fn begin_with(env: Env, clock: Arc<dyn Clock>) -> (Self, DefaultGuard) {
        LazyLock::force(&ANOTHER);
        let lines = Self::default();
        let layer = telemetry::lines(&env, clock, lines.clone());
        let guard = tracing::subscriber::set_default(registry().with(layer));
        (lines, guard)
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// All lines.
    #[must_use]
    pub fn all(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The lines that say `message`.
    #[must_use]
    pub fn saying(&self, message: &str) -> Vec<Value> {
        self.all().into_iter().filter(|line| line["message"] == message).collect()
    }

    /// The only line that says `message`.
    #[must_use]
    pub fn only(&self, message: &str) -> Value {
        let mut found = self.saying(message);
        assert_eq!(found.len(), 1, "lines that say {message:?} in\n{}", self.text());
        found.remove(0)
    }

    /// What was counted, summed up by metric.
    #[must_use]
    pub fn counted(&self) -> BTreeMap<String, i64> {
        let mut counted = BTreeMap::new();
        for (name, value) in self.all().iter().flat_map(declared) {
            *counted.entry(name).or_default() += value;
        }
        counted
    }

    /// Asserts that this was counted, and nothing else.
    #[track_caller]
    pub fn assert_counted(&self, expected: &[(&str, i64)]) {
        let expected: BTreeMap<_, _> =
            expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        assert_eq!(self.counted(), expected, "in\n{}", self.text());
    }
}

/// The metrics that a line declares, with their values, held against the embedded metric format
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>)
/// and against the list of metrics.
#[must_use]
pub fn declared(line: &Value) -> Vec<(String, i64)> {
    let Some(metadata) = line.get("_aws") else { return Vec::new() };
    let names = |object: &Value| object.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(metadata), ["CloudWatchMetrics", "Timestamp"], "{line}");
    assert!(metadata["Timestamp"].is_u64(), "milliseconds of Unix time: {line}");
    let [directive] = metadata["CloudWatchMetrics"].as_array().unwrap().as_slice() else {
        panic!("one directive is enough: {line}");
    };
    assert_eq!(names(directive), ["Dimensions", "Metrics", "Namespace"], "{line}");
    assert!((1..=256).contains(&directive["Namespace"].as_str().unwrap().len()), "{line}");
    assert_eq!(directive["Dimensions"], serde_json::json!([[]]), "{line}");
    let definitions = directive["Metrics"].as_array().unwrap();
    assert!((1..=100).contains(&definitions.len()), "{line}");
    let values = definitions.iter().map(|definition| {
        let name = definition["Name"].as_str().unwrap();
        let metric = metrics::named(name).unwrap();
        assert_eq!(names(definition), ["Name", "Unit"], "{line}");
        assert_eq!(definition["Unit"], metric.unit.as_str(), "{line}");
        (name.to_owned(), line[name].as_i64().unwrap())
    });
    values.collect()
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
