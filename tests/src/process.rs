//! One `local` process: started, read, killed.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

/// What it prints when it serves.
const READY: &str = "Parley is up: ";
const START_TIMEOUT: Duration = Duration::from_secs(20);
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// A running `local`, whose output goes to a file. Dropping it stops it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
    /// Where this process's own output starts in a log that it shares with earlier ones.
    starts_at: usize,
    gone: bool,
}

impl Process {
    /// Starts one with this environment and no other, and waits until it serves; and its base URL.
    #[must_use]
    pub fn start(env: &BTreeMap<String, String>, log: &Path) -> (Self, String) {
        Self::try_start(env, log).unwrap_or_else(|why| panic!("{why}"))
    }

    /// As [`start`](Self::start), where it is all right that it does not come up; why it did not.
    pub(crate) fn try_start(
        env: &BTreeMap<String, String>,
        log: &Path,
    ) -> Result<(Self, String), String> {
        let mut process = Self::spawn(env, log);
        let base_url = process.wait_until_ready()?;
        Ok((process, base_url))
    }

    /// As [`start`](Self::start), without waiting for anything.
    #[must_use]
    pub fn spawn(env: &BTreeMap<String, String>, log: &Path) -> Self {
        let output = File::options().create(true).append(true).open(log).unwrap();
        let starts_at = fs::read(log).unwrap().len();
        let child = Command::new(binary())
            .env_clear()
            .envs(inherited())
            .envs(env)
            .current_dir(workspace())
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        Self { child, log: log.to_owned(), starts_at, gone: false }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    fn wait_until_ready(&mut self) -> Result<String, String> {
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            if let Some(base_url) = self.base_url() {
                return Ok(base_url);
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                self.gone = true;
                return Err(format!(
                    "`local` ended with {status} before it served:\n{}",
                    self.output()
                ));
            }
            if Instant::now() >= deadline {
                return Err(format!(
                    "`local` did not say {READY:?} within {START_TIMEOUT:?}:\n{}",
                    self.output()
                ));
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn base_url(&self) -> Option<String> {
        let output = self.output();
        let line = output.split_inclusive('\n').find_map(|line| line.split_once(READY))?.1;
        // Half a line would be half an address.
        line.ends_with('\n').then(|| line.trim().trim_end_matches('/').to_owned())
    }

    /// What it has printed so far.
    #[must_use]
    pub fn output(&self) -> String {
        let bytes = fs::read(&self.log).unwrap();
        String::from_utf8_lossy(&bytes[self.starts_at..]).into_owned()
    }

    /// SIGKILL: it has no chance to finish anything.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.gone = true;
    }

    /// SIGTERM, as a deployment or Ctrl-C would stop it; `None` if it did not stop in time.
    pub fn stop(&mut self) -> Option<ExitStatus> {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        let deadline = Instant::now() + STOP_TIMEOUT;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.gone = true;
                return Some(status);
            }
            thread::sleep(Duration::from_millis(5));
        }
        None
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.gone
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.gone {
            self.stop();
        }
        if !self.gone {
            self.kill();
        }
    }
}

/// The workspace's folder.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn binary() -> PathBuf {
    let binary = std::env::var_os("PARLEY_LOCAL_BIN")
        .map_or_else(|| beside_this_program("local"), PathBuf::from);
    assert!(
        binary.is_file(),
        "{} is missing: run `make test`, or `cargo build -p local` first",
        binary.display()
    );
    binary
}

/// Another program of this build: a test runs in `target/<profile>/deps`, and programs lie one folder
/// up; another program lies beside them.
pub(crate) fn beside_this_program(other: &str) -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let folder = program.parent().unwrap();
    let folder = if folder.ends_with("deps") { folder.parent().unwrap() } else { folder };
    folder.join(other)
}

/// A developer's own settings must not change what a test sees; these can't.
fn inherited() -> impl Iterator<Item = (String, String)> {
    const KEPT: [&str; 6] =
        ["PATH", "HOME", "TMPDIR", "RUST_BACKTRACE", "RUST_LOG", "LLVM_PROFILE_FILE"];
    KEPT.into_iter().filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)))
}
