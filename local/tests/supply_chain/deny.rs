//! What `deny.toml` says, and what cargo says of the same graph.

use std::{collections::BTreeSet, fs, process::Command};

use crate::support::root;

/// The workspaces: ours, and that of the fuzz targets.
pub(crate) const MANIFESTS: [&str; 2] = ["Cargo.toml", "fuzz/Cargo.toml"];

/// `deny.toml`.
pub(crate) fn settings() -> toml::Table {
    fs::read_to_string(root().join("deny.toml")).unwrap().parse().unwrap()
}

/// The crates that it bans.
pub(crate) fn banned() -> BTreeSet<String> {
    let settings = settings();
    let banned = settings["bans"]["deny"].as_array().unwrap().iter();
    banned.map(|ban| ban["crate"].as_str().unwrap().to_owned()).collect()
}

/// What a command of cargo's says of a workspace on the targets of `deny.toml`, each of which it takes
/// behind `target`.
pub(crate) fn cargo(command: &str, target: &str, manifest: &str, arguments: &[&str]) -> String {
    let settings = settings();
    let targets = settings["graph"]["targets"].as_array().unwrap().iter();
    let targets = targets.flat_map(|name| [target, name.as_str().unwrap()]);
    // Not offline: a machine that has built one crate alone lacks what others need.
    let output = Command::new(env!("CARGO"))
        .args([command, "--locked", "--manifest-path", manifest])
        .args(arguments)
        .args(targets)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
