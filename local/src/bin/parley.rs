//! The operator's command line: `docs/operating.md`.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    local::operator::main().await
}
