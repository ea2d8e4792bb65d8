//! `docs/access-patterns.md`: its prose is written by hand, what stands between markers is not.

use std::{collections::BTreeMap, env, fs};

use crate::{
    access::Access,
    pages::{LENGTHS, Page},
    patterns::{Group, Row},
    policies::Policies,
    proxy::Call,
    support::root,
};

const DOCUMENT: &str = "docs/access-patterns.md";

/// Compares what stands between the markers of `section` with `measured`, or, with `UPDATE` in the
/// environment, puts it there.
pub(crate) fn hold(sections: &[(&str, String)]) {
    let path = root().join(DOCUMENT);
    let committed = fs::read_to_string(&path).unwrap();
    let mut document = committed.clone();
    for (section, measured) in sections {
        let (begin, end) =
            (format!("<!-- {section}: begin -->"), format!("<!-- {section}: end -->"));
        let (before, rest) = document.split_once(&begin).unwrap();
        let (_, after) = rest.split_once(&end).unwrap();
        document = format!("{before}{begin}\n\n{measured}\n{end}{after}");
    }
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, &document).unwrap();
        return;
    }
    let differing = document.lines().zip(committed.lines()).find(|(is, was)| is != was);
    let (measured, written) = differing.unwrap_or_default();
    assert!(
        document == committed,
        "{DOCUMENT} is out of date; the first difference:\n  written:  {written}\n  measured: \
         {measured}\nIf that is as it should be: UPDATE=1 cargo test -p local --test access_patterns"
    );
}

/// A table of rows for each group.
pub(crate) fn patterns(groups: &[Group]) -> String {
    let tables = groups.iter().map(|group| {
        let rows: String = group.rows.iter().map(pattern).collect();
        format!(
            "### {}\n\n| Access pattern | `Store` | Operation | Round trips | Read units | Write \
             units | IAM action, table or index, key | Used by |\n|{}\n{rows}",
            group.title,
            "---|".repeat(8)
        )
    });
    tables.collect::<Vec<_>>().join("\n")
}

fn pattern(row: &Row) -> String {
    let used_by = row.used_by().join(", ");
    let used_by = if used_by.is_empty() { "–" } else { &used_by };
    format!(
        "| {} | `{}` | {} | {} | {} | {} | {} | {used_by} |\n",
        row.pattern,
        row.method,
        operations(&row.calls),
        row.calls.len(),
        units(row.calls.iter().filter(|call| call.is_read())),
        units(row.calls.iter().filter(|call| !call.is_read())),
        accesses(&row.calls),
    )
}

/// `GetItem`, or 2 × `GetItem`, or one after the other.
fn operations(calls: &[Call]) -> String {
    let is_same = |one: &Call, next: &Call| {
        one.operation == next.operation && one.is_refused() == next.is_refused()
    };
    let runs = calls.chunk_by(is_same).map(|run| {
        let times = if run.len() > 1 { format!("{} × ", run.len()) } else { String::new() };
        let refused = if run[0].is_refused() { " (refused)" } else { "" };
        format!("{times}`{}`{refused}", run[0].operation)
    });
    runs.collect::<Vec<_>>().join(", ")
}

/// The sum, and what it is made of if that is more than one table.
fn units<'a>(calls: impl Iterator<Item = &'a Call>) -> String {
    let mut units: BTreeMap<String, f64> = BTreeMap::new();
    for (resource, consumed) in calls.flat_map(Call::units) {
        *units.entry(resource).or_default() += consumed;
    }
    let sum: f64 = units.values().sum();
    match units.len() {
        0 => "–".to_owned(),
        1 => sum.to_string(),
        _ => {
            let parts = units.iter().map(|(resource, units)| format!("{resource} {units}"));
            format!("{sum} ({})", parts.collect::<Vec<_>>().join(", "))
        }
    }
}

fn accesses(calls: &[Call]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for Access { action, resource, key } in calls.iter().flat_map(Call::accesses) {
        let line = format!("`{action}` `{resource}`: `{key}`");
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines.join("<br>")
}

/// One row for each kind of page, one column for each length of what it is a page of.
pub(crate) fn pages(pages: &[Page]) -> String {
    let columns = LENGTHS.map(|length| format!(" of {length} |")).concat();
    let rows = pages.iter().map(|page| {
        let cost = |calls: &Vec<Call>| {
            let trips = calls.len();
            format!(" {} read units, {trips} round trip |", units(calls.iter()))
        };
        let costs: String = page.calls.iter().map(cost).collect();
        format!("| {} | `{}` |{costs}\n", page.pattern, page.method)
    });
    let line = "---|".repeat(2 + LENGTHS.len());
    format!("| Page | `Store` |{columns}\n|{line}\n{}", rows.collect::<String>())
}

/// One row for each table or index of each function.
pub(crate) fn policies(policies: &Policies) -> String {
    let rows = policies.iter().flat_map(|(function, policy)| {
        policy.iter().map(move |(resource, actions)| {
            let actions: Vec<_> = actions.iter().map(|action| format!("`{action}`")).collect();
            format!("| {function} | `{resource}` | {} |\n", actions.join(", "))
        })
    });
    format!(
        "| Function | Table or index | IAM actions |\n|---|---|---|\n{}",
        rows.collect::<String>()
    )
}
