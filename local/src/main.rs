//! `make run`: the whole backend in one process.

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
    sync::Arc,
};

use local::{Error, Host, Settings};
use mimalloc::MiMalloc;
use shared::{config::Env, domain::SystemClock, telemetry};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets, filter_fn},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// A request allocates some thousand times: with this, on all threads at once.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let env = Env::of_process();
    log(&env);
    // Boxed: all of a backend at its start is a large future.
    match Box::pin(run(env)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("Parley can't run: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Logs to standard error: for people, in colours at a terminal; with `LOG_FORMAT=json` as the
/// functions do in AWS, metrics and all.
fn log(env: &Env) {
    // The embedded DynamoDB warns of every condition that does not hold: that is everyday life.
    let quiet =
        Targets::new().with_default(LevelFilter::INFO).with_target("dynoxide", LevelFilter::ERROR);
    let registry = tracing_subscriber::registry().with(quiet);
    if env.get("LOG_FORMAT") == Some("json") {
        registry.with(telemetry::lines(env, Arc::new(SystemClock), io::stderr)).init();
        return;
    }
    let level = telemetry::level(env);
    let lines = fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        // Spans at every level: a warning has its ids from them.
        .with_filter(filter_fn(move |line| line.is_span() || *line.level() <= level));
    registry.with(lines).init();
}

async fn run(env: Env) -> Result<(), Error> {
    let settings = Settings::from_env(env)?;
    let host = Host::start(settings).await?;
    welcome(&host)?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping: what is under way is finished first");
    host.stop().await;
    Ok(())
}

/// Where it is, what is real, and what to try. The first line tells scripts that it serves.
fn welcome(host: &Host) -> Result<(), Error> {
    let (url, summary) = (format!("http://{}", host.address()), host.summary());
    let mut out = io::stdout().lock();
    writeln!(
        out,
        r#"Parley is up: {url}

  Gemini     {gemini}
  Stripe     {stripe}
  DynamoDB   {dynamodb}
  SQS        {sqs}
  Cache      {cache}
  Codes      {otp}
  Data       {data}
  Reference  {url}/docs

Try it:
  curl -s {url}/auth/signup   -H 'content-type: application/json' -d '{{"mobile_number":"+14155550123"}}'
  curl -s {url}/auth/send-otp -H 'content-type: application/json' -d '{{"mobile_number":"+14155550123"}}'
  curl -s {url}/auth/verify-otp -H 'content-type: application/json' -d '{{"mobile_number":"+14155550123","otp":"<otp>"}}'

The README goes on from there. Ctrl-C stops it."#,
        gemini = summary.gemini,
        stripe = summary.stripe,
        dynamodb = summary.dynamodb,
        sqs = summary.sqs,
        cache = summary.cache,
        otp = summary.otp,
        data = summary.data,
    )?;
    out.flush()?;
    Ok(())
}
