//! The documents are true where a program can tell: their commands are ones that `parley` knows, their
//! links lead somewhere, the tests that they name are there, and the runbook knows every alarm.

#![expect(clippy::unwrap_used, reason = "a helper that can't go on fails its test")]

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "others use the rest")]
mod support;

mod commands;
mod links;
mod runbook;
mod tests;

use std::{fs, path::PathBuf};

use support::root;

/// All documents: their paths from the root, and their text.
fn documents() -> Vec<(String, String)> {
    let in_docs = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let records = fs::read_dir(root().join("docs/adr")).unwrap().map(|entry| entry.unwrap().path());
    let is_document = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
    let paths = in_docs.chain(records).filter(is_document).chain([root().join("README.md")]);
    paths.map(|path| (name(&path), fs::read_to_string(path).unwrap())).collect()
}

fn name(path: &std::path::Path) -> String {
    path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned()
}

/// What stands between backticks in `text`, blocks of code aside.
fn quoted(text: &str) -> Vec<&str> {
    let outside = text.split("```").step_by(2);
    outside.flat_map(|text| text.split('`').skip(1).step_by(2)).collect()
}
