//! From the start of the program to its first answer.

use std::{path::Path, time::Duration};

use tests::Process;
use tokio::{
    net::{TcpListener, TcpStream},
    time::{Instant, sleep},
};

use super::{
    client::{self, Connection},
    process,
    server::environment,
};
use crate::figures::median;

const STARTS: usize = 10;
/// How long after its first answer it counts as idle.
const IDLE_AFTER: Duration = Duration::from_secs(1);

/// How `local` starts.
pub(crate) struct Start {
    /// Until `GET /health` is answered with 200; the median.
    pub(crate) first_answer: Duration,
    /// Resident memory a second later, MiB; the most that was seen.
    pub(crate) resident_mib: f64,
}

/// Starts it ten times. `data` is asked for the folder of each start.
pub(crate) async fn measure(log: &Path, data: impl Fn(usize) -> String) -> Start {
    let (mut times, mut resident_mib) = (Vec::new(), 0_f64);
    for start in 0..STARTS {
        let port = free_port().await;
        let env = environment(&data(start), &[("PORT", &port.to_string())]);
        let begun = Instant::now();
        let mut process = Process::spawn(&env, log);
        times.push(first_answer(port, begun).await);
        sleep(IDLE_AFTER).await;
        resident_mib = resident_mib.max(process::resident_mib(process.id()));
        assert!(process.stop().is_some_and(|status| status.success()), "{}", process.output());
    }
    Start { first_answer: median(times), resident_mib }
}

async fn first_answer(port: u16, begun: Instant) -> Duration {
    const BOUND: Duration = Duration::from_secs(20);
    let address = format!("127.0.0.1:{port}");
    while TcpStream::connect(&address).await.is_err() {
        assert!(begun.elapsed() < BOUND, "nothing listens within {BOUND:?}");
        sleep(Duration::from_millis(1)).await;
    }
    // It listens before it serves: the answer comes when it does.
    let health = client::request("GET", "/health", "", "");
    Connection::open(&address).await.ask(&health).await.expect(200);
    begun.elapsed()
}

async fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}
