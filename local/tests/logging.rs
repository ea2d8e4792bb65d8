//! `docs/logging.md`, the list of metrics and the functions agree: an operator finds there what a
//! line means, and nothing is counted that is not on the list.

#![expect(clippy::unwrap_used, reason = "a helper that can't go on fails its test")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use shared::metrics::{self, Metric};

/// A call of one of `tracing`'s macros.
struct Call {
    file: PathBuf,
    level: &'static str,
    text: String,
}

impl Call {
    /// What the line says: its last string.
    fn message(&self) -> Option<&str> {
        self.text.rsplit('"').nth(1)
    }

    /// The metrics that it counts, by their form: `SomeName = …`.
    fn metrics(&self) -> impl Iterator<Item = &str> {
        let fields = self.text.split([',', '(']).filter_map(|field| field.split_once(" = "));
        fields.map(|(name, _)| name.trim()).filter(|name| name.starts_with(char::is_uppercase))
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All calls in the code below `folder`, without comments and the tests at the end of a file.
fn calls(folder: &Path) -> Vec<Call> {
    let mut calls = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            calls.extend(calls_of_folder(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let code = fs::read_to_string(&path).unwrap();
            let code = code.split("#[cfg(test)]").next().unwrap_or_default();
            let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            calls.extend(calls_in(&path, &lines.collect::<Vec<_>>().join("\n")));
        }
    }
    calls
}

fn calls_of_folder(folder: &Path) -> Vec<Call> {
    let is_for_tests = folder.file_name().is_some_and(|name| name == "tests" || name == "target");
    if is_for_tests { Vec::new() } else { calls(folder) }
}

fn calls_in(file: &Path, code: &str) -> Vec<Call> {
    let levels = ["info", "warn", "error"];
    let calls_at = |level: &'static str| {
        code.match_indices(&format!("tracing::{level}!("))
            .map(|(at, start)| Call {
                file: file.to_owned(),
                level,
                text: arguments(&code[at + start.len()..]).to_owned(),
            })
            .collect::<Vec<_>>()
    };
    levels.into_iter().flat_map(calls_at).collect()
}

/// Up to the parenthesis that closes the call.
fn arguments(code: &str) -> &str {
    let mut depth = 1;
    let mut in_string = false;
    for (at, c) in code.char_indices() {
        match c {
            '"' => in_string = !in_string,
            '(' if !in_string => depth += 1,
            ')' if !in_string => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &code[..at];
        }
    }
    code
}

fn code_of(function: &str) -> Vec<Call> {
    calls(&root().join("functions").join(function).join("src"))
}

fn document() -> String {
    fs::read_to_string(root().join("docs/logging.md")).unwrap()
}

#[test]
fn every_metric_is_counted_by_its_function_and_by_no_other() {
    for Metric { name, function, .. } in metrics::ALL {
        let counts = |call: &Call| call.metrics().any(|metric| metric == name);
        assert!(code_of(function).iter().any(counts), "{function} does not count {name}");
    }
    for call in calls(&root().join("functions")).iter().chain(&calls(&root().join("shared"))) {
        for name in call.metrics() {
            let file = call.file.display();
            let Some(metric) = metrics::named(name) else {
                panic!("{file} counts {name}: name it in shared::metrics");
            };
            let home = root().join("functions").join(metric.function);
            assert!(
                call.file.starts_with(home),
                "{file} counts {name}, which is another function's"
            );
        }
    }
}

#[test]
fn every_metric_is_in_the_document_with_its_unit_and_function() {
    let document = document();
    for metric in metrics::ALL {
        let row = format!("| `{}` | {} | {} |", metric.name, metric.unit.as_str(), metric.function);
        assert!(document.contains(&row), "docs/logging.md lacks a row that begins with {row}");
    }
}

#[test]
fn every_warning_and_every_error_is_in_the_document() {
    let document = document();
    let mut missing = BTreeSet::new();
    for call in calls(&root().join("functions")).iter().chain(&calls(&root().join("shared"))) {
        let message = call.message().unwrap_or_default();
        if call.level != "info" && !document.contains(&format!("`{message}`")) {
            missing.insert(format!("{}: {message}", call.file.display()));
        }
    }
    assert!(missing.is_empty(), "say in docs/logging.md what to do about {missing:#?}");
}
