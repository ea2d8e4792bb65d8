//! The dependencies, whatever they are needed for: of what is deployed, of what is developed on, and of
//! the fuzz targets, which are a workspace of their own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use spdx::{Expression, ParseMode};

use crate::deny::{MANIFESTS, banned, cargo, settings};

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

#[test]
fn every_licence_is_one_that_is_allowed() {
    let (allowed, excepted) = (allowed(), excepted());
    let (mut unneeded, mut unexcepted) = (allowed.clone(), excepted.clone());
    for package in all() {
        let name = text(&package["name"]);
        let licence = text(&package["license"]);
        let licence = Expression::parse_mode(&licence, ParseMode::LAX)
            .unwrap_or_else(|error| panic!("{}: {error}", named(&package)));
        let may_be_used = licence.evaluate(|asked| {
            let asked_for = asked.license.to_string();
            let exception = (name.clone(), asked_for.clone());
            unneeded.remove(&asked_for);
            unexcepted.remove(&exception);
            let is_allowed = allowed.contains(&asked_for) || excepted.contains(&exception);
            asked.addition.is_none() && is_allowed
        });
        assert!(may_be_used, "{}: {licence} is not allowed by deny.toml", named(&package));
    }
    assert!(unneeded.is_empty(), "deny.toml allows what nothing needs: {unneeded:?}");
    assert!(unexcepted.is_empty(), "deny.toml excepts what needs none: {unexcepted:?}");
}

#[test]
fn every_dependency_comes_from_crates_io() {
    for package in all() {
        assert_eq!(package["source"], CRATES_IO, "{}", named(&package));
    }
    let settings = settings();
    for source in ["unknown-registry", "unknown-git"] {
        assert_eq!(settings["sources"][source].as_str(), Some("deny"));
    }
}

#[test]
fn no_banned_crate_is_among_them() {
    let banned = banned();
    // Another TLS stack, or another provider of ciphers, is what this is about.
    for crate_ in ["aws-lc-rs", "openssl-sys", "native-tls"] {
        assert!(banned.contains(crate_), "deny.toml no longer bans {crate_}");
    }
    for package in all() {
        assert!(!banned.contains(&text(&package["name"])), "{} is banned", named(&package));
    }
}

/// Or else the fuzzer reads something with other code than what is deployed.
#[test]
fn what_is_fuzzed_has_the_versions_of_what_is_deployed() {
    let [deployed, fuzzed] = MANIFESTS.map(foreign);
    let mut versions = BTreeMap::<_, BTreeSet<_>>::new();
    for package in &deployed {
        versions.entry(text(&package["name"])).or_default().insert(text(&package["version"]));
    }
    for package in &fuzzed {
        let Some(known) = versions.get(&text(&package["name"])) else { continue };
        let version = text(&package["version"]);
        assert!(known.contains(&version), "fuzz/Cargo.lock has {}: {known:?}", named(package));
    }
}

/// The licences that it allows.
fn allowed() -> BTreeSet<String> {
    let settings = settings();
    let allowed = settings["licenses"]["allow"].as_array().unwrap().iter();
    allowed.map(|licence| licence.as_str().unwrap().to_owned()).collect()
}

/// The licences that it allows to one crate each.
fn excepted() -> BTreeSet<(String, String)> {
    let settings = settings();
    let exceptions = settings["licenses"]["exceptions"].as_array().unwrap().iter();
    exceptions
        .flat_map(|exception| {
            let crate_ = exception["crate"].as_str().unwrap();
            let licences = exception["allow"].as_array().unwrap().iter();
            licences.map(|licence| (crate_.to_owned(), licence.as_str().unwrap().to_owned()))
        })
        .collect()
}

/// The packages of all workspaces that are not ours.
fn all() -> Vec<Value> {
    MANIFESTS.into_iter().flat_map(foreign).collect()
}

/// The packages of a workspace that are not ours, as `cargo metadata` describes them.
fn foreign(manifest: &str) -> Vec<Value> {
    let metadata = cargo("metadata", "--filter-platform", manifest, &["--format-version=1"]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
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
