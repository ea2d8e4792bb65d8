//! Servers: single ones, and clusters of them.

use std::{net::TcpListener, path::PathBuf, process::Stdio, time::Duration};

use redis::{FromRedisValue, aio::MultiplexedConnection};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// A server on a port of its own, without data. Gone when it is dropped.
pub(crate) struct Node {
    pub(crate) port: u16,
    server: PathBuf,
    options: Vec<String>,
    process: Child,
    folder: TempDir,
}

/// Any free port. Another process may take it first: see [`Node::launch`].
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Asks every 10 ms until the answer is yes.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..1_500 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not within 15 s: {what}");
}

impl Node {
    /// A server with these options; none where the machine has none. `make test` installs one, and
    /// CI must have it.
    pub(crate) async fn start(options: &[&str]) -> Option<Self> {
        Self::start_with(|| strings(options)).await
    }

    /// The same, with options that are chosen anew when a port was taken.
    async fn start_with(options: impl Fn() -> Vec<String>) -> Option<Self> {
        // Tests run in the crate's folder; the tools are in the workspace's.
        let tools = concat!(env!("CARGO_MANIFEST_DIR"), "/../.tools/bin");
        let path = format!("{}:{tools}", std::env::var("PATH").unwrap_or_default());
        let Some(server) = local::valkey::find(Some(&path)) else {
            assert!(std::env::var_os("CI").is_none(), "CI has to have a Valkey");
            eprintln!("skipped: no Valkey here");
            return None;
        };
        for _ in 0..10 {
            let launched = Self::launch(server.clone(), free_port(), options()).await;
            if launched.is_some() {
                return launched;
            }
        }
        panic!("ten servers have ended before they were up");
    }

    /// A server at this port; none if it has ended, as it does when somebody has taken the port.
    async fn launch(server: PathBuf, port: u16, options: Vec<String>) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let process = spawn(&server, port, &folder, &options);
        let mut node = Self { port, server, options, process, folder };
        node.comes_up().await.then_some(node)
    }

    /// A cluster of one: all slots are its own.
    pub(crate) async fn cluster_of_one(options: &[&str]) -> Option<Self> {
        let node = Self::cluster_node(options).await?;
        node.ask::<()>(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]).await;
        node.cluster_is_up(1).await;
        Some(node)
    }

    /// A cluster of three that share the slots.
    pub(crate) async fn cluster_of_three() -> Option<[Self; 3]> {
        let nodes = [
            Self::cluster_node(&[]).await?,
            Self::cluster_node(&[]).await?,
            Self::cluster_node(&[]).await?,
        ];
        let ranges = [("0", "5460"), ("5461", "10922"), ("10923", "16383")];
        for ((epoch, node), (first, last)) in (1..).zip(&nodes).zip(ranges) {
            node.ask::<()>(&["CLUSTER", "SET-CONFIG-EPOCH", &epoch.to_string()]).await;
            node.ask::<()>(&["CLUSTER", "ADDSLOTSRANGE", first, last]).await;
        }
        for other in &nodes[1..] {
            let (port, bus) = (other.port.to_string(), other.bus_port());
            nodes[0].ask::<()>(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]).await;
        }
        for node in &nodes {
            node.cluster_is_up(3).await;
        }
        Some(nodes)
    }

    async fn cluster_node(options: &[&str]) -> Option<Self> {
        let patience = ["--cluster-node-timeout", "1000", "--cluster-require-full-coverage", "no"];
        Self::start_with(|| {
            let bus = free_port().to_string();
            let cluster = ["--cluster-enabled", "yes", "--cluster-port", &bus];
            strings(&[&cluster, &patience, options].concat())
        })
        .await
    }

    fn bus_port(&self) -> String {
        let option = self.options.iter().position(|option| option == "--cluster-port").unwrap();
        self.options[option + 1].clone()
    }

    /// Whether it comes up, and does not end instead.
    async fn comes_up(&mut self) -> bool {
        let mut has_ended = false;
        until("the server is up", async || {
            has_ended = self.process.try_wait().unwrap().is_some();
            has_ended || self.answers().await
        })
        .await;
        !has_ended
    }

    /// Whether it is this very process that answers at the port.
    async fn answers(&self) -> bool {
        let Some(mut connection) = self.connection().await else { return false };
        let info = redis::cmd("INFO").arg("server").query_async::<String>(&mut connection).await;
        let id = format!("process_id:{}", self.process.id().unwrap_or_default());
        info.is_ok_and(|info| info.lines().any(|line| line == id))
    }

    async fn cluster_is_up(&self, nodes: usize) {
        until("the cluster is up", async || {
            let info: String = self.ask(&["CLUSTER", "INFO"]).await;
            let slots: redis::Value = self.ask(&["CLUSTER", "SLOTS"]).await;
            let shared = slots.as_sequence().is_some_and(|ranges| ranges.len() == nodes);
            shared && info.contains("cluster_state:ok")
        })
        .await;
    }

    async fn connection(&self) -> Option<MultiplexedConnection> {
        let client = redis::Client::open(self.url()).unwrap();
        client.get_multiplexed_async_connection().await.ok()
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Asks the server itself.
    pub(crate) async fn ask<T: FromRedisValue>(&self, command: &[&str]) -> T {
        let mut connection = self.connection().await.unwrap();
        let mut ask = redis::cmd(command[0]);
        ask.arg(&command[1..]);
        ask.query_async(&mut connection).await.unwrap()
    }

    /// Kills the server.
    pub(crate) async fn kill(&mut self) {
        self.process.kill().await.unwrap();
    }

    /// Starts it again after [`Self::kill`], where it was, as what it was.
    pub(crate) async fn come_back(&mut self) {
        self.process = spawn(&self.server, self.port, &self.folder, &self.options);
        assert!(self.comes_up().await, "somebody has taken its port");
    }
}

fn strings(options: &[&str]) -> Vec<String> {
    options.iter().map(ToString::to_string).collect()
}

fn spawn(server: &PathBuf, port: u16, folder: &TempDir, options: &[String]) -> Child {
    Command::new(server)
        .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""])
        .arg("--dir")
        .arg(folder.path())
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn a_server_at_a_taken_port_is_not_taken_for_the_one_that_was_there_first() {
    let Some(first) = Node::start(&[]).await else { return };
    assert!(Node::launch(first.server.clone(), first.port, Vec::new()).await.is_none());
}
