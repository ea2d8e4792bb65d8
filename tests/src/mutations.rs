//! The mutations of `tests/mutations.toml`: Parley's protections, and how each is broken on purpose.

use std::{fs, path::Path};

use serde::Deserialize;

/// One protection, broken.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mutation {
    /// What it is called.
    pub name: String,
    /// What holds as long as it is not made.
    pub protects: String,
    /// Where it is made, from the root of the repository.
    pub file: String,
    /// The text that it replaces, which stands once in `file`.
    pub find: String,
    /// What it puts there.
    pub replace: String,
    /// What follows `cargo test` to run the one test that has to fail.
    pub test: String,
    /// What the test has to say when it fails: a part of its panic's message. It may fail for another
    /// reason, too (DynamoDB can't read an expression, a machine is slow), and then has noticed nothing.
    pub expects: String,
}

#[derive(Deserialize)]
struct List {
    mutation: Vec<Mutation>,
}

impl Mutation {
    /// All of them, as `root`, a checkout of the repository, lists them.
    #[must_use]
    pub fn all(root: &Path) -> Vec<Self> {
        let text = fs::read_to_string(root.join("tests/mutations.toml")).unwrap();
        toml::from_str::<List>(&text).unwrap().mutation
    }

    /// Its file's text, before and after.
    ///
    /// # Errors
    /// What it replaces does not stand there once: says how often.
    pub fn applied(&self, root: &Path) -> Result<(String, String), String> {
        let before = fs::read_to_string(root.join(&self.file))
            .map_err(|error| format!("{}: {error}", self.file))?;
        match before.matches(&self.find).count() {
            1 => {
                let after = before.replacen(&self.find, &self.replace, 1);
                Ok((before, after))
            }
            times => Err(format!("its text stands {times} times in {}", self.file)),
        }
    }

    /// What follows `cargo test`, taken apart: the package, the target, and the test's whole name.
    ///
    /// # Errors
    /// It is not of the form `-p PACKAGE --lib NAME` or `-p PACKAGE --test TARGET NAME`.
    pub fn test_parts(&self) -> Result<(&str, Vec<&str>, &str), String> {
        let words: Vec<_> = self.test.split(' ').collect();
        match words.as_slice() {
            ["-p", package, "--lib", name] => Ok((package, vec!["--lib"], name)),
            ["-p", package, "--test", target, name] => Ok((package, vec!["--test", target], name)),
            _ => Err(format!("`{}` names no test", self.test)),
        }
    }
}
