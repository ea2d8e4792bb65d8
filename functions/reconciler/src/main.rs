//! Lambda entry point.

use std::sync::Arc;

use lambda_runtime::service_fn;
use reconciler::Reconciler;
use shared::{config::Env, domain::SystemClock};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::telemetry::init();
    let reconciler = shared::telemetry::started(
        Reconciler::from_env(&Env::of_process(), Arc::new(SystemClock)).await,
    )?;
    lambda_runtime::run(service_fn(|event| Box::pin(reconciler::handle(&reconciler, event)))).await
}
