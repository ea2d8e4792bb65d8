//! The operator's commands.

use std::collections::BTreeSet;

use tokio::process::Command;

use crate::{documents, support::Template};

/// What the documents' variables stand for.
const VARIABLES: [(&str, &str); 4] = [
    ("\"$STACK\"", "parley-test"),
    ("\"$EVENT\"", "evt_1"),
    ("\"$NUMBER\"", "+14155550123"),
    ("FOLDER", "keys"),
];

/// How `parley` ends if it is used wrongly.
const WRONG_USE: i32 = 2;

#[tokio::test]
async fn every_command_of_parley_is_one_that_it_knows() {
    // An empty folder: nothing runs there, so a command that is right finds nobody to be done to.
    let folder = tempfile::tempdir().unwrap();
    let mut count = 0;
    for (document, text) in documents() {
        for command in commands(&text) {
            let run = Command::new(env!("CARGO_BIN_EXE_parley"))
                .args(command.split_whitespace())
                .env_clear()
                .env("PARLEY_DATA", folder.path().join("data"))
                .current_dir(folder.path())
                .output()
                .await
                .unwrap();
            let said = String::from_utf8_lossy(&run.stderr);
            assert_ne!(run.status.code(), Some(WRONG_USE), "{document}: parley {command}\n{said}");
            count += 1;
        }
    }
    assert!(count > 20, "only {count} commands were found");
}

#[test]
fn a_command_is_found_in_whatever_block_it_stands() {
    let text = "```sh\nparley keys --put --stack \"$STACK\"   # now\n```\n```\n$ parley status\nok\n```\n\
                ```sh\ncargo run --quiet --bin parley -- replay \"$EVENT\" && echo done\n```\n";
    let expected = ["keys --put --stack parley-test", "status", "replay evt_1"];
    assert_eq!(commands(text), expected);
}

#[test]
fn what_a_command_names_of_a_stack_is_in_the_template() {
    let template = Template::read().0;
    let known = |part: &str| -> BTreeSet<String> {
        template[part].as_object().unwrap().keys().cloned().collect()
    };
    let (parameters, outputs, resources) =
        (known("Parameters"), known("Outputs"), known("Resources"));
    let mut count = 0;
    for (document, text) in documents() {
        let named = [
            (named_in(&text, "PARAMETERS='", "'"), &parameters),
            (named_in(&text, "$(output ", ")"), &outputs),
            (named_in(&text, "\nrestart ", "\n"), &resources),
            (named_in(&text, "   restart ", "\n"), &resources),
        ];
        for (names, known) in named {
            count += names.len();
            let unknown: Vec<_> = names.into_iter().filter(|name| !known.contains(name)).collect();
            assert!(unknown.is_empty(), "{document} names {unknown:?}");
        }
    }
    assert!(count > 20, "only {count} names were found");
}

/// The names between `begin` and `end`, several with a value each or one without, in `text`.
fn named_in(text: &str, begin: &str, end: &str) -> Vec<String> {
    let lists = text.split(begin).skip(1).filter_map(|rest| rest.split(end).next());
    let words = lists.flat_map(str::split_whitespace);
    let names = words.filter_map(|word| word.split('=').next());
    names.filter(|name| name.chars().all(char::is_alphanumeric)).map(str::to_owned).collect()
}

/// The arguments of all commands of `parley` in the blocks of `text`.
fn commands(text: &str) -> Vec<String> {
    let blocks = text.split("```").skip(1).step_by(2);
    blocks.flat_map(str::lines).filter_map(arguments).collect()
}

fn arguments(line: &str) -> Option<String> {
    let line = line.trim();
    let line = line.strip_prefix("$ ").unwrap_or(line);
    let calls = ["parley ", "cargo run --quiet --bin parley -- "];
    let rest = calls.iter().find_map(|call| line.strip_prefix(call))?;
    let ends = ["#", "&&", "|", ";", ">"].iter().filter_map(|end| rest.find(end)).min();
    let command = rest[..ends.unwrap_or(rest.len())].trim();
    let filled =
        VARIABLES.iter().fold(command.to_owned(), |text, (name, value)| text.replace(name, value));
    Some(filled)
}
