//! Requests per second, and how soon replies are there.
//!
//! `local` is measured from outside, as `make run` starts it, in the profile in which this program is
//! built. This program makes the requests, and so takes its share of the same cores: that share is told.

pub(crate) mod client;
pub(crate) mod drive;
pub(crate) mod endpoints;
mod peers;
pub(crate) mod process;
mod replies;
pub(crate) mod server;
mod start;
mod tables;

use std::{path::Path, time::Duration};

use endpoints::Measured;
use replies::{Burst, MODEL};
use server::Server;
use start::Start;

use crate::document::Section;

/// Messages at once.
const BURSTS: [Burst; 3] = [
    Burst { users: 1, each: 1, rounds: 30, pause: Duration::from_millis(1) },
    Burst { users: 50, each: 1, rounds: 5, pause: Duration::from_millis(20) },
    Burst { users: 50, each: 20, rounds: 3, pause: Duration::from_millis(25) },
];

/// All that is measured here.
struct Figures {
    /// With the data in a folder, and with the data in memory.
    endpoints: [Vec<Measured>; 2],
    /// How long the replies of each burst took.
    replies: Vec<(Burst, Vec<Duration>)>,
    /// On an empty folder, and on the one that the load has filled.
    starts: [Start; 2],
    /// Resident memory of `local` and of Valkey after the load, MiB.
    resident_mib: (f64, Option<f64>),
}

/// Measures, within some five minutes.
pub async fn measure() -> Section {
    let folder = tempfile::Builder::new().prefix("parley-bench-").tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (data, log) = (path("data").to_str().unwrap().to_owned(), path("log"));

    let server = server(&data, &log).await;
    let on_disk = endpoints::measure(&server).await;
    let resident_mib = server.resident_mib();
    let replies = replies(&server).await;
    server.stop();

    let server = self::server(":memory:", &log).await;
    let in_memory = endpoints::measure(&server).await;
    server.stop();

    let empty = |start: usize| path(&format!("empty-{start}")).to_str().unwrap().to_owned();
    let starts = [start::measure(&log, empty).await, start::measure(&log, |_| data.clone()).await];
    let figures = Figures { endpoints: [on_disk, in_memory], replies, starts, resident_mib };
    Section { name: "load", markdown: figures.markdown() }
}

async fn server(data: &str, log: &Path) -> Server {
    let server = Server::start(data, log, &[]);
    server.set_model_delay(MODEL).await;
    server
}

async fn replies(server: &Server) -> Vec<(Burst, Vec<Duration>)> {
    let mut replies = Vec::new();
    for burst in BURSTS {
        replies.push((burst, replies::measure(server, burst).await));
    }
    replies
}
