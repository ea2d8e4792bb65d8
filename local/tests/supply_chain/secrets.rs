//! No secret is among the files of the repository: neither a key of a vendor's nor one of ours.

use std::{fs, path::Path, process::Command};

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

/// Folders whose content is vendored (and held by its hashes), made of keys of the tests (the seeds of the
/// fuzz targets hold tokens), or a deployment's (docs/deployment.md).
const LEFT_OUT: [&str; 3] = ["functions/docs/assets/swagger-ui", "fuzz/seeds", "keys"];
/// What Git leaves out by itself. Only for where the files came without it.
const NOT_IN_GIT: [&str; 9] = [
    ".aws-sam",
    ".git",
    ".local",
    ".tools",
    "fuzz/artifacts",
    "fuzz/corpus",
    "fuzz/coverage",
    "fuzz/target",
    "target",
];

#[test]
fn no_secret_is_in_the_repository() {
    let patterns = patterns();
    let (mut read, mut found) = (0, Vec::new());
    for name in files() {
        let content = fs::read(root().join(&name)).unwrap();
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

/// All files that are the repository's, or would be with the next commit: their paths from the root.
fn files() -> Vec<String> {
    let files = listed().unwrap_or_else(|| walked(&root()));
    let is_left_out = |file: &String| LEFT_OUT.iter().any(|folder| is_in(file, folder));
    files.into_iter().filter(|file| !is_left_out(file)).collect()
}

/// As Git knows them; `None` where this is no checkout, or there is no Git.
fn listed() -> Option<Vec<String>> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .ok()
        .filter(|listed| listed.status.success())?;
    let names = String::from_utf8(listed.stdout).unwrap();
    let names = names.split_terminator('\0').map(str::to_owned);
    // What was deleted and not yet committed is among them.
    Some(names.filter(|name| is_file(&root().join(name))).collect())
}

/// As they lie in `folder`.
fn walked(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            match path {
                _ if NOT_IN_GIT.contains(&name.as_str()) => Vec::new(),
                path if is_file(&path) => vec![name],
                path if path.is_dir() && !path.is_symlink() => walked(&path),
                _ => Vec::new(),
            }
        })
        .collect()
}

fn is_file(path: &Path) -> bool {
    path.is_file() && !path.is_symlink()
}

fn is_in(file: &str, folder: &str) -> bool {
    file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}
