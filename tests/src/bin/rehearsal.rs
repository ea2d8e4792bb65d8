//! Rehearses a deployment: starts an emulator of AWS, a cache and the stand-ins on loopback, deploys the
//! template to it with `sam deploy`, runs a command against that, and takes all of it down again.
//!
//! ```sh
//! rehearsal [--programs <folder>] <command> [arguments]
//! ```
//!
//! Its exit status is the command's. Each step says how long it took. What the servers have written is
//! kept, and said where, if anything failed.

#![expect(clippy::panic, reason = "a step that fails ends the rehearsal, with what it has to say")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use local::{gemini, stripe, valkey::Valkey};
use shared::config::Env;
use tests::rehearsal::{
    ENDPOINT, STACK, Stack,
    aws::Aws,
    deploy::{Deploy, lay_out},
    report::{self, Summary},
    servers::Emulator,
};
use tokio::{
    process::Command,
    signal::unix::{SignalKind, signal},
};

/// As `samconfig.toml` names it.
const NAME: &str = "parley-local";

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments: Vec<_> = std::env::args().skip(1).collect();
    let mut programs = PathBuf::from("target/debug");
    if arguments.first().is_some_and(|first| first == "--programs") && arguments.len() > 1 {
        programs = arguments.remove(1).into();
        arguments.remove(0);
    }
    if arguments.is_empty() {
        eprintln!("usage: rehearsal [--programs <folder>] <command> [arguments]");
        return ExitCode::from(2);
    }
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return ExitCode::FAILURE };
    tokio::select! {
        code = rehearse(&programs, &arguments) => code,
        // What is dropped here stops its server.
        _ = tokio::signal::ctrl_c() => ExitCode::from(130),
        _ = terminate.recv() => ExitCode::from(143),
    }
}

async fn rehearse(programs: &Path, command: &[String]) -> ExitCode {
    let folder = match tempfile::Builder::new().prefix("parley-rehearsal-").tempdir() {
        Ok(folder) => folder,
        Err(error) => panic!("no folder for what the servers write: {error}"),
    };
    let steps = Steps::begin();
    let built = folder.path().join("built");
    let count = lay_out(programs, &built);
    steps.done(&format!("{count} functions of {} laid out", programs.display()));

    let servers = Servers::start(folder.path()).await;
    steps.done(&format!("MiniStack serves at {}", servers.emulator.url));

    let aws = Aws::new(servers.emulator.url.clone());
    let deploy = Deploy { aws: &aws, stack: NAME, parameters: servers.parameters(), built: &built };
    deploy.put_parameters().await;
    let (deployed, printed) = deploy.sam();
    fs::write(folder.path().join("sam-deploy.log"), &printed).unwrap_or_default();
    if !deployed {
        eprintln!("{printed}");
        return steps.failed("sam deploy failed", folder);
    }
    steps.done("template.yaml deployed with `sam deploy`");

    let stack = Stack::find(aws, NAME).await;
    stack.complete().await;
    stack.publish().await;
    steps.done("routes and CORS imported from the template");

    let report = folder.path().join("report");
    let status = Command::new(&command[0])
        .args(&command[1..])
        .env(ENDPOINT, &servers.emulator.url)
        .env(STACK, NAME)
        .env(report::FILE, &report)
        .kill_on_drop(true)
        .status()
        .await;
    let success = status.is_ok_and(|status| status.success());
    let summary = Summary::read(&report);
    steps.done(&format!("`{}`: {summary}", command.join(" ")));
    drop(servers);
    if summary.is_empty() {
        return steps.failed("no test has spoken to the deployment", folder);
    }
    if !success {
        return steps.failed("the command failed", folder);
    }
    steps.done("taken down");
    ExitCode::SUCCESS
}

/// What the deployment needs around it.
struct Servers {
    emulator: Emulator,
    cache: Valkey,
    gemini: gemini::StandIn,
    stripe: stripe::StandIn,
}

impl Servers {
    async fn start(folder: &Path) -> Self {
        let env = Env::of_process();
        let started = tokio::join!(
            Emulator::start(folder),
            Valkey::start(&env),
            gemini::StandIn::start(0),
            stripe::StandIn::start(stripe::Settings::default()),
        );
        let (emulator, Ok(cache), Ok(gemini), Ok(stripe)) = started else {
            panic!("the cache or a stand-in does not start");
        };
        Self { emulator, cache, gemini, stripe }
    }

    /// Parameters of the template, beside those of `samconfig.toml`.
    fn parameters(&self) -> Vec<(&'static str, String)> {
        let cache = self.cache.env(Env::default());
        let cache = cache.get("VALKEY_URL").filter(|url| *url != "off").unwrap_or_default();
        vec![
            ("GeminiBaseUrl", self.gemini.url().to_owned()),
            ("StripeBaseUrl", self.stripe.url().to_owned()),
            // So high that polling never meets it; the tests of the rate set their own.
            ("BasicRequestsPerMinute", "1000000".to_owned()),
            ("ValkeyUrl", cache.to_owned()),
        ]
    }
}

/// Says how long each step took, and all of them.
struct Steps {
    began: Instant,
    last: std::cell::Cell<Instant>,
}

impl Steps {
    fn begin() -> Self {
        let now = Instant::now();
        Self { began: now, last: now.into() }
    }

    fn done(&self, what: &str) {
        let took = self.last.replace(Instant::now()).elapsed();
        println!("rehearsal: {} ({} in all): {what}", seconds(took), seconds(self.began.elapsed()));
    }

    fn failed(&self, what: &str, folder: tempfile::TempDir) -> ExitCode {
        self.done(what);
        println!("rehearsal: what the servers wrote is in {}", folder.keep().display());
        ExitCode::FAILURE
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
