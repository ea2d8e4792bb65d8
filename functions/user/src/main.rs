//! Lambda entry point.

use std::sync::Arc;

use shared::{config::Env, domain::SystemClock};
use user::State;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::telemetry::init();
    let state = shared::telemetry::started(
        State::from_env(&Env::of_process(), Arc::new(SystemClock)).await,
    )?;
    shared::http::run(user::router(state)).await
}
