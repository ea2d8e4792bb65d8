//! The dependencies, whatever they are needed for: of what is deployed, and of what is developed on.

use std::{collections::BTreeSet, fs, process::Command};

use serde_json::Value;
use spdx::{Expression, ParseMode};

use crate::support::root;

/// What is deployed is for the first, and CI runs on the second.
const TARGETS: [&str; 2] = ["aarch64-unknown-linux-gnu", "x86_64-unknown-linux-gnu"];

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

#[test]
fn every_licence_is_one_that_is_allowed() {
    let allowed = allowed();
    let mut unneeded = allowed.clone();
    for package in foreign() {
        let licence = text(&package["license"]);
        let licence = Expression::parse_mode(&licence, ParseMode::LAX)
            .unwrap_or_else(|error| panic!("{}: {error}", named(&package)));
        let may_be_used = licence.evaluate(|asked| {
            let name = asked.license.to_string();
            unneeded.remove(&name);
            asked.addition.is_none() && allowed.contains(&name)
        });
        assert!(may_be_used, "{}: {licence} is not allowed by deny.toml", named(&package));
    }
    assert!(unneeded.is_empty(), "deny.toml allows what nothing needs: {unneeded:?}");
}

#[test]
fn every_dependency_comes_from_crates_io() {
    for package in foreign() {
        assert_eq!(package["source"], CRATES_IO, "{}", named(&package));
    }
    let settings = settings();
    for source in ["unknown-registry", "unknown-git"] {
        assert_eq!(settings["sources"][source].as_str(), Some("deny"));
    }
}

#[test]
fn no_banned_crate_is_among_them() {
    let settings = settings();
    let banned = settings["bans"]["deny"].as_array().unwrap().iter();
    let banned: BTreeSet<_> = banned.map(|ban| ban["crate"].as_str().unwrap().to_owned()).collect();
    // Another TLS stack, or another provider of ciphers, is what this is about.
    for crate_ in ["aws-lc-rs", "openssl-sys", "native-tls"] {
        assert!(banned.contains(crate_), "deny.toml no longer bans {crate_}");
    }
    for package in foreign() {
        assert!(!banned.contains(&text(&package["name"])), "{} is banned", named(&package));
    }
}

/// `deny.toml`.
fn settings() -> toml::Table {
    fs::read_to_string(root().join("deny.toml")).unwrap().parse().unwrap()
}

/// The licences that it allows.
fn allowed() -> BTreeSet<String> {
    let settings = settings();
    let allowed = settings["licenses"]["allow"].as_array().unwrap().iter();
    allowed.map(|licence| licence.as_str().unwrap().to_owned()).collect()
}

/// The packages that are not ours, as `cargo metadata` describes them.
fn foreign() -> Vec<Value> {
    // Not offline: a machine that has built one crate alone lacks what others need.
    let targets = TARGETS.iter().flat_map(|target| ["--filter-platform", target]);
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--format-version=1"])
        .args(targets)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let foreign: Vec<_> =
        packages.filter(|package| !package["source"].is_null()).cloned().collect();
    assert!(foreign.len() > 100, "cargo knows of {} dependencies only", foreign.len());
    foreign
}

fn named(package: &Value) -> String {
    format!("{} {}", text(&package["name"]), text(&package["version"]))
}

/// What a member says; nothing where it is missing.
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
