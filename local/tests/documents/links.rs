//! Links, and the names of tests.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::{documents, quoted, support::root};

#[test]
fn every_link_leads_somewhere() {
    for (document, text) in documents() {
        let folder = root().join(&document).parent().unwrap().to_owned();
        for target in targets(&text) {
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if path.is_empty() { root().join(&document) } else { folder.join(path) };
            assert!(file.exists(), "{document} leads to {target}");
            if !anchor.is_empty() {
                let headings = headings(&fs::read_to_string(&file).unwrap());
                assert!(headings.contains(anchor), "{document} leads to {target}: {headings:?}");
            }
        }
    }
}

/// Whoever reads what a test shows should find the test.
#[test]
fn every_test_that_a_document_names_is_there() {
    let tests = tests();
    assert!(tests.len() > 900, "only {} tests were found", tests.len());
    let mut count = 0;
    for (document, text) in documents() {
        for named in quoted(&text).into_iter().filter_map(name_of_a_test) {
            assert!(tests.contains(named), "{document} names {named}, which is no test");
            count += 1;
        }
    }
    assert!(count > 60, "only {count} names of tests were found");
}

/// Relative targets of the links in `text`.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    let outside = text.split("```").step_by(2);
    let targets = outside.flat_map(|text| text.split("](").skip(1));
    let targets = targets.filter_map(|rest| rest.split([')', ' ']).next());
    targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
}

/// The anchors that headings have at GitHub: lower case, dashes for spaces, no punctuation.
fn headings(text: &str) -> BTreeSet<String> {
    let outside = text.split("```").step_by(2).flat_map(str::lines);
    let headings = outside.filter_map(|line| line.strip_prefix('#'));
    let anchor = |heading: &str| {
        let heading = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        heading.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
    };
    headings.map(anchor).collect()
}

/// `after_five_wrong_tries_the_code_is_dead` of `otp::after_five_wrong_tries_the_code_is_dead`. A name
/// of a test is a sentence: it has three words at least.
fn name_of_a_test(text: &str) -> Option<&str> {
    let name = text.rsplit("::").next()?;
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let is_path = text.contains("::") && !text.contains([' ', '(']);
    (is_path && name.chars().all(is_name) && name.matches('_').count() >= 3).then_some(name)
}

/// The names of all functions that are tests.
fn tests() -> BTreeSet<String> {
    let folders = ["functions", "shared", "local", "tests"].map(|folder| root().join(folder));
    let mut tests = BTreeSet::new();
    for file in folders.iter().flat_map(|folder| sources(folder)) {
        let source = fs::read_to_string(file).unwrap();
        let parts = source.split("#[test]").skip(1).chain(source.split("#[tokio::test").skip(1));
        for part in parts {
            let (_, rest) = part.split_once("fn ").unwrap();
            tests.insert(rest.split('(').next().unwrap().to_owned());
        }
    }
    tests
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}
