//! Links.

use std::{collections::BTreeSet, fs};

use crate::{documents, support::root};

#[test]
fn every_link_leads_somewhere() {
    for (document, text) in documents() {
        let folder = root().join(&document).parent().unwrap().to_owned();
        for target in targets(&text) {
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if path.is_empty() { root().join(&document) } else { folder.join(path) };
            assert!(file.exists(), "{document} leads to {target}");
            if !anchor.is_empty() {
                let headings = headings(&fs::read_to_string(&file).unwrap());
                assert!(headings.contains(anchor), "{document} leads to {target}: {headings:?}");
            }
        }
    }
}

/// Relative targets of the links in `text`.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    let outside = text.split("```").step_by(2);
    let targets = outside.flat_map(|text| text.split("](").skip(1));
    let targets = targets.filter_map(|rest| rest.split([')', ' ']).next());
    targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
}

/// The anchors that headings have at GitHub: lower case, dashes for spaces, no punctuation.
fn headings(text: &str) -> BTreeSet<String> {
    let outside = text.split("```").step_by(2).flat_map(str::lines);
    let headings = outside.filter_map(|line| line.strip_prefix('#'));
    let anchor = |heading: &str| {
        let heading = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        heading.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
    };
    headings.map(anchor).collect()
}
