//! Crates of which there are two versions: the second one has to be known, and why it is there.

use std::collections::{BTreeMap, BTreeSet};

use crate::deny::{MANIFESTS, cargo, settings};

/// As cargo-deny asks it: what tests alone need doesn't count, nor does a dependency whose feature nobody
/// turns on. (`cargo metadata` knows these as well; `cargo tree` doesn't.)
#[test]
fn of_every_crate_there_is_one_version_or_deny_toml_knows_why_not() {
    assert_eq!(settings()["bans"]["multiple-versions"].as_str(), Some("deny"));
    let skipped = skipped();
    let mut unneeded = skipped.clone();
    for manifest in MANIFESTS {
        let doubled = versions(manifest).into_iter().filter(|(_, versions)| versions.len() > 1);
        for (name, versions) in doubled {
            let (known, left): (Vec<_>, Vec<_>) =
                versions.iter().partition(|version| skipped.contains(&skip(&name, version)));
            for version in known {
                unneeded.remove(&skip(&name, version));
            }
            assert!(
                left.len() < 2,
                "{manifest}: {name} is there as {left:?}, which deny.toml skips none of"
            );
        }
    }
    assert!(unneeded.is_empty(), "deny.toml skips what is not doubled: {unneeded:?}");
}

/// `block-buffer@0.10`
fn skipped() -> BTreeSet<String> {
    let settings = settings();
    let skipped = settings["bans"]["skip"].as_array().unwrap().iter();
    skipped.map(|skip| skip["crate"].as_str().unwrap().to_owned()).collect()
}

/// How `deny.toml` skips a version: by what cargo holds to be compatible with it.
fn skip(name: &str, version: &str) -> String {
    let mut parts = version.split('.');
    match (parts.next().unwrap(), parts.next().unwrap()) {
        ("0", minor) => format!("{name}@0.{minor}"),
        (major, _) => format!("{name}@{major}"),
    }
}

/// All crates of a workspace that are built into something, with their versions.
fn versions(manifest: &str) -> BTreeMap<String, BTreeSet<String>> {
    let arguments = ["--workspace", "--edges=normal,build", "--prefix=none", "--format={p}"];
    let tree = cargo("tree", "--target", manifest, &arguments);
    let mut versions = BTreeMap::<String, BTreeSet<String>>::new();
    for line in tree.lines() {
        let mut words = line.split(' ');
        let (Some(name), Some(version)) = (words.next(), words.next()) else { continue };
        let version = version.strip_prefix('v').unwrap();
        versions.entry(name.to_owned()).or_default().insert(version.to_owned());
    }
    assert!(versions.len() > 100, "cargo knows of {} crates only", versions.len());
    versions
}

#[test]
fn a_version_is_skipped_by_what_is_compatible_with_it() {
    assert_eq!(skip("syn", "2.0.119"), "syn@2");
    assert_eq!(skip("rand_core", "0.6.4"), "rand_core@0.6");
}
