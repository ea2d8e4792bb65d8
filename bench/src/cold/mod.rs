//! A function's program, as it is deployed, from its start on.
//!
//! It is started as Lambda starts it, with what `template.yaml` sets, against a Runtime API and servers
//! of this program's: TLS, a chain of three certificates, a DynamoDB, an SQS, a parameter store, a
//! model and a Stripe on loopback.

mod calls;
mod program;
mod runtime;
mod share;
mod tls;

use std::{collections::BTreeMap, fmt::Write as _, fs, io::Write as _, time::Duration};

use flate2::{Compression, write::DeflateEncoder};
use serde::Serialize;
use tempfile::TempDir;
use tests::deployed::{Function, World};

use crate::{
    document::{Section, Table},
    figures::{count, median, ms, percentile},
};
use calls::Calls;
use program::Program;
use share::Share;
use tls::Fronts;

/// How often a program is started for the medians.
const STARTS: usize = 20;
/// How many calls follow the first one: for the times, under callgrind, with a share of a processor.
const WARM: usize = 500;
const WARM_COUNTED: usize = 20;
const WARM_SHARED: usize = 10;
/// The smallest function that Lambda has, MB.
const SMALLEST: u32 = 128;

/// What is the same in every run, or nearly so: what CI holds against bounds.
#[derive(Debug, Clone, Serialize)]
pub struct Counts {
    /// The function.
    pub name: String,
    /// As it is uploaded, bytes.
    pub zip: usize,
    /// Millions of instructions from the start until it is about to look up the first host to connect to,
    /// or else waits for its first event.
    pub bare: f64,
    /// Millions of instructions from the start until it waits for its first event.
    pub init: f64,
    /// Millions of instructions of the first call.
    pub first: f64,
    /// Millions of instructions of each call after that, on the average.
    pub warm: f64,
    /// MiB that it has taken at most, by the end of the call that takes most.
    pub peak: f64,
}

/// What a machine and a day make of it.
struct Times {
    init: Duration,
    first: Duration,
    p50: Duration,
    p99: Duration,
    /// MiB.
    resident: f64,
    /// At the smallest function's share of a processor, and at its own: the first call, and those after.
    shared: Vec<Option<[Duration; 2]>>,
}

/// The functions, and what they stand on.
pub struct Stage {
    world: World,
    fronts: Fronts,
    functions: Vec<Function>,
    _folder: TempDir,
}

impl Stage {
    /// One on which all functions can be started; `only` those of these names, if there are any.
    pub async fn new(only: &[String]) -> Self {
        let parameters = [("OtpDelivery", "response"), ("BasicDailyMessages", "1000000")];
        let world = World::start_with(&parameters).await;
        let folder = TempDir::with_prefix("parley-bench-").unwrap();
        let fronts = Fronts::new(folder.path());
        let mut functions = world.functions();
        functions.retain(|function| only.is_empty() || only.contains(&function.name));
        functions.sort_by(|one, other| one.name.cmp(&other.name));
        Self { world, fronts, functions, _folder: folder }
    }

    /// Counts, of every function.
    pub async fn counts(&mut self) -> Vec<Counts> {
        let mut all = Vec::new();
        for function in self.functions.clone() {
            let program = self.program(&function).await;
            let calls = Calls::new(&self.world, &function.name).await;
            eprintln!("counting {}", function.name);
            all.push(self.count(&program, &calls).await);
        }
        all
    }

    /// Counts and times of every function, as the document shows them.
    pub async fn section(&mut self) -> Section {
        let counts = self.counts().await;
        let (mut times, mut titles) = (Vec::new(), String::new());
        for function in self.functions.clone() {
            let program = self.program(&function).await;
            let calls = Calls::new(&self.world, &function.name).await;
            eprintln!("timing {}", function.name);
            write!(titles, "{} {}; ", function.name, calls.title).unwrap();
            times.push((function, time(&program, &calls).await));
        }
        let titles = titles.trim_end_matches("; ");
        let markdown = format!(
            "Called with: {titles}.\n\n{}\nMillions of instructions, outside of the kernel:\n\n{}",
            times_table(&times),
            counts_table(&counts)
        );
        Section { name: "cold", markdown }
    }

    async fn program(&mut self, function: &Function) -> Program {
        let mut environment = BTreeMap::new();
        for (name, value) in self.world.surroundings().iter().chain(&function.environment) {
            environment.insert(name.clone(), self.fronts.replace(value).await);
        }
        for name in ["AWS_CA_BUNDLE", "WEB_CA_BUNDLE"] {
            let roots = self.fronts.roots.to_str().unwrap();
            environment.insert(name.to_owned(), roots.to_owned());
        }
        Program::new(function, environment)
    }

    /// Instructions can only be read once a program has ended: so it is run three times, each time
    /// further.
    async fn count(&self, program: &Program, calls: &Calls<'_>) -> Counts {
        let mut counted = Vec::new();
        for warm in [None, Some(0), Some(WARM_COUNTED)] {
            let mut started = program.start_counting().await;
            started.initialised().await;
            if let Some(warm) = warm {
                for _ in 0..=warm {
                    started.call(&calls.next().await).await;
                }
            }
            counted.push(started.counted());
        }
        let [(init, bare), (with_first, _), (with_warm, _)] = counted[..] else { unreachable!() };
        let mut started = program.start().await;
        started.initialised().await;
        started.call(&calls.largest().await).await;
        Counts {
            name: program.name.clone(),
            zip: zipped(&fs::read(&program.path).unwrap()),
            bare,
            init,
            first: with_first - init,
            warm: (with_warm - with_first) / count(WARM_COUNTED),
            peak: started.memory("VmHWM"),
        }
    }
}

async fn time(program: &Program, calls: &Calls<'_>) -> Times {
    let (mut inits, mut firsts) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let mut started = program.start().await;
        inits.push(started.initialised().await);
        firsts.push(started.call(&calls.next().await).await);
    }
    let mut started = program.start().await;
    started.initialised().await;
    let mut warm = Vec::new();
    for _ in 0..WARM {
        warm.push(started.call(&calls.next().await).await);
    }
    warm.sort_unstable();
    let resident = started.memory("VmRSS");
    drop(started);
    let mut shared = Vec::new();
    for memory in [SMALLEST, program.memory] {
        shared.push(time_with(program, calls, memory).await);
    }
    Times {
        init: median(inits),
        first: median(firsts),
        p50: percentile(&warm, 50),
        p99: percentile(&warm, 99),
        resident,
        shared,
    }
}

/// The first call with no more of a processor than so much memory comes with, and the median of some
/// after it. The time before the first call is not limited: Lambda does not limit it either.
async fn time_with(program: &Program, calls: &Calls<'_>, memory: u32) -> Option<[Duration; 2]> {
    let share = Share::of(memory)?;
    let (mut firsts, mut warm) = (Vec::new(), Vec::new());
    for _ in 0..STARTS / 2 {
        let mut started = program.start().await;
        started.initialised().await;
        share.limit(started.pid());
        firsts.push(started.call(&calls.next().await).await);
        for _ in 0..WARM_SHARED {
            warm.push(started.call(&calls.next().await).await);
        }
    }
    Some([median(firsts), median(warm)])
}

/// The size of an archive with this program in it and nothing else, bytes.
fn zipped(program: &[u8]) -> usize {
    /// Both headers of the one entry and the end of the directory, with its name twice.
    const AROUND: usize = 30 + 46 + 22 + 2 * "bootstrap".len();
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(program).unwrap();
    encoder.finish().unwrap().len() + AROUND
}

fn times_table(all: &[(Function, Times)]) -> String {
    let mut table = Table::new(&[
        "function",
        "init ms:",
        "first call ms:",
        "warm p50 µs:",
        "p99 µs:",
        "RSS MiB:",
        "at 128 MB: first ms:",
        "then ms:",
        "MB:",
        "at its own: first ms:",
        "then ms:",
    ]);
    for (function, times) in all {
        let mut cells = vec![
            function.name.clone(),
            ms(times.init),
            ms(times.first),
            times.p50.as_micros().to_string(),
            times.p99.as_micros().to_string(),
            format!("{:.1}", times.resident),
        ];
        let shared = times.shared.iter().map(|shared| {
            shared.map_or(["–".to_owned(), "–".to_owned()], |times| times.map(ms))
        });
        let shared: Vec<_> = shared.collect();
        cells.extend_from_slice(&shared[0]);
        cells.push(function.memory.clone());
        cells.extend_from_slice(&shared[1]);
        table.row(&cells);
    }
    table.into_text()
}

fn counts_table(all: &[Counts]) -> String {
    let mut table = Table::new(&[
        "function",
        "zip MB:",
        "init, without connections:",
        "init:",
        "first call:",
        "warm call:",
        "peak MiB:",
    ]);
    for counts in all {
        let megabytes = count(counts.zip) / 1e6;
        let figures = [megabytes, counts.bare, counts.init, counts.first, counts.warm];
        let figures = figures.map(|figure| format!("{figure:.2}"));
        let peak = format!("{:.1}", counts.peak);
        table.row(&[std::slice::from_ref(&counts.name), &figures[..], &[peak]].concat());
    }
    table.into_text()
}
