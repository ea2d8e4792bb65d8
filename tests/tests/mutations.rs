//! The list of protections that `make mutations` breaks one by one, held against the sources, so that it
//! does not rot between its runs.

#![expect(clippy::unwrap_used, reason = "a helper that can't go on fails its test")]

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
};

use tests::mutations::Mutation;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What has to be among them, whatever else is.
const PROTECTIONS: [&str; 23] = [
    "pending-condition",
    "reply-in-a-purged-room",
    "usage-of-a-purged-account",
    "batch-rest-of-the-group",
    "give-up-bound",
    "quota-condition",
    "refund",
    "refund-condition",
    "idempotency-claim",
    "idempotency-fingerprint",
    "send-into-a-deleted-room",
    "read-another-users-room",
    "session-generation",
    "cache-after-deletion",
    "code-tries",
    "code-single-use",
    "code-purpose",
    "code-resend-gap",
    "family-revocation",
    "token-algorithm",
    "token-audience",
    "signature-tolerance",
    "event-seen",
];

#[test]
fn every_mutation_can_still_be_made() {
    let root = root();
    for mutation in Mutation::all(&root) {
        let (before, after) =
            mutation.applied(&root).unwrap_or_else(|why| panic!("{mutation:?}: {why}"));
        assert_ne!(before, after, "{mutation:?} changes nothing");
        assert!(!mutation.protects.is_empty(), "{mutation:?}");
        assert!(!mutation.expects.trim().is_empty(), "any panic would do: {mutation:?}");
    }
}

#[test]
fn the_test_of_every_mutation_is_still_there() {
    let root = root();
    for mutation in Mutation::all(&root) {
        let (package, _, test) = mutation.test_parts().unwrap_or_else(|why| panic!("{why}"));
        let function = test.rsplit("::").next().unwrap();
        let folder = [root.join(package), root.join("functions").join(package)];
        let folder = folder.iter().find(|folder| folder.is_dir()).expect(package);
        assert!(defines(folder, &format!("fn {function}(")), "{package} has no test {test}");
    }
}

#[test]
fn no_protection_is_forgotten_and_none_is_named_twice() {
    let mutations = Mutation::all(&root());
    let names: HashSet<_> = mutations.iter().map(|mutation| mutation.name.as_str()).collect();
    assert_eq!(names.len(), mutations.len(), "a name stands for two");
    let mut changes = HashMap::new();
    for mutation in &mutations {
        let change = (&mutation.file, &mutation.find, &mutation.replace);
        let other = changes.insert(change, &mutation.name);
        assert_eq!(other, None, "{} makes the same change", mutation.name);
    }
    for name in PROTECTIONS {
        assert!(names.contains(name), "{name} is missing");
    }
}

/// Whether a Rust file below `folder` has `text` in it.
fn defines(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() {
            return !path.ends_with("target") && defines(&path, text);
        }
        path.extension().is_some_and(|extension| extension == "rs")
            && fs::read_to_string(&path).unwrap().contains(text)
    })
}
