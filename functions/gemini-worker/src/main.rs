//! The Lambda that answers: fed by SQS, in batches.

use std::sync::Arc;

use gemini_worker::Worker;
use lambda_runtime::{LambdaEvent, service_fn};
use shared::{config::Env, domain::SystemClock, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let worker =
        telemetry::started(Worker::from_env(&Env::of_process(), Arc::new(SystemClock)).await)?;
    let handle = |event: LambdaEvent<_>| worker.handle(event);
    lambda_runtime::run(service_fn(handle)).await
}
