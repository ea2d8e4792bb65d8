//! Who ran in a rehearsal, and who was left out and why: for the summary at its end.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    fs::{self, File},
    io::Write,
    path::Path,
    thread,
};

/// The variable that names the file which the tests report to.
pub const FILE: &str = "REHEARSAL_REPORT";

const RAN: &str = "ran";

/// Notes that this test runs.
pub(crate) fn ran() {
    note(RAN);
}

/// Notes that this test is left out, and why.
pub fn left_out(why: &str) {
    eprintln!("left out: {why}");
    note(why);
}

/// A line per test, in one write each: tests report side by side.
fn note(what: &str) {
    let Ok(path) = std::env::var(FILE) else { return };
    let mut file = File::options().create(true).append(true).open(path).unwrap();
    let thread = thread::current();
    let test = thread.name().unwrap_or("unnamed");
    file.write_all(format!("{test}\t{what}\n").as_bytes()).unwrap();
}

/// What a rehearsal's tests have reported.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Summary {
    ran: BTreeSet<String>,
    left_out: BTreeMap<String, BTreeSet<String>>,
}

impl Summary {
    /// Reads it; nobody reported where there is no file.
    #[must_use]
    pub fn read(file: &Path) -> Self {
        Self::parse(&fs::read_to_string(file).unwrap_or_default())
    }

    /// Whether no test has spoken to the deployment.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ran.is_empty()
    }

    fn parse(lines: &str) -> Self {
        let mut summary = Self::default();
        for (test, what) in lines.lines().filter_map(|line| line.split_once('\t')) {
            if what == RAN {
                summary.ran.insert(test.to_owned());
            } else {
                summary.left_out.entry(what.to_owned()).or_default().insert(test.to_owned());
            }
        }
        summary
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left_out: usize = self.left_out.values().map(BTreeSet::len).sum();
        write!(f, "{} tests spoke to the deployment, {left_out} were left out", self.ran.len())?;
        for (why, tests) in &self.left_out {
            write!(f, "\n  {why}:")?;
            for test in tests {
                write!(f, "\n    {test}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_counted_once_and_those_left_out_are_listed_by_reason() {
        let summary = Summary::parse("a::x\tran\na::x\tran\nb::y\tno clean stop\n");
        let shown = summary.to_string();
        assert_eq!(
            shown,
            "1 tests spoke to the deployment, 1 were left out\n  no clean stop:\n    b::y"
        );
    }
}
