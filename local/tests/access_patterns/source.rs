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

/// The functions that call the store's `method`, by the names of their crates.
pub(crate) fn functions_that_call(method: &str) -> Vec<String> {
    let folders = fs::read_dir(root().join("functions")).unwrap();
    let mut functions: Vec<_> = folders
        .map(|folder| folder.unwrap().path())
        .filter(|folder| files(&folder.join("src")).iter().any(|file| calls(file, method)))
        .map(|folder| folder.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    functions.sort();
    functions
}

/// Whether `file` holds `store.method(`, on one line or on two.
fn calls(file: &Path, method: &str) -> bool {
    let source: String = production(file).split_whitespace().collect();
    let mut calls = source.split("store.").skip(1);
    calls.any(|rest| name(rest) == method && rest[method.len()..].starts_with('('))
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
