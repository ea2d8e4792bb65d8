//! The runbook has an entry for every alarm, and quotes lines of the log as they are.

use std::{collections::BTreeSet, fs};

use crate::{
    quoted,
    support::{Template, root},
};

fn runbook() -> String {
    fs::read_to_string(root().join("docs/runbook.md")).unwrap()
}

/// What stands behind `label` in the entries.
fn said(label: &str) -> Vec<String> {
    let runbook = runbook();
    let lines = runbook.lines().filter_map(|line| line.strip_prefix(&format!("| {label} | ")));
    lines.flat_map(|line| quoted(line).into_iter().map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn every_alarm_has_its_entry_and_no_other_is_named() {
    let template = Template::read();
    let alarms = template.resources("AWS::CloudWatch::Alarm").into_iter().map(|(_, alarm)| {
        let name = alarm["AlarmName"]["Fn::Sub"].as_str().unwrap();
        name.strip_prefix("${AWS::StackName} ").unwrap().to_owned()
    });
    let alarms: BTreeSet<_> = alarms.collect();
    assert!(alarms.len() >= 9, "{alarms:?}");
    assert_eq!(said("Alarm").into_iter().collect::<BTreeSet<_>>(), alarms);
}

#[test]
fn every_line_of_the_log_is_explained_where_all_are() {
    let logging = fs::read_to_string(root().join("docs/logging.md")).unwrap();
    let lines = said("Log");
    assert!(lines.len() >= 15, "{lines:?}");
    for line in lines {
        let explained = logging.lines().any(|row| row.starts_with(&format!("| `{line}` |")));
        assert!(explained, "docs/logging.md does not explain `{line}`");
    }
}

#[test]
fn every_entry_says_what_is_seen_what_is_done_and_when_it_is_over() {
    let runbook = runbook();
    let (_, entries) = runbook.split_once("\n## Entries\n").unwrap();
    let (entries, _) = entries.split_once("\n## What was tried\n").unwrap();
    let entries: Vec<_> = entries.split("\n### ").skip(1).collect();
    assert!(entries.len() >= 15, "{}", entries.len());
    for entry in entries {
        let title = entry.lines().next().unwrap();
        for row in ["| Users | ", "| Look | ", "| Over | "] {
            assert!(entry.contains(row), "{title}: no row {row:?}");
        }
    }
}
