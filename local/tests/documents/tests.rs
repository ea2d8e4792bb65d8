//! The names of tests: whoever reads what a test shows should find the test.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::{documents, quoted, support::root};

/// What is no suite of tests, but has paths: a crate.
const CRATE: (&str, &str) = ("shared", "shared/src/lib.rs");

/// The files that a path may begin in, by the path's first part: `e2e` is `tests/tests/e2e/main.rs`, `panics`
/// is `shared/tests/panics.rs`, `auth` is `functions/auth/tests/http/main.rs`, and the function's own tests.
type Suites = BTreeMap<String, Vec<PathBuf>>;

#[test]
fn every_path_that_a_document_names_leads_to_a_test_or_to_a_module_of_tests() {
    let suites = suites();
    assert!(suites.len() > 25, "{suites:?}");
    let mut count = 0;
    for (document, text) in documents() {
        for named in quoted(&text) {
            match find(&suites, named) {
                Ok(found) => count += usize::from(found),
                Err(why) => panic!("{document} names {named}: {why}"),
            }
        }
    }
    assert!(count > 120, "only {count} paths were found");
}

#[test]
fn a_name_alone_is_not_enough() {
    let suites = suites();
    for there in
        ["auth::guessing", "e2e::attacks::bodies", "e2e::isolation", "e2e::", "shared::store"]
    {
        assert_eq!(find(&suites, there), Ok(true), "{there}");
    }
    for another in
        ["a b::c", "tracing::info!(Accepted = 1)", "Ledger::close", "AWS::S3::Bucket", "pk"]
    {
        assert_eq!(find(&suites, another), Ok(false), "{another}");
    }
    assert_eq!(find(&suites, "e2e::idempotency::a_key_belongs_to_one_user"), Ok(true));
    for wrong in [
        "e2e::otp::a_key_belongs_to_one_user",
        "idempotency::a_key_belongs_to_one_user",
        "e2e::idempotency::a_key_belongs",
        "e2e::idempotency::{a_key…, another…}",
        "auth::guesses",
        "auth::answer",
        "nowhere::at_all",
        "shared::stores",
    ] {
        assert!(find(&suites, wrong).is_err(), "{wrong}");
    }
}

/// Whether `named` is a path that leads somewhere; `false` if it is something else.
fn find(suites: &Suites, named: &str) -> Result<bool, &'static str> {
    let Some((first, rest)) = named.split_once("::") else { return Ok(false) };
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let begin = suites.get(first);
    let is_path = named.chars().all(|c| is_name(c) || c == ':');
    match begin {
        Some(_) if !is_path => Err("a path that is not written out"),
        Some(begin) if begin.iter().any(|file| leads_to_tests(file, rest)) => Ok(true),
        Some(_) => Err("there is no such test, and no such module with tests"),
        None if !is_path || !first.starts_with(|c: char| c.is_ascii_lowercase()) => Ok(false),
        None if first == CRATE.0 && leads_to_an_item(&root().join(CRATE.1), rest) => Ok(true),
        None => Err("it begins with no suite, and no crate has it"),
    }
}

fn leads_to_tests(begin: &Path, path: &str) -> bool {
    let (module, left) = walk(begin, path);
    match left[..] {
        [] => has_tests(&module),
        [name] => tests(&module).any(|test| test == name),
        _ => false,
    }
}

fn leads_to_an_item(begin: &Path, path: &str) -> bool {
    let (module, left) = walk(begin, path);
    let between_words = |c: char| !c.is_alphanumeric() && c != '_';
    match left[..] {
        [] => true,
        [name] => source(&module).split(between_words).any(|word| word == name),
        _ => false,
    }
}

/// Follows `path` from module to module as far as it leads: to the file of the last, with what is left.
fn walk<'path>(begin: &Path, path: &'path str) -> (PathBuf, Vec<&'path str>) {
    let mut module = begin.to_owned();
    let mut left: Vec<_> = path.split("::").filter(|part| !part.is_empty()).collect();
    while let Some(file) = left.first().and_then(|name| child(&module, name)) {
        module = file;
        left.remove(0);
    }
    (module, left)
}

/// The file of the module `name` in that of `parent`.
fn child(parent: &Path, name: &str) -> Option<PathBuf> {
    if !modules(parent).any(|module| module == name) {
        return None;
    }
    let folder = match parent.file_name().unwrap().to_str().unwrap() {
        "main.rs" | "mod.rs" | "lib.rs" => parent.parent().unwrap().to_owned(),
        _ => parent.with_extension(""),
    };
    let files = [folder.join(format!("{name}.rs")), folder.join(name).join("mod.rs")];
    files.into_iter().find(|file| file.exists())
}

fn has_tests(module: &Path) -> bool {
    let mut children = modules(module).filter_map(|name| child(module, &name));
    tests(module).next().is_some() || children.any(|module| has_tests(&module))
}

/// The names of the modules that have a file of their own.
fn modules(parent: &Path) -> impl Iterator<Item = String> {
    let source = source(parent);
    let lines = source.lines().filter_map(|line| {
        let (before, name) = line.strip_suffix(';')?.split_once("mod ")?;
        (before.is_empty() || before.starts_with("pub")).then(|| name.to_owned())
    });
    lines.collect::<Vec<_>>().into_iter()
}

/// The names of the tests in a file.
fn tests(file: &Path) -> impl Iterator<Item = String> {
    let source = source(file);
    let parts = ["#[test]", "#[tokio::test"].map(|mark| source.split(mark).skip(1));
    let names = parts.into_iter().flatten().filter_map(|part| {
        let (_, rest) = part.split_once("fn ")?;
        rest.split('(').next().map(str::to_owned)
    });
    names.collect::<Vec<_>>().into_iter()
}

fn source(file: &Path) -> String {
    fs::read_to_string(file).unwrap()
}

fn suites() -> Suites {
    let mut suites = Suites::new();
    let mut add = |name: &str, files: Vec<PathBuf>| {
        let other = suites.insert(name.to_owned(), files);
        assert_eq!(other, None, "two suites are called {name}");
    };
    for folder in ["tests/tests", "local/tests", "shared/tests"] {
        for entry in entries(&root().join(folder)) {
            let name = entry.file_stem().unwrap().to_str().unwrap();
            match entry.join("main.rs") {
                main if main.exists() => add(name, vec![main]),
                _ if entry.is_file() => add(name, vec![entry.clone()]),
                _ => {}
            }
        }
    }
    for function in entries(&root().join("functions")) {
        let name = function.file_name().unwrap().to_str().unwrap().replace('-', "_");
        let mains = entries(&function.join("tests")).into_iter().map(|entry| entry.join("main.rs"));
        let own = function.join("src/lib.rs");
        add(&name, mains.filter(|main| main.exists()).chain([own]).collect());
    }
    suites
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}
