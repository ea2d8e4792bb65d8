//! What the source of a function says.

use std::{fs, path::Path};

use crate::support::root;

/// All source of a function, without white space and without the tests at the end of each file.
pub(crate) fn of_function(name: &str) -> String {
    of_folder(&root().join("functions").join(name).join("src"))
}

/// The source of one file, the same way.
pub(crate) fn of_file(path: &str) -> String {
    read(&root().join(path))
}

fn of_folder(folder: &Path) -> String {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { of_folder(&path) } else { read(&path) }).collect()
}

fn read(file: &Path) -> String {
    let source = fs::read_to_string(file).unwrap();
    source.split("#[cfg(test)]").next().unwrap().split_whitespace().collect()
}
