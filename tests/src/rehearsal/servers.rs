//! The servers of a rehearsal, each on a free port of loopback and gone when its handle is dropped.

use std::{
    fs::File,
    net::TcpListener,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{eventually, process::workspace};

use super::aws::{ACCOUNT, Aws, REGION, ROOT};

const STARTS_WITHIN: Duration = Duration::from_mins(1);
const STOPS_WITHIN: Duration = Duration::from_secs(10);

/// MiniStack: an emulator of AWS that runs the functions' programs on this machine.
pub struct Emulator {
    process: Child,
    /// Where it is.
    pub url: String,
}

impl Emulator {
    /// Starts it with `folder` for all that it writes, and waits until it serves.
    ///
    /// It evaluates the functions' IAM policies at each call (`AUTH`), and listens for HTTP alone.
    pub async fn start(folder: &Path) -> Self {
        let port = free_port();
        let url = format!("http://127.0.0.1:{port}");
        let log = File::create(folder.join("ministack.log")).unwrap();
        let process = Command::new(workspace().join(".tools/bin/ministack"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", folder)
            .env("TMPDIR", folder)
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            // Where the functions find it.
            .env("AWS_ENDPOINT_URL", &url)
            .env("MINISTACK_REGION", REGION)
            .env("MINISTACK_ACCOUNT_ID", ACCOUNT)
            .env("AWS_ACCESS_KEY_ID", ROOT)
            .env("AWS_SECRET_ACCESS_KEY", ROOT)
            .env("AUTH", "true")
            // What fifty requests at once have started doesn't stay for long.
            .env("LAMBDA_WARM_TTL_SECONDS", "15")
            .env("IOT_MTLS_ENABLED", "0")
            .env("SFTP_ENABLED", "0")
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            // Ctrl-C is for the rehearsal, which stops this one when it has finished.
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("ministack does not start: {error}"));
        let emulator = Self { process, url };
        let aws = Aws::new(emulator.url.clone());
        eventually("MiniStack serves", STARTS_WITHIN, async || aws.is_up().await.then_some(()))
            .await;
        emulator
    }
}

impl Drop for Emulator {
    /// Its group is it and the functions' processes.
    fn drop(&mut self) {
        let group = format!("-{}", self.process.id());
        let signal = |signal| {
            Command::new("kill").args([signal, "--", &group]).stderr(Stdio::null()).status().ok();
        };
        signal("-TERM");
        let deadline = Instant::now() + STOPS_WITHIN;
        while Instant::now() < deadline && self.process.try_wait().is_ok_and(|end| end.is_none()) {
            thread::sleep(Duration::from_millis(20));
        }
        signal("-KILL");
        self.process.wait().ok();
    }
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
