//! The Lambda behind `/chatroom/*`.

use std::sync::Arc;

use chatroom::State;
use shared::{config::Env, domain::SystemClock, http, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let state = State::from_env(&Env::of_process(), Arc::new(SystemClock)).await;
    let state = telemetry::started(state)?;
    http::run(chatroom::router(state)).await
}
