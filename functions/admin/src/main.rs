//! Lambda entry point.

use std::sync::Arc;

use admin::State;
use shared::{config::Env, domain::SystemClock};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::telemetry::init();
    let state =
        shared::telemetry::started(State::from_env(&Env::of_process(), Arc::new(SystemClock)))?;
    shared::http::run(admin::router(state)).await
}
