//! What a run was like, for a person.

use std::{
    collections::BTreeMap,
    fmt::{self, Display},
    path::PathBuf,
    time::Duration,
};

use super::{
    actor::Actor,
    check::Findings,
    client::Client,
    fault::Target,
    plan::Plan,
    world::{PROCESSES, World},
};

/// A run.
#[derive(Debug)]
pub struct Report {
    plan: Plan,
    steps: BTreeMap<&'static str, u64>,
    answers: BTreeMap<String, u64>,
    messages: [usize; 2],
    calls: BTreeMap<Target, (u64, BTreeMap<&'static str, u64>)>,
    users: usize,
    ends: BTreeMap<String, u64>,
    held: BTreeMap<&'static str, usize>,
    last: String,
    /// How long all of it took, and the part of it after the storm.
    pub(super) took: [Duration; 2],
    /// What did not hold.
    pub violations: Vec<String>,
    /// Where the logs of a run with violations are.
    pub(super) logs: Option<PathBuf>,
}

impl Report {
    pub(super) fn new(
        world: &World,
        client: &Client,
        actors: &[Actor],
        findings: Findings,
    ) -> Self {
        let mut steps = BTreeMap::new();
        for (name, count) in actors.iter().flat_map(|actor| &actor.steps) {
            *steps.entry(*name).or_default() += count;
        }
        let proxies = world.proxies().iter();
        let accepted = actors.iter().map(|actor| actor.book.accepted()).sum();
        let rooms = actors.iter().map(|actor| actor.book.rooms.len()).sum();
        Self {
            plan: world.plan.clone(),
            steps,
            answers: client.counts(),
            messages: [accepted, rooms],
            calls: proxies
                .map(|(target, proxy)| (*target, (proxy.calls(), proxy.injected())))
                .collect(),
            users: actors.len(),
            ends: findings.ends,
            held: findings.held,
            last: findings.last,
            took: Default::default(),
            violations: findings.violations,
            logs: None,
        }
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan { seed, length, troubles, kills } = &self.plan;
        writeln!(f, "seed {seed}: {} s of storm, {} users", length.as_secs(), self.users)?;
        for trouble in troubles {
            writeln!(f, "  {trouble}")?;
        }
        let hard = kills.iter().filter(|kill| kill.hard).count();
        let soft = kills.len() - hard;
        writeln!(f, "  {hard} times SIGKILL and {soft} times SIGTERM, on {PROCESSES} processes")?;
        let steps: u64 = self.steps.values().sum();
        let [accepted, rooms] = self.messages;
        writeln!(f, "{steps} steps: {}", list(&self.steps))?;
        writeln!(f, "answers: {}", list(&self.answers))?;
        let ends = list(&self.ends);
        writeln!(
            f,
            "{accepted} messages accepted ({ends} in rooms that are left), {rooms} rooms opened"
        )?;
        for (target, (calls, injected)) in &self.calls {
            let faults: u64 = injected.values().sum();
            writeln!(f, "{target:8} {calls:6} calls, {faults:5} faults: {}", list(injected))?;
        }
        for (invariant, count) in &self.held {
            writeln!(f, "{count:6} times held: {invariant}")?;
        }
        let [whole, settling] = self.took.map(|took| took.as_secs());
        writeln!(f, "took {whole} s, the last {settling} s to settle and to check")?;
        writeln!(f, "under way for longest: {}", self.last)?;
        for violation in &self.violations {
            writeln!(f, "VIOLATED {violation}")?;
        }
        if let Some(logs) = &self.logs {
            writeln!(f, "logs: {}", logs.display())?;
        }
        write!(f, "seed {seed}: {} violations", self.violations.len())
    }
}

fn list<K: Display, V: Display>(counts: &BTreeMap<K, V>) -> String {
    let counts: Vec<_> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
    counts.join(", ")
}
