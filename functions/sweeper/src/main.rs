//! Lambda entry point.

use std::sync::Arc;

use lambda_runtime::service_fn;
use shared::{config::Env, domain::SystemClock};
use sweeper::Sweeper;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::telemetry::init();
    let sweeper =
        shared::telemetry::started(Sweeper::from_env(&Env::of_process(), Arc::new(SystemClock)))?;
    lambda_runtime::run(service_fn(|event| Box::pin(sweeper::handle(&sweeper, event)))).await
}
