//! Imports point one way: `local` on the functions, the functions on `shared`, and within `shared`
//! everything on the domain, which stands on nothing of ours and on no vendor.

#![expect(clippy::unwrap_used, reason = "a helper that can't go on fails its test")]

mod paths;
mod workspace;

use paths::{Import, imports};
use workspace::{Package, Workspace};

/// The modules of `shared`, and which of the others each may import.
const LAYERS: [(&str, &[&str]); 14] = [
    ("backoff", &[]),
    ("domain", &[]),
    ("metrics", &[]),
    ("trace", &[]),
    ("nearby", &[]),
    ("telemetry", &["config", "domain", "metrics"]),
    ("tls", &["config"]),
    // Two halves of one thing: `config` asks `aws` for secrets, `aws` is configured by it.
    ("config", &["aws", "domain", "nearby"]),
    ("aws", &["config", "domain", "nearby"]),
    ("token", &["config", "domain"]),
    ("cache", &["aws", "config", "domain"]),
    ("queue", &["aws", "config", "domain", "trace"]),
    ("store", &["aws", "backoff", "config", "domain"]),
    // The top: it turns the store's failures into problem details.
    ("http", &["domain", "store", "token", "trace"]),
];

/// The crates that the domain may use: none does anything but represent, check and order values.
const DOMAIN_CRATES: [&str; 6] = ["email_address", "jiff", "rand", "serde", "thiserror", "ulid"];

/// Crates that only these modules of `shared` may use: whoever needs what they do calls the module.
const HOMES: [(&str, &[&str]); 6] = [
    ("aws_sdk_dynamodb", &["store", "aws"]),
    ("aws_sdk_sqs", &["queue"]),
    ("ed25519_dalek", &["token"]),
    ("jsonwebtoken", &["token"]),
    ("lambda_http", &["http"]),
    ("redis", &["cache"]),
];

/// What only some functions need, and what would make all of them bigger, slower to build and
/// slower to start.
const HEAVY: [&str; 4] = ["argon2", "async-stripe", "aws-sdk-elasticache", "reqwest"];

#[test]
fn the_domain_uses_no_transport_store_or_vendor() {
    let shared = Workspace::read().package("shared").clone();
    let ours = |name: &str| shared.dependencies().any(|crate_| crate_.replace('-', "_") == name);
    let mut faults = Vec::new();
    for import in imports_of_shared().iter().filter(|import| import.module == "domain") {
        let first = import.path[0].as_str();
        let foreign = ours(first) && !DOMAIN_CRATES.contains(&first);
        // A crate that is not among the dependencies yet has to be looked at as well.
        if foreign || first.starts_with("aws_") {
            faults.push(format!("{import} uses the crate `{first}`"));
        }
    }
    assert!(
        faults.is_empty(),
        "{}\nA rule takes values and gives values: let the function, or another module of `shared`, \
         do this and pass the outcome in. If the crate itself is nothing but values and checks, \
         name it in DOMAIN_CRATES.",
        faults.join("\n")
    );
}

#[test]
fn modules_of_shared_import_only_what_lies_below_them() {
    let mut faults = Vec::new();
    for import in imports_of_shared() {
        let [first, target, ..] = import.path.as_slice() else { continue };
        if first != "crate" || *target == import.module {
            continue;
        }
        let Some((_, below)) = LAYERS.iter().find(|(module, _)| *module == import.module) else {
            panic!("shared::{} is new: say in LAYERS what it may import", import.module);
        };
        if !below.contains(&target.as_str()) {
            faults.push(format!("{import} imports shared::{target}"));
        }
    }
    assert!(
        faults.is_empty(),
        "{}\nMove what both need to the domain, or let the caller pass it in. LAYERS says which way \
         imports point.",
        faults.join("\n")
    );
}

#[test]
fn each_vendor_has_one_home_in_shared() {
    let mut faults = Vec::new();
    for import in imports_of_shared() {
        for (vendor, home) in HOMES {
            if import.path[0] == vendor && !home.contains(&import.module.as_str()) {
                faults.push(format!("{import} uses {vendor}; see shared::{}", home.join(", ")));
            }
        }
    }
    assert!(faults.is_empty(), "{}\nAdd a method there and call that.", faults.join("\n"));
}

#[test]
fn shared_carries_none_of_the_heavy_clients() {
    let workspace = Workspace::read();
    for heavy in HEAVY {
        if let Some(way) = workspace.way("shared", heavy) {
            panic!(
                "shared depends on {heavy}, by way of {}. Keep its client in the function that \
                 needs it, or in a crate of its own.",
                way.join(" > ")
            );
        }
    }
}

#[test]
fn functions_stand_side_by_side() {
    let workspace = Workspace::read();
    for package in workspace.packages.iter().filter(|package| !may_know_functions(package)) {
        for function in workspace.packages.iter().filter(|package| package.is_function()) {
            assert!(
                !package.depends_on(&function.name),
                "{} depends on the function {}. Move what both need to `shared`, or to a library \
                 of its own.",
                package.name,
                function.name
            );
        }
    }
}

#[test]
fn nothing_that_is_deployed_knows_local() {
    let workspace = Workspace::read();
    for package in workspace.packages.iter().filter(|package| !is_on_top(package)) {
        assert!(
            !package.depends_on("local") && !package.depends_on("tests"),
            "{} depends on a crate that is for development and tests only: make it one of its \
             dev-dependencies",
            package.name
        );
    }
}

/// `local` mounts the functions, and the end-to-end tests may look into all of them.
fn may_know_functions(package: &Package) -> bool {
    package.name == "local" || is_on_top(package)
}

/// What tests and measures the rest.
fn is_on_top(package: &Package) -> bool {
    ["tests", "bench"].contains(&package.name.as_str())
}

/// All imports and other paths in the source of `shared`.
fn imports_of_shared() -> Vec<Import> {
    let folder = workspace::root().join("shared/src");
    let imports: Vec<_> =
        imports(&folder).into_iter().filter(|import| import.module != "lib").collect();
    for (module, _) in LAYERS {
        assert!(imports.iter().any(|import| import.module == module), "shared::{module} is gone");
    }
    imports
}
