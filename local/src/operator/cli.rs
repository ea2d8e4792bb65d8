//! The command line itself: arguments in, a report out.

use std::{
    io::{self, Write as _},
    process::ExitCode,
    sync::Arc,
};

use clap::{CommandFactory as _, Parser, Subcommand, error::ErrorKind};
use shared::{
    config::Env,
    domain::{EventId, SystemClock},
    telemetry,
};
use tokio::sync::watch;
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt,
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use super::{
    Report,
    deployment::{self, StackName},
    keys, redrive, replay, roles, status, sweep,
};
use crate::Error;

/// Runs a deployment of Parley: keys, status, dead letters, roles, webhook events, the sweeper.
#[derive(Parser)]
#[command(name = "parley", version, arg_required_else_help = true)]
struct Cli {
    /// The deployment: a stack in AWS; without it, the `local` that runs on `PARLEY_DATA` (.local)
    #[arg(long, global = true, value_name = "NAME")]
    stack: Option<StackName>,
    /// Print one JSON document
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the keys that a deployment needs, or replace the one that signs access tokens
    Keys(keys::Options),
    #[command(flatten)]
    Deployed(Deployed),
}

/// What is done to a deployment that is there.
#[derive(Subcommand)]
enum Deployed {
    /// Show how each part of the deployment is; ends with 1 if one needs attention
    Status,
    /// Queue again what is in the dead-letter queue
    Redrive(redrive::Options),
    /// Give an account a role
    Grant(roles::Grant),
    /// Take the role of an account away
    Revoke(roles::Revoke),
    /// Deliver an event of Stripe's again
    Replay {
        /// The event's id at Stripe; it is kept there for 30 days
        #[arg(value_name = "EVT_ID")]
        event: EventId,
    },
    /// Run the sweeper once
    Sweep(sweep::Options),
}

/// Reads the arguments, does what they say, and prints what came of it. Ends with 0, with 1 if the
/// command failed or all is not well, with 2 for a wrong use, and with 130 if it was stopped.
pub async fn main() -> ExitCode {
    let cli = Cli::parse();
    log_warnings();
    match run(cli).await {
        Ok(code) => code,
        Err(error) => {
            // One line, whatever it was.
            eprintln!("parley: {}", error.to_string().replace('\n', " "));
            ExitCode::FAILURE
        }
    }
}

/// What the functions' own code warns of goes to standard error, as for `local`.
fn log_warnings() {
    let lines = fmt::layer().with_writer(io::stderr).with_target(false).without_time();
    let level = telemetry::level(&Env::of_process()).min(LevelFilter::WARN);
    tracing_subscriber::registry().with(lines).with(Targets::new().with_default(level)).init();
}

async fn run(cli: Cli) -> Result<ExitCode, Error> {
    let Cli { stack, json, command } = cli;
    let process = Env::of_process();
    let progress = |line: &str| eprintln!("{line}");
    let stack = stack.as_ref();
    let command = match command {
        // They are made before there is anything to be found.
        Command::Keys(options) => return make_keys(&options, stack, process, json).await,
        Command::Deployed(command) => command,
    };
    let env = deployment::find(stack, process).await?;
    match command {
        Deployed::Status => print(&status::status(&env, Arc::new(SystemClock)).await?, json),
        Deployed::Redrive(options) => {
            let report = redrive::redrive(&env, &options, &progress, interrupt()).await?;
            print(&report, json)
        }
        Deployed::Grant(whom) => print(&roles::grant(&env, &whom, &SystemClock).await?, json),
        Deployed::Revoke(whom) => print(&roles::revoke(&env, &whom, &SystemClock).await?, json),
        Deployed::Replay { event } => {
            print(&replay::replay(&env, &event, &SystemClock).await?, json)
        }
        Deployed::Sweep(options) => {
            print(&sweep::sweep(&env, options, Arc::new(SystemClock), &progress).await?, json)
        }
    }
}

async fn make_keys(
    options: &keys::Options,
    stack: Option<&StackName>,
    process: Env,
    json: bool,
) -> Result<ExitCode, Error> {
    if options.print {
        return print(&keys::Keys::generate()?, json);
    }
    if let Some(folder) = &options.out {
        return print(&keys::in_folder(folder)?, json);
    }
    let Some(stack) = stack else {
        Cli::command().error(ErrorKind::MissingRequiredArgument, "--put needs --stack").exit()
    };
    let stored = if options.rotate {
        keys::rotate(stack, &process).await?
    } else if options.activate {
        keys::activate(stack, &deployment::find(Some(stack), process).await?).await?
    } else {
        keys::put(stack, &process).await?
    };
    print(&stored, json)
}

fn print(report: &impl Report, json: bool) -> Result<ExitCode, Error> {
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, report)?;
        writeln!(out)?;
    } else {
        writeln!(out, "{report}")?;
    }
    out.flush()?;
    Ok(ExitCode::from(report.exit_code()))
}

/// Turns true at Ctrl-C, from which moment on it no longer ends the process.
fn interrupt() -> watch::Receiver<bool> {
    let (interrupted, receiver) = watch::channel(false);
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            interrupted.send_replace(true);
        }
    });
    receiver
}
