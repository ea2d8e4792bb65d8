//! No secret is among the files of the repository: neither a key of a vendor's nor one of ours.

use std::{
    fs,
    path::{Path, PathBuf},
};

use regex::bytes::RegexSet;

use crate::support::root;

/// What a secret looks like, and whose it is. Keys that tests make up are shorter, or hold words between
/// underscores.
const PATTERNS: [(&str, &str); 9] = [
    ("a private key", r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    ("a key of AWS's", r"(?-u:\b)(AKIA|ASIA)[0-9A-Z]{16}(?-u:\b)"),
    ("a key of Google's", r"(?-u:\b)AIza[0-9A-Za-z_-]{35}"),
    ("a key of Stripe's", r"(?-u:\b)[sr]k_(live|test)_[0-9A-Za-z]{20,}"),
    ("a signing secret of Stripe's", r"(?-u:\b)whsec_[0-9A-Za-z+/]{24,}"),
    ("a token", r"(?-u:\b)eyJ[0-9A-Za-z_-]{16,}\.eyJ[0-9A-Za-z_-]{16,}\.[0-9A-Za-z_-]{16,}"),
    ("a token of GitHub's", r"(?-u:\b)(gh[pousr]_[0-9A-Za-z]{30,}|github_pat_[0-9A-Za-z_]{30,})"),
    (
        "a token of a package registry's",
        r"(?-u:\b)(npm_[0-9A-Za-z]{30,}|pypi-[0-9A-Za-z_-]{50,}|cio[0-9A-Za-z]{32})(?-u:\b)",
    ),
    ("a token of Slack's", r"(?-u:\b)xox[abeoprs]-[0-9A-Za-z-]{20,}"),
];

/// Files that hold what looks like a secret and is none, and why.
const NONE: [(&str, &str, &str); 3] = [
    ("functions/auth/src/tokens.rs", "a private key", "a key of its tests, in no deployment"),
    ("functions/auth/tests/http/app.rs", "a private key", "the same"),
    (
        "tests/src/never_log.rs",
        "a private key",
        "the first line of a key, which logs are searched for",
    ),
];

/// Folders whose content is built, installed, vendored (and held by its hashes), or made of keys of the
/// tests: the seeds of the fuzz targets hold tokens.
const LEFT_OUT: [&str; 6] = [".aws-sam", ".git", ".tools", "seeds", "swagger-ui", "target"];
/// Where secrets do lie, outside of the repository's files: a `local`'s, and those of docs/deployment.md.
const OF_A_DEPLOYMENT: [&str; 2] = [".local", "keys"];

#[test]
fn no_secret_is_in_the_repository() {
    let patterns = patterns();
    let (mut read, mut found) = (0, Vec::new());
    for path in files(&root()) {
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        let content = fs::read(&path).unwrap();
        read += 1;
        for which in patterns.matches(&content) {
            found.push((name.clone(), PATTERNS[which].0));
        }
    }
    assert!(read > 500, "only {read} files were read");
    let is_none = |(file, what): &&(String, &str)| {
        NONE.iter().any(|(known, of, _)| known == file && of == what)
    };
    let (none, secrets): (Vec<_>, Vec<_>) = found.iter().partition(is_none);
    assert!(secrets.is_empty(), "take these out, and out of use: {secrets:?}");
    assert_eq!(none.len(), NONE.len(), "an exception is none any more: {none:?}");
}

#[test]
fn a_secret_is_known_by_its_looks() {
    // Put together here, so that the file holds none.
    let long = "0123456789abcdefABCDEF0123456789abcdef";
    let secrets = [
        ["-----BEGIN EC PRIVATE KEY", "-----"].concat(),
        ["key: AKIA", "IOSFODNN7EXAMPLE"].concat(),
        ["AIza", &long[..35]].concat(),
        ["sk_live_", long].concat(),
        ["\"whsec_", long].concat(),
        ["eyJ", long, ".eyJ", long, ".", long].concat(),
        ["ghp_", long].concat(),
        ["npm_", long].concat(),
        ["xoxb-", long].concat(),
    ];
    let patterns = patterns();
    for (which, secret) in secrets.iter().enumerate() {
        let found: Vec<_> = patterns.matches(secret.as_bytes()).iter().collect();
        assert_eq!(found, [which], "{}", PATTERNS[which].0);
    }
    for harmless in ["whsec_of_a_test_of_the_operator", "sk_test_the_key_of_the_end_to_end_tests"] {
        assert!(!patterns.is_match(harmless.as_bytes()), "{harmless}");
    }
}

fn patterns() -> RegexSet {
    RegexSet::new(PATTERNS.map(|(_, pattern)| pattern)).unwrap()
}

/// All files in `folder`, but for what is built, installed or kept beside them.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| !is_left_out(path) && !path.is_symlink())
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}

fn is_left_out(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    let at_root = path.parent() == Some(&root());
    LEFT_OUT.contains(&name) || (at_root && OF_A_DEPLOYMENT.contains(&name))
}
