//! One line of the table: what a request, or a batch of the worker's, makes others do.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    calls::{Call, Server},
    steps::steps,
};

/// What one request, or one batch, takes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// `POST /chatroom`.
    pub request: &'static str,
    /// What it finds there.
    pub state: &'static str,
    /// Its calls. Those of a step are made side by side, each step when the one before is over.
    pub steps: Vec<Vec<Kind>>,
    /// By server.
    pub traffic: BTreeMap<Server, Traffic>,
    /// DynamoDB's, without those of refused calls, which it does not tell.
    pub read_units: f64,
    /// The same.
    pub write_units: f64,
    /// The bytes of the answer's body; none of the worker's.
    pub answer: Option<usize>,
}

/// So many calls of one kind, side by side.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Kind {
    /// Whom.
    pub server: Server,
    /// For what: `GetItem`, `EVAL`, `POST /v1/customers`.
    pub operation: String,
    /// Whether a condition did not hold.
    pub refused: bool,
    /// How often.
    pub times: usize,
}

/// What goes to a server and comes from it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Traffic {
    /// Calls; of the cache, commands.
    pub calls: usize,
    /// The bytes of the requests' bodies. Of the cache, whose protocol has none, all bytes: they differ
    /// by a few from run to run, as there are random numbers and times among them.
    pub sent: usize,
    /// The bytes of the answers' bodies, in the same way.
    pub received: usize,
}

impl Row {
    pub(super) fn new(request: &'static str, state: &'static str, calls: Vec<Call>) -> Self {
        let units = |of: fn(&Call) -> f64| calls.iter().map(of).sum();
        let (read_units, write_units) =
            (units(|call| call.said.read_units), units(|call| call.said.write_units));
        let mut traffic = BTreeMap::<_, Traffic>::new();
        for Call { server, said, .. } in &calls {
            let traffic = traffic.entry(*server).or_default();
            traffic.calls += 1;
            traffic.sent += said.sent;
            traffic.received += said.received;
        }
        let steps = steps(calls).into_iter().map(kinds).collect();
        Self { request, state, steps, traffic, read_units, write_units, answer: None }
    }

    /// Calls in sequence.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.steps.len()
    }

    /// How often `server` is called.
    #[must_use]
    pub fn calls(&self, server: Server) -> usize {
        self.traffic.get(&server).map_or(0, |traffic| traffic.calls)
    }

    /// What is called and how often, in whatever order: `["DynamoDB GetItem", "2 × Valkey EVAL"]`.
    #[must_use]
    pub fn kinds(&self) -> Vec<String> {
        let mut kinds = BTreeMap::<_, usize>::new();
        for kind in self.steps.iter().flatten() {
            let of = Kind { times: 0, ..kind.clone() };
            *kinds.entry(of).or_default() += kind.times;
        }
        kinds.into_iter().map(|(kind, times)| Kind { times, ..kind }.text()).collect()
    }

    /// Bytes to and from all servers but the cache.
    #[must_use]
    pub fn bytes(&self) -> (usize, usize) {
        let others = self.traffic.iter().filter(|(server, _)| **server != Server::Valkey);
        others.fold((0, 0), |(sent, received), (_, traffic)| {
            (sent + traffic.sent, received + traffic.received)
        })
    }
}

impl Kind {
    /// For a person.
    #[must_use]
    pub fn text(&self) -> String {
        let times = if self.times == 1 { String::new() } else { format!("{} × ", self.times) };
        let refused = if self.refused { " (refused)" } else { "" };
        format!("{times}{} {}{refused}", self.server.name(), self.operation)
    }
}

fn kinds(step: Vec<Call>) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = Vec::new();
    for Call { server, said, .. } in step {
        let (operation, refused) = (said.operation, said.refused);
        let alike = |kind: &&mut Kind| {
            (kind.server, &kind.operation, kind.refused) == (server, &operation, refused)
        };
        match kinds.iter_mut().find(alike) {
            Some(kind) => kind.times += 1,
            None => kinds.push(Kind { server, operation, refused, times: 1 }),
        }
    }
    kinds.sort_unstable();
    kinds
}
