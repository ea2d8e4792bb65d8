//! A function's program, started as Lambda starts it.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tests::deployed::Function;

use super::runtime::Runtime;
use crate::machine::mib;

/// A function as it is to be started: its program, and all of its environment.
pub(super) struct Program {
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// MB.
    pub(super) memory: u32,
    environment: BTreeMap<String, String>,
}

/// A program that runs.
pub(super) struct Started {
    child: Child,
    at: Instant,
    pub(super) runtime: Runtime,
    folder: TempDir,
}

impl Program {
    pub(super) fn new(function: &Function, environment: BTreeMap<String, String>) -> Self {
        let folder = std::env::var_os("FUNCTIONS").map_or_else(default_folder, PathBuf::from);
        let path = folder.join(&function.name);
        assert!(path.is_file(), "{} is missing: `make bench` builds it", path.display());
        let memory = function.memory.parse().unwrap();
        Self { name: function.name.clone(), path, memory, environment }
    }

    /// Starts it.
    pub(super) async fn start(&self) -> Started {
        self.start_by(&[]).await
    }

    /// Starts it under callgrind, which counts the instructions that it executes, outside of the kernel
    /// (<https://valgrind.org/docs/manual/cl-manual.html>).
    pub(super) async fn start_counting(&self) -> Started {
        // The count so far is written down before each thread that is started. The first one looks up the
        // first host: what it does beside the first thread is luck, so nothing of it may be counted.
        let dump = "--dump-before=pthread_create*";
        let file = "--callgrind-out-file=counted";
        // Looked for here: a function's environment has no PATH of this machine's.
        let valgrind = std::env::var("VALGRIND").unwrap_or_else(|_| "valgrind".to_owned());
        self.start_by(&[&valgrind, "--tool=callgrind", file, dump]).await
    }

    async fn start_by(&self, wrapper: &[&str]) -> Started {
        let runtime = Runtime::start().await;
        let folder = TempDir::with_prefix("parley-bench-").unwrap();
        let output = File::create(folder.path().join("output")).unwrap();
        let words: Vec<_> = wrapper.iter().map(Path::new).chain([&*self.path]).collect();
        let mut command = Command::new(words[0]);
        command
            .args(&words[1..])
            .env_clear()
            .envs(&self.environment)
            .env("AWS_LAMBDA_FUNCTION_NAME", &self.name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", self.memory.to_string())
            .env("AWS_LAMBDA_RUNTIME_API", &runtime.address)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output);
        let at = Instant::now();
        let child =
            command.spawn().unwrap_or_else(|error| panic!("{}: {error}", words[0].display()));
        Started { child, at, runtime, folder }
    }
}

impl Started {
    /// Waits until it asks for its first event: how long that took from its start.
    pub(super) async fn initialised(&mut self) -> Duration {
        self.runtime.asked().await.duration_since(self.at)
    }

    /// Gives it an event, has its answer checked, and waits until it asks for the next one: how long
    /// the answer took.
    pub(super) async fn call(&mut self, event: &Value) -> Duration {
        let (took, answer) = self.runtime.invoke(event.clone()).await;
        let status = answer["statusCode"].as_u64().unwrap_or(200);
        let failures = answer["batchItemFailures"].as_array().map_or(0, Vec::len);
        let failed_steps = answer["failed_steps"].as_u64().unwrap_or(0);
        assert!(status < 300 && failures == 0 && failed_steps == 0, "{answer}\n{}", self.output());
        self.runtime.asked().await;
        took
    }

    /// The memory that it takes (`VmRSS`), or has taken at most (`VmHWM`), MiB.
    pub(super) fn memory(&self, which: &str) -> f64 {
        mib(self.child.id(), which)
    }

    /// Sends it a signal.
    pub(super) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    pub(super) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Ends one that was started counting: how many instructions it has executed, in millions, in all and
    /// until it was about to look up the first host.
    pub(super) fn counted(mut self) -> (f64, f64) {
        self.signal(Signal::TERM);
        self.child.wait().unwrap();
        let files = fs::read_dir(self.folder.path()).unwrap().map(|file| file.unwrap().path());
        let mut counts: Vec<_> = files.filter(|path| is_count(path)).collect();
        // `counted.1`, `counted.2`, … and at the end `counted`.
        counts.sort_by_key(|path| {
            path.extension().map(|part| part.to_str().unwrap().parse::<u32>().unwrap())
        });
        counts.rotate_left(1);
        let counts: Vec<_> = counts.iter().map(|path| total(path)).collect();
        assert!(!counts.is_empty(), "no count: {}", self.output());
        (counts.iter().sum(), counts[0])
    }

    /// What it has printed.
    fn output(&self) -> String {
        fs::read_to_string(self.folder.path().join("output")).unwrap_or_default()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn is_count(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem == "counted")
}

/// What callgrind has counted, in millions.
fn total(path: &Path) -> f64 {
    let text = fs::read_to_string(path).unwrap();
    let total = text.lines().find_map(|line| line.strip_prefix("totals: ")).unwrap();
    total.trim().parse::<f64>().unwrap() / 1e6
}

/// Where `cargo build --release` leaves them, seen from this program.
fn default_folder() -> PathBuf {
    std::env::current_exe().unwrap().parent().unwrap().join("../release")
}
