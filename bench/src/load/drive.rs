//! Connections that ask and ask again, all on one thread.

use std::{
    cell::Cell,
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::{
    runtime,
    task::{LocalSet, spawn_blocking, spawn_local},
    time::sleep,
};

use super::{
    client::Connection,
    server::{Cpu, Processes, Server},
};
use crate::figures::count;

/// How long requests are made before they count.
const WARM_UP: Duration = Duration::from_secs(2);
/// How long they count.
const LENGTH: Duration = Duration::from_secs(8);

/// What came of it.
pub(crate) struct Driven {
    /// How long each answer took that came while it counted, in order of length.
    pub(crate) latencies: Vec<Duration>,
    /// How long it counted.
    pub(crate) elapsed: Duration,
    /// Processor time while it counted.
    pub(crate) cpu: Cpu,
    /// Answers altogether, with those that did not count.
    pub(crate) answers: usize,
}

/// Whether answers count.
#[derive(Clone, Copy, PartialEq)]
enum Phase {
    WarmUp,
    Counting,
    Over,
}

/// Makes requests over as many connections as there are lists of them: each goes through its own list
/// in a circle, one request after the other.
///
/// # Panics
/// An answer has another status.
pub(crate) async fn drive(server: &Server, lists: Vec<Vec<Vec<u8>>>, status: u16) -> Driven {
    let (address, processes) = (server.address(), server.processes());
    // A thread of its own, and a runtime of one thread.
    let driven = spawn_blocking(move || {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let all = ask_all(&address, processes, lists, status);
        runtime.block_on(LocalSet::new().run_until(all))
    });
    driven.await.unwrap()
}

async fn ask_all(
    address: &str,
    processes: Processes,
    lists: Vec<Vec<Vec<u8>>>,
    status: u16,
) -> Driven {
    let phase = Rc::new(Cell::new(Phase::WarmUp));
    let mut asking = Vec::new();
    for list in lists {
        let connection = Connection::open(address).await;
        asking.push(spawn_local(ask(connection, list, status, Rc::clone(&phase))));
    }
    sleep(WARM_UP).await;
    let (cpu, begun) = (processes.cpu(), Instant::now());
    phase.set(Phase::Counting);
    sleep(LENGTH).await;
    let (cpu, elapsed) = (processes.cpu().since(cpu), begun.elapsed());
    phase.set(Phase::Over);
    let mut driven = Driven { latencies: Vec::new(), elapsed, cpu, answers: 0 };
    for connection in asking {
        let (latencies, answers) = connection.await.unwrap();
        driven.latencies.extend(latencies);
        driven.answers += answers;
    }
    driven.latencies.sort_unstable();
    driven
}

/// Asks until it is over; the latencies that count, and the number of all answers.
async fn ask(
    mut connection: Connection,
    list: Vec<Vec<u8>>,
    status: u16,
    phase: Rc<Cell<Phase>>,
) -> (Vec<Duration>, usize) {
    let (mut latencies, mut answers) = (Vec::new(), 0);
    for request in list.iter().cycle() {
        let begun = Instant::now();
        connection.ask(request).await.expect(status);
        answers += 1;
        match phase.get() {
            Phase::WarmUp => {}
            Phase::Counting => latencies.push(begun.elapsed()),
            Phase::Over => break,
        }
    }
    (latencies, answers)
}

impl Driven {
    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        count(self.latencies.len()) / self.elapsed.as_secs_f64()
    }

    /// `cpu` divided among the answers that count.
    pub(crate) fn per_request(&self, cpu: Duration) -> Duration {
        cpu.div_f64(count(self.latencies.len()))
    }
}
