//! What the source says: which methods the store has, and which function calls which of them.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::support::root;

/// The public methods of `shared::store::Store` that talk to DynamoDB.
pub(crate) fn methods_of_the_store() -> BTreeSet<String> {
    let mut methods = BTreeSet::new();
    for file in files(&root().join("shared/src/store")) {
        let source = production(&file);
        for block in source.split("\nimpl Store {").skip(1) {
            let block = block.split("\n}").next().unwrap();
            let names = block.split("\n    pub async fn ").skip(1);
            methods.extend(names.map(|rest| name(rest).to_owned()));
        }
    }
    methods
}

/// The functions that call the store's `method`, themselves or through the ledger, by the names of
/// their crates.
pub(crate) fn functions_that_call(method: &str) -> Vec<String> {
    let by_ledger = methods_of_the_ledger_that_call(method);
    functions(|source| {
        calls(source, "store", method)
            || by_ledger.iter().any(|of_ledger| calls(source, "ledger", of_ledger))
    })
}

/// The functions whose source holds `text`.
pub(crate) fn functions_that_say(text: &str) -> Vec<String> {
    let text = unspaced(text);
    functions(|source| source.contains(&text))
}

/// The functions with a file of which `is_so` holds. It is given the source without white space.
fn functions(is_so: impl Fn(&str) -> bool) -> Vec<String> {
    let folders = fs::read_dir(root().join("functions")).unwrap();
    let is_one = |folder: &PathBuf| {
        files(&folder.join("src")).iter().any(|file| is_so(&unspaced(&production(file))))
    };
    let mut functions: Vec<_> = folders
        .map(|folder| folder.unwrap().path())
        .filter(is_one)
        .map(|folder| folder.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    functions.sort();
    functions
}

/// The methods of `billing::Ledger` that call the store's `method`, themselves or by one another.
fn methods_of_the_ledger_that_call(method: &str) -> Vec<String> {
    let source = production(&root().join("shared/billing/src/ledger.rs"));
    let methods: Vec<_> = source
        .split("\n    }\n")
        .filter_map(|block| block.split_once("fn "))
        .map(|(_, rest)| (name(rest).to_owned(), unspaced(rest)))
        .collect();
    let mut callers: Vec<String> = Vec::new();
    loop {
        let is_caller = |body: &str| {
            calls(body, "store", method) || callers.iter().any(|name| calls(body, "self", name))
        };
        let found =
            methods.iter().filter(|(_, body)| is_caller(body)).map(|(name, _)| name.clone());
        let found: Vec<_> = found.collect();
        if found.len() == callers.len() {
            return callers;
        }
        callers = found;
    }
}

/// Whether `source`, which has no white space, holds `receiver.method(` or `receiver().method(`.
fn calls(source: &str, receiver: &str, method: &str) -> bool {
    [format!("{receiver}.{method}("), format!("{receiver}().{method}(")]
        .iter()
        .any(|call| source.contains(call))
}

fn unspaced(text: &str) -> String {
    text.split_whitespace().collect()
}

fn name(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap()
}

/// A file without the tests at its end.
fn production(file: &Path) -> String {
    let source = fs::read_to_string(file).unwrap();
    source.split("#[cfg(test)]").next().unwrap().to_owned()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}
