//! The workspace's packages and what they depend on, from `cargo metadata` and `Cargo.lock`.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// The folder of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The workspace.
pub(crate) struct Workspace {
    pub(crate) packages: Vec<Package>,
    /// What every package, ours or not, depends on. Of ours that includes dev-dependencies.
    locked: HashMap<String, Vec<String>>,
}

/// One of our packages.
#[derive(Clone)]
pub(crate) struct Package {
    pub(crate) name: String,
    metadata: Value,
}

impl Workspace {
    pub(crate) fn read() -> Self {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
            .current_dir(root())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
        let packages = metadata["packages"].as_array().unwrap().iter().map(|metadata| Package {
            name: metadata["name"].as_str().unwrap().to_owned(),
            metadata: metadata.clone(),
        });
        let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
        Self { packages: packages.collect(), locked: locked(&lock) }
    }

    pub(crate) fn package(&self, name: &str) -> &Package {
        self.packages.iter().find(|package| package.name == name).unwrap()
    }

    /// How `from`, built for use, comes to depend on `to`.
    pub(crate) fn way(&self, from: &str, to: &str) -> Option<Vec<String>> {
        let mut ways: Vec<_> =
            self.package(from).dependencies().map(|name| vec![name.to_owned()]).collect();
        let mut seen = Vec::new();
        while let Some(way) = ways.pop() {
            let last = way.last().unwrap().clone();
            if last == to {
                return Some(way);
            }
            if !seen.contains(&last) {
                let next = self.locked.get(&last).into_iter().flatten();
                ways.extend(next.map(|name| [&way[..], std::slice::from_ref(name)].concat()));
                seen.push(last);
            }
        }
        None
    }
}

impl Package {
    /// What it needs outside of its tests.
    pub(crate) fn dependencies(&self) -> impl Iterator<Item = &str> {
        let all = self.metadata["dependencies"].as_array().unwrap().iter();
        all.filter(|dependency| dependency["kind"] != "dev")
            .map(|dependency| dependency["name"].as_str().unwrap())
    }

    pub(crate) fn depends_on(&self, name: &str) -> bool {
        self.dependencies().any(|dependency| dependency == name)
    }

    /// A crate in `functions/` that is run. A library that functions share may lie there too.
    pub(crate) fn is_function(&self) -> bool {
        let manifest = self.metadata["manifest_path"].as_str().unwrap();
        let targets = self.metadata["targets"].as_array().unwrap();
        let is_run = |target: &Value| target["kind"].as_array().unwrap().contains(&"bin".into());
        manifest.contains("/functions/") && targets.iter().any(is_run)
    }
}

/// The dependencies in a `Cargo.lock`, by name. Versions of one name are taken together.
fn locked(lock: &str) -> HashMap<String, Vec<String>> {
    let mut all: HashMap<String, Vec<String>> = HashMap::new();
    for package in lock.split("[[package]]").skip(1) {
        let quoted: Vec<_> = package.lines().filter_map(|line| line.split('"').nth(1)).collect();
        let name = quoted[0].to_owned();
        let dependencies = package.split_once("dependencies = [").map_or("", |(_, rest)| rest);
        let names = dependencies
            .lines()
            .filter_map(|line| line.trim().strip_prefix('"'))
            // `"name"`, or `"name version"` where there are several.
            .filter_map(|line| line.split([' ', '"']).next())
            .map(str::to_owned);
        all.entry(name).or_default().extend(names);
    }
    all
}

#[test]
fn a_way_is_found_through_crates_that_are_not_ours() {
    let way = Workspace::read().way("shared", "ring").unwrap();
    assert!(way.len() > 1 && way.last().unwrap() == "ring", "{way:?}");
}
