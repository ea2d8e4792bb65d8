//! Breaks each protection of `tests/mutations.toml` in a copy of the sources, and has the test run that
//! has to notice. `scripts/mutations.sh` makes the copy and calls this: `mutations COPY [NAME…]`.

#![expect(clippy::print_stdout, reason = "its report")]
#![expect(
    clippy::unwrap_used,
    reason = "a tool of development: what goes wrong is told by panicking"
)]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Output},
    time::Instant,
};

use tests::mutations::Mutation;

/// What a test came to.
#[derive(Debug, PartialEq, Eq)]
enum Ran {
    Passed,
    /// An assertion did not hold: this one.
    Failed(String),
    /// It was not built, or there is none of that name: what cargo said last.
    Not(String),
}

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let copy = PathBuf::from(arguments.next().unwrap_or_default());
    let wanted: Vec<_> = arguments.collect();
    let mut mutations = Mutation::all(&copy);
    mutations.retain(|mutation| wanted.is_empty() || wanted.contains(&mutation.name));
    // Before any change: a test that fails anyway notices nothing.
    for mutation in &mutations {
        match run(&copy, mutation) {
            Ok(Ran::Passed) => {}
            Ok(Ran::Failed(why) | Ran::Not(why)) | Err(why) => {
                println!("as it stands, {} does not pass: {why}", mutation.test);
                return ExitCode::FAILURE;
            }
        }
    }
    let mut unnoticed = 0;
    for mutation in &mutations {
        let began = Instant::now();
        let verdict = judge(&copy, mutation);
        unnoticed += usize::from(verdict.is_err());
        let (sign, told) = match &verdict {
            Ok(assertion) => ("noticed", assertion),
            Err(why) => ("NOT NOTICED", why),
        };
        let seconds = began.elapsed().as_secs();
        println!("{sign:11} {seconds:4} s  {}: {}", mutation.name, mutation.protects);
        println!("                    {}", mutation.test);
        println!("                    {told}");
    }
    println!("{} mutations, {unnoticed} not noticed", mutations.len());
    if unnoticed == 0 && !mutations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The assertion that noticed it; or why it can't be said that one has.
fn judge(copy: &Path, mutation: &Mutation) -> Result<String, String> {
    let (before, after) = mutation.applied(copy)?;
    let file = copy.join(&mutation.file);
    fs::write(&file, after).unwrap();
    let ran = run(copy, mutation);
    fs::write(&file, before).unwrap();
    match ran? {
        Ran::Failed(assertion) => Ok(assertion),
        Ran::Passed => Err("the test passed".to_owned()),
        Ran::Not(why) => Err(why),
    }
}

fn run(copy: &Path, mutation: &Mutation) -> Result<Ran, String> {
    let (package, target, name) = mutation.test_parts()?;
    let mut cargo = Command::new("cargo");
    cargo.current_dir(copy).args(["test", "--locked", "--quiet", "-p", package]);
    cargo.args(target).args(["--", "--exact", name]);
    // The place and the words of the panic are enough, and are the same everywhere.
    Ok(outcome(&cargo.env("RUST_BACKTRACE", "0").output().unwrap()))
}

fn outcome(output: &Output) -> Ran {
    let text = String::from_utf8_lossy(&output.stdout);
    if text.contains("test result: ok. 1 passed") {
        Ran::Passed
    } else if text.contains("test result: FAILED. 0 passed; 1 failed") {
        Ran::Failed(assertion(&text))
    } else if text.contains("test result: ok. 0 passed") {
        Ran::Not("there is no such test".to_owned())
    } else {
        let errors = String::from_utf8_lossy(&output.stderr);
        let first = errors.lines().find(|line| line.starts_with("error"));
        Ran::Not(first.unwrap_or("cargo said nothing").to_owned())
    }
}

/// The lines of a panic that say what did not hold.
fn assertion(output: &str) -> String {
    let lines = output.lines().skip_while(|line| !line.contains("panicked at ")).skip(1);
    let lines =
        lines.map(str::trim).take_while(|line| !line.is_empty() && !line.starts_with("note:"));
    let said: Vec<_> = lines.take(3).collect();
    said.join(" | ").chars().take(160).collect()
}
