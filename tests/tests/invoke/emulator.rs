//! A function's own binary under the Lambda Runtime Interface Emulator, which serves it the runtime
//! API as Lambda does, and takes invocations over HTTP.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use tests::deployed::{Function, World};

/// How long an emulator may take until it listens, and to stop.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often other ports are tried.
const TRIES: usize = 10;
/// Below those that the kernel gives away, so that nobody is given one that was just found free.
const PORTS: std::ops::Range<u16> = 12_000..32_000;
/// Longer than any function's time-out in the template, which the emulator keeps.
const INVOCATION: Duration = Duration::from_secs(150);

/// A function that can be invoked. Dropping it ends it, and fails the test if it has printed anything
/// but lines of JSON.
pub(crate) struct Emulator {
    child: Child,
    url: String,
    http: reqwest::Client,
    /// Holds what the function and the emulator print.
    folder: TempDir,
}

/// What came of an invocation.
#[derive(Debug)]
pub(crate) struct Answer {
    /// 200 whenever the function answered, be it with an error; 502 when it ended instead.
    pub(crate) status: u16,
    /// What the function returned; null if nothing came.
    pub(crate) payload: Value,
}

impl Emulator {
    /// The function of this name, as the template deploys it.
    pub(crate) fn of(world: &World, name: &str) -> Self {
        Self::start(world, &world.function(name))
    }

    /// Starts `function`, which may differ from what the template deploys, with its environment and,
    /// beneath that, what Lambda sets. It starts for good with the first invocation.
    pub(crate) fn start(world: &World, function: &Function) -> Self {
        for _ in 0..TRIES {
            if let Some(started) = Self::try_start(function, world.surroundings()) {
                return started;
            }
        }
        panic!("no emulator started in {TRIES} tries, each on two ports that were free");
    }

    /// None if somebody else was quicker to take a port.
    fn try_start(function: &Function, surroundings: &BTreeMap<String, String>) -> Option<Self> {
        let [invocations, runtime] = [free_port(), free_port()];
        let folder = tempfile::Builder::new().prefix("parley-invoke-").tempdir().unwrap();
        let own = fs::File::create(folder.path().join("emulator")).unwrap();
        let child = Command::new(emulator())
            .args(["--runtime-interface-emulator-address", &invocations.to_string()])
            .args(["--runtime-api-address", &runtime.to_string()])
            // The emulator prints as well: what the function prints goes to a file of its own.
            .args(["/bin/sh", "-c", r#"exec "$0" >>function 2>&1"#])
            .arg(bootstrap(&function.name))
            .env_clear()
            .envs(surroundings)
            .env("AWS_LAMBDA_FUNCTION_NAME", &function.name)
            .env("AWS_LAMBDA_FUNCTION_TIMEOUT", &function.timeout)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &function.memory)
            .envs(&function.environment)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(own.try_clone().unwrap())
            .stderr(own)
            .spawn()
            .unwrap();
        let url = format!("http://{invocations}/2015-03-31/functions/function/invocations");
        let mut started = Self { child, url, http: http(), folder };
        started.listens(invocations, runtime).then_some(started)
    }

    fn listens(&mut self, invocations: SocketAddr, runtime: SocketAddr) -> bool {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            // It ends at once if one of them is somebody else's.
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            if is_runtime_api(runtime) && TcpStream::connect(invocations).is_ok() {
                return true;
            }
            thread::sleep(Duration::from_millis(2));
        }
        panic!("the emulator did not listen within {PATIENCE:?}:\n{}", self.own_output());
    }

    /// Invokes the function with `event` and waits for what it returns.
    pub(crate) async fn invoke(&self, event: &Value) -> Answer {
        let Ok(answer) = self.http.post(&self.url).body(event.to_string()).send().await else {
            // Where the function ends before the emulator has noted that it began, the emulator
            // ends as well.
            return Answer { status: 502, payload: Value::Null };
        };
        let status = answer.status().as_u16();
        let payload = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default();
        Answer { status, payload }
    }

    /// What the function has printed.
    pub(crate) fn output(&self) -> String {
        fs::read_to_string(self.folder.path().join("function")).unwrap_or_default()
    }

    /// What it has logged: every line is a JSON object.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let line = |line: &str| {
            let read: Option<Value> = serde_json::from_str(line).ok();
            read.filter(Value::is_object).unwrap_or_else(|| panic!("no JSON object: {line}"))
        };
        // Why it did not start is printed by Rust itself.
        self.output().lines().filter(|text| !text.starts_with("Error: ")).map(line).collect()
    }

    fn own_output(&self) -> String {
        fs::read_to_string(self.folder.path().join("emulator")).unwrap()
    }

    /// SIGTERM, on which the emulator ends the function as well.
    fn stop(&mut self) -> bool {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if self.child.try_wait().unwrap().is_some() {
                return true;
            }
            thread::sleep(Duration::from_millis(2));
        }
        false
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("--- the function ---\n{}", self.output());
            eprintln!("--- the emulator ---\n{}--- its end ---", self.own_output());
        }
        if !self.stop() {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
        if !thread::panicking() {
            self.lines();
        }
    }
}

fn http() -> reqwest::Client {
    // An error means that it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().timeout(INVOCATION).no_proxy().tls_certs_only([]);
    http.build().unwrap()
}

/// Whether an emulator's runtime API is here already, and not somebody else's server.
fn is_runtime_api(address: SocketAddr) -> bool {
    let ping = || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"GET /2018-06-01/ping HTTP/1.0\r\n\r\n")?;
        io::read_to_string(stream)
    };
    ping().is_ok_and(|answer| answer.ends_with("pong"))
}

/// The emulator takes only ports that are named. Each is given once.
fn free_port() -> SocketAddr {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        let address = SocketAddr::from(([127, 0, 0, 1], rand::random_range(PORTS)));
        if GIVEN.lock().unwrap().insert(address.port()) && TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

/// The emulator that the SAM CLI brings along.
fn emulator() -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/bin/aws-lambda-rie");
    assert!(path.is_file(), "{} is missing: scripts/tools.sh sam", path.display());
    path.canonicalize().unwrap()
}

/// A test runs in `target/<profile>/deps`; the functions lie one folder up.
fn bootstrap(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().and_then(Path::parent).unwrap().join(name);
    assert!(path.is_file(), "{} is missing: run `make test`, or build it", path.display());
    path
}
