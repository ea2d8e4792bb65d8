//! `template.yaml` and the code agree, in both directions: what is tried here is what is deployed.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that can't go on fails its test")]

#[path = "../support/mod.rs"]
mod support;

mod cache;
mod environment;
mod functions;
mod metrics;
mod operator;
mod policies;
mod process;
mod routes;
mod rules;
mod source;
mod stack;
mod timeouts;
mod trust;

use std::collections::BTreeSet;

/// Asserts that `template.yaml` says the same about `what` as something else does.
fn agree(what: &str, template: &BTreeSet<String>, other: &str, expected: &BTreeSet<String>) {
    let only = |these: &BTreeSet<String>, those| {
        these.difference(those).map(|fact| format!("\n  {fact}")).collect::<Vec<_>>().concat()
    };
    assert!(
        template == expected,
        "{what} differs.\nOnly in template.yaml:{}\nOnly in {other}:{}",
        only(template, expected),
        only(expected, template)
    );
}

/// `names` as a set of strings.
fn set<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}
