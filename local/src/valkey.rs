//! The cache: a real Valkey (or Redis) beside this process, if the machine has one.

use std::{
    env,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use shared::config::Env;
use tokio::{
    net::TcpStream,
    process::{Child, Command},
};

use crate::Error;

const SERVERS: [&str; 2] = ["valkey-server", "redis-server"];
const STARTS_WITHIN: Duration = Duration::from_secs(3);

/// Kills the server when this process is gone, however it went: the shell waits at a pipe whose
/// other end only we hold.
const WITH_US: &str = r#""$@" & read -r _; kill $!"#;

/// What serves as the cache.
pub enum Valkey {
    /// One that was there already, at `VALKEY_URL`.
    Given(String),
    /// One that this process has started.
    Started {
        /// Where it is.
        url: String,
        /// The program.
        server: PathBuf,
        /// Killed when it is dropped.
        _process: Box<Child>,
    },
    /// None; why.
    Off(&'static str),
}

impl Valkey {
    /// Takes the one at `VALKEY_URL`, or starts one if a server is installed.
    pub async fn start(env: &Env) -> Result<Self, Error> {
        match env.get("VALKEY_URL") {
            Some("off") => return Ok(Self::Off("VALKEY_URL=off")),
            Some(url) => return Ok(Self::Given(url.to_owned())),
            None => {}
        }
        let Some(server) = find(env.get("PATH")) else {
            return Ok(Self::Off("no valkey-server or redis-server found"));
        };
        // Another process may take the free port before the server does: then the next one.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            let mut process = spawn(&server, port)?;
            if is_up(port, &mut process).await? {
                let url = format!("redis://127.0.0.1:{port}");
                return Ok(Self::Started { url, server, _process: Box::new(process) });
            }
        }
        Ok(Self::Off("the installed server does not start"))
    }

    /// `env` with the cache's address.
    #[must_use]
    pub fn env(&self, env: Env) -> Env {
        match self {
            Self::Given(url) | Self::Started { url, .. } => env.with("VALKEY_URL", url),
            Self::Off(_) => env.with("VALKEY_URL", "off"),
        }
    }

    /// For a person.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Given(url) => format!("Valkey at {}", without_password(url)),
            Self::Started { url, server, .. } => format!("{} at {url}", server.display()),
            Self::Off(why) => format!("off ({why}): lists are read from the table, no rate limit"),
        }
    }
}

fn without_password(url: &str) -> &str {
    url.rsplit_once('@').map_or(url, |(_, host)| host)
}

/// The first server on the `PATH`, or among the tools that `make test` installs.
#[must_use]
pub fn find(path: Option<&str>) -> Option<PathBuf> {
    let folders =
        env::split_paths(path.unwrap_or_default()).chain([Path::new(".tools/bin").into()]);
    let candidates = folders.flat_map(|folder| SERVERS.map(|server| folder.join(server)));
    candidates.into_iter().find(|file| file.is_file())
}

fn spawn(server: &Path, port: u16) -> Result<Child, Error> {
    let port = port.to_string();
    let child = Command::new("sh")
        .args(["-c", WITH_US, "parley-valkey"])
        .arg(server)
        .args(["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "no"])
        .args(["--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C is for us: the server goes when we have finished.
        .process_group(0)
        .spawn()?;
    Ok(child)
}

async fn is_up(port: u16, process: &mut Child) -> Result<bool, Error> {
    let until = Instant::now() + STARTS_WITHIN;
    while Instant::now() < until {
        if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return Ok(true);
        }
        if process.try_wait()?.is_some() {
            return Ok(false);
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(false)
}
