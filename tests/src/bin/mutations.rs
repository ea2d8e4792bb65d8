//! Breaks each protection of `tests/mutations.toml` in a copy of the sources, and has the test run that
//! has to notice, by what it says. `scripts/mutations.sh` makes the copy and calls this:
//! `mutations COPY [NAME…]`.

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

const NOTICED: &str = "noticed";

/// What a test came to.
#[derive(Debug, PartialEq, Eq)]
enum Ran {
    Passed,
    /// It panicked: the whole message.
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
                println!("as it stands, {} does not pass: {}", mutation.test, in_short(&why));
                return ExitCode::FAILURE;
            }
        }
    }
    let mut unnoticed = 0;
    for mutation in &mutations {
        let began = Instant::now();
        let (sign, told) = judge(&copy, mutation);
        unnoticed += usize::from(sign != NOTICED);
        let seconds = began.elapsed().as_secs();
        println!("{sign:23} {seconds:4} s  {}: {}", mutation.name, mutation.protects);
        println!("{:32}{}", "", mutation.test);
        println!("{:32}{}", "", in_short(&told));
    }
    println!("{} mutations, {unnoticed} not noticed", mutations.len());
    if unnoticed == 0 && !mutations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The verdict, and what the test said; or why it can't be said that it has noticed anything.
fn judge(copy: &Path, mutation: &Mutation) -> (&'static str, String) {
    match broken(copy, mutation) {
        Ok(Ran::Failed(message)) if message.contains(&mutation.expects) => (NOTICED, message),
        Ok(Ran::Failed(message)) => ("NOT NOTICED (otherwise)", message),
        Ok(Ran::Passed) => ("NOT NOTICED", "the test passed".to_owned()),
        Ok(Ran::Not(why)) | Err(why) => ("NOT NOTICED", why),
    }
}

/// What the test comes to with the mutation made.
fn broken(copy: &Path, mutation: &Mutation) -> Result<Ran, String> {
    let (before, after) = mutation.applied(copy)?;
    let file = copy.join(&mutation.file);
    fs::write(&file, after).unwrap();
    let ran = run(copy, mutation);
    fs::write(&file, before).unwrap();
    ran
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
        Ran::Failed(message(&text))
    } else if text.contains("test result: ok. 0 passed") {
        Ran::Not("there is no such test".to_owned())
    } else {
        let errors = String::from_utf8_lossy(&output.stderr);
        let first = errors.lines().find(|line| line.starts_with("error"));
        Ran::Not(first.unwrap_or("cargo said nothing").to_owned())
    }
}

/// What the test's first panic said.
fn message(output: &str) -> String {
    let lines = output.lines().skip_while(|line| !line.contains("panicked at ")).skip(1);
    let lines =
        lines.take_while(|line| !line.starts_with("note: run with ") && *line != "failures:");
    lines.collect::<Vec<_>>().join("\n")
}

/// On one line that can be read.
fn in_short(message: &str) -> String {
    const LONGEST: usize = 200;
    let message = message.lines().map(str::trim).collect::<Vec<_>>().join(" | ");
    if message.chars().count() <= LONGEST {
        return message;
    }
    // An assertion's values stand at the end.
    let half = LONGEST / 2;
    let start: String = message.chars().take(half).collect();
    let end: String = message.chars().skip(message.chars().count() - half).collect();
    format!("{start} … {end}")
}
