//! Counts against bounds: what a change made dearer.
//!
//! `bounds.toml` holds what was counted last, and a little more where counts vary: instructions by some
//! per cent, with where the memory lies and what random numbers come, memory by more. Calls and capacity
//! units do not vary. `bench check --update` writes it anew; in review its difference shows what a change
//! costs.
//!
//! Instructions, sizes and memory are those of one architecture. On another one they are printed, and
//! held against nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    env::consts::ARCH,
    fmt::Write as _,
    fs,
    path::PathBuf,
    process::Command,
};

use serde::Deserialize;

use crate::{cold::Counts, figures::count, round_trips::RoundTrips};

/// How much more than was counted a bound is: of instructions, of memory, and of the size of a file.
const INSTRUCTIONS: f64 = 1.10;
const MEMORY: f64 = 1.20;
const SIZE: f64 = 1.02;

/// By name, and then by what is counted.
type Figures = BTreeMap<String, BTreeMap<String, f64>>;

/// Bounds, or what was counted.
#[derive(Debug, Default, Deserialize)]
pub struct Bounds {
    /// Of which the functions' figures are: `x86_64`, `aarch64`.
    architecture: String,
    functions: Figures,
    requests: Figures,
    messages: BTreeMap<String, f64>,
}

impl Bounds {
    /// Those of `bounds.toml`.
    ///
    /// # Panics
    /// It can't be read.
    #[must_use]
    pub fn read() -> Self {
        toml::from_str(&fs::read_to_string(path()).unwrap()).unwrap()
    }

    /// What was counted, as it is.
    #[must_use]
    pub fn of(functions: &[Counts], round_trips: &RoundTrips) -> Self {
        let functions = functions.iter().map(|counts| (counts.name.clone(), figures(counts)));
        let rows = round_trips.requests.iter().chain(&round_trips.worker);
        let requests = rows.map(|row| {
            let calls: usize = row.traffic.values().map(|traffic| traffic.calls).sum();
            let figures = [
                ("calls", count(calls)),
                ("in sequence", count(row.depth())),
                ("read units", row.read_units),
                ("write units", row.write_units),
            ];
            (format!("{}; {}", row.request, row.state), named(figures))
        });
        let costs = &round_trips.costs;
        let dollars = [("quiet", costs.quiet()), ("under load", costs.loaded())];
        Self {
            architecture: ARCH.to_owned(),
            functions: functions.collect(),
            requests: requests.collect(),
            messages: named(dollars),
        }
    }

    /// Of which the functions' figures are.
    #[must_use]
    pub fn architecture(&self) -> &str {
        &self.architecture
    }

    /// Whether the functions' figures are of this machine's architecture.
    #[must_use]
    pub fn fits_here(&self) -> bool {
        self.architecture == ARCH
    }

    /// Of each figure, the middle one of these counts.
    ///
    /// # Panics
    /// There are none.
    #[must_use]
    pub fn median(mut counts: Vec<Self>) -> Self {
        let Self { architecture, functions, requests, messages } =
            counts.pop().expect("one at least");
        Self {
            functions: middle(functions, counts.iter().map(|counted| &counted.functions)),
            requests: middle(requests, counts.iter().map(|counted| &counted.requests)),
            architecture,
            messages,
        }
    }

    /// Writes `bounds.toml`: what was counted, with room for what varies. Functions that were not counted
    /// keep their bounds.
    ///
    /// # Panics
    /// It can't be written.
    pub fn write(mut self) {
        for (name, figures) in &mut self.functions {
            for (what, figure) in figures {
                *figure = roomy(what, *figure);
            }
            println!("{name}: bounds are written");
        }
        let before = Self::read();
        if before.fits_here() {
            for (name, figures) in before.functions {
                self.functions.entry(name).or_insert(figures);
            }
        }
        fs::write(path(), self.text()).unwrap();
    }

    fn text(&self) -> String {
        let mut text = String::from(
            "# What `make bench-check` allows: see bench/src/check.rs. Written by `make bench-check UPDATE=1`.\n",
        );
        writeln!(text, "architecture = {:?}", self.architecture).unwrap();
        for (group, all) in [("functions", &self.functions), ("requests", &self.requests)] {
            writeln!(text, "\n[{group}]").unwrap();
            for (name, figures) in all {
                writeln!(text, "{name:?} = {}", inline(figures)).unwrap();
            }
        }
        writeln!(text, "\n# US$ per million.\n[messages]").unwrap();
        for (name, figure) in &self.messages {
            writeln!(text, "{name:?} = {figure:.3}").unwrap();
        }
        text
    }

    /// What of `counted` is above these bounds, or has none; a line for each.
    #[must_use]
    pub fn exceeded_by(&self, counted: &Self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut groups = vec![(&self.requests, &counted.requests)];
        if self.architecture == counted.architecture {
            groups.push((&self.functions, &counted.functions));
        }
        for (bounds, counted) in groups {
            for (name, figures) in counted {
                let none = BTreeMap::new();
                compare(name, bounds.get(name).unwrap_or(&none), figures, &mut faults);
            }
        }
        compare("a million messages, US$", &self.messages, &counted.messages, &mut faults);
        let measured: BTreeSet<_> = counted.requests.keys().collect();
        let unmeasured = self.requests.keys().filter(|name| !measured.contains(name));
        faults.extend(unmeasured.map(|name| format!("{name}: is not measured any more")));
        faults
    }
}

/// `one`, each of its figures replaced by the middle one of its own and of those of the others.
fn middle<'a>(mut one: Figures, others: impl Iterator<Item = &'a Figures> + Clone) -> Figures {
    for (name, figures) in &mut one {
        for (what, figure) in figures {
            let others = others.clone().filter_map(|other| other.get(name)?.get(what).copied());
            let mut all: Vec<_> = others.chain([*figure]).collect();
            all.sort_by(f64::total_cmp);
            *figure = all[all.len() / 2];
        }
    }
    one
}

fn compare(
    name: &str,
    bounds: &BTreeMap<String, f64>,
    counted: &BTreeMap<String, f64>,
    faults: &mut Vec<String>,
) {
    /// Less than any difference that counts.
    const NOTHING: f64 = 0.000_5;
    for (what, figure) in counted {
        match bounds.get(what) {
            None => faults.push(format!("{name}: {what} is {figure:.3} and has no bound")),
            Some(bound) if *figure > bound + NOTHING => {
                faults.push(format!("{name}: {what} is {figure:.3}, above {bound:.3}"));
            }
            Some(_) => {}
        }
    }
}

fn figures(counts: &Counts) -> BTreeMap<String, f64> {
    named([
        ("zip", count(counts.zip)),
        ("bare", counts.bare),
        ("init", counts.init),
        ("first", counts.first),
        ("warm", counts.warm),
        ("peak", counts.peak),
        ("crates", count(crates(&counts.name))),
    ])
}

/// A bound for a figure.
fn roomy(what: &str, figure: f64) -> f64 {
    match what {
        "zip" => (figure * SIZE).ceil(),
        "crates" => figure,
        "peak" => (figure * MEMORY * 100.0).ceil() / 100.0,
        _ => (figure * INSTRUCTIONS * 100.0).ceil() / 100.0,
    }
}

/// How many crates are compiled into a function, by its lock file.
fn crates(function: &str) -> usize {
    let tree = ["tree", "--locked", "--edges", "normal,no-proc-macro", "--prefix", "none"];
    let target = ["--target", "aarch64-unknown-linux-gnu", "--package", function];
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let printed = Command::new(cargo).args(tree).args(target).output().unwrap();
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    let text = String::from_utf8(printed.stdout).unwrap();
    let names = text.lines().map(|line| line.split_once(" (").map_or(line, |(name, _)| name));
    names.collect::<BTreeSet<_>>().len()
}

fn named<const N: usize>(figures: [(&str, f64); N]) -> BTreeMap<String, f64> {
    figures.map(|(what, figure)| (what.to_owned(), figure)).into()
}

fn inline(figures: &BTreeMap<String, f64>) -> String {
    let pairs = figures.iter().map(|(what, figure)| format!("{what:?} = {figure:?}"));
    format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("bounds.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(functions: &str, requests: &str) -> Bounds {
        let text = format!(
            "architecture = {ARCH:?}\n[functions]\n{functions}\n[requests]\n{requests}\n[messages]\nquiet = 9.0"
        );
        toml::from_str(&text).unwrap()
    }

    #[test]
    fn what_is_within_its_bounds_is_no_fault() {
        let allowed = bounds("a = { init = 2.0, zip = 100.0 }", "r = { calls = 2.0 }");
        let counted = bounds("a = { init = 1.9, zip = 100.0 }", "r = { calls = 1.0 }");
        assert_eq!(allowed.exceeded_by(&counted), [] as [String; 0]);
    }

    #[test]
    fn what_is_above_its_bound_or_has_none_is_named() {
        let allowed = bounds("a = { init = 2.0 }", "r = { calls = 2.0 }\nold = { calls = 1.0 }");
        let counted = bounds("a = { init = 2.1 }\nb = { init = 1.0 }", "r = { calls = 3.0 }");
        let faults = allowed.exceeded_by(&counted).join("\n");
        for part in ["a: init is 2.1", "b: init is 1.0", "r: calls is 3.0", "old: is not measured"]
        {
            assert!(faults.contains(part), "{part}: {faults}");
        }
    }

    #[test]
    fn figures_of_another_architecture_are_held_against_nothing() {
        let allowed = Bounds {
            architecture: "another".to_owned(),
            ..bounds("a = { init = 2.0 }", "r = { calls = 2.0 }")
        };
        let counted = bounds("a = { init = 9.0 }", "r = { calls = 3.0 }");
        let faults = allowed.exceeded_by(&counted);
        assert!(faults.len() == 1 && faults[0].contains("r: calls is 3.0"), "{faults:?}");
    }

    #[test]
    fn bad_luck_of_either_kind_is_not_what_is_held_against_bounds() {
        let count =
            |init: f64| bounds(&format!("a = {{ init = {init:?} }}"), "r = { calls = 2.0 }");
        let median = Bounds::median([9.0, 2.0, 1.0].map(count).into());
        assert_eq!(median.functions, count(2.0).functions);
        assert_eq!(median.requests, count(2.0).requests);
    }

    #[test]
    fn what_is_written_can_be_read() {
        let written =
            bounds("a-b = { init = 2.25, zip = 123456.0 }", "\"GET /; x\" = { calls = 2.0 }");
        let read: Bounds = toml::from_str(&written.text()).unwrap();
        assert_eq!((read.functions, read.requests), (written.functions, written.requests));
    }

    #[test]
    fn instructions_have_a_tenth_of_room_memory_a_fifth_and_crates_none() {
        assert!((roomy("init", 2.0) - 2.2).abs() < 0.011);
        assert!((roomy("peak", 10.0) - 12.0).abs() < 0.011);
        assert!((roomy("crates", 200.0) - 200.0).abs() < 0.001);
    }
}
