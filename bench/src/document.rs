//! `docs/benchmarks.md`: words by people, figures between markers by this program.

use std::{fs, path::PathBuf};

use crate::machine;

/// One part of the document.
#[derive(Debug)]
pub struct Section {
    /// As in its markers, `<!-- name: begin -->` and `<!-- name: end -->`, and on the command line.
    pub name: &'static str,
    /// Its tables.
    pub markdown: String,
}

impl Section {
    /// What is written between the markers: when and where it was measured, and the tables.
    #[must_use]
    pub fn text(&self) -> String {
        let command = format!("`make bench ONLY={}`", self.name);
        format!("{command}, {}\n\n{}", machine::describe(), self.markdown.trim())
    }

    /// Puts it into the document.
    ///
    /// # Panics
    /// The document is not there, or has no such markers.
    pub fn write(&self) {
        let path = path();
        let document = fs::read_to_string(&path).unwrap();
        let [begin, end] = ["begin", "end"].map(|mark| format!("<!-- {}: {mark} -->", self.name));
        let (before, rest) = document.split_once(&begin).unwrap_or_else(|| panic!("no {begin}"));
        let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("no {end}"));
        let text = format!("{before}{begin}\n{}\n{end}{after}", self.text());
        fs::write(path, text).unwrap();
    }
}

/// A table in Markdown.
#[derive(Debug)]
pub struct Table {
    text: String,
}

impl Table {
    /// One with these columns. Those whose title ends with `:` are aligned to the right, without it.
    #[must_use]
    pub fn new(columns: &[&str]) -> Self {
        let titles: Vec<_> = columns.iter().map(|title| title.trim_end_matches(':')).collect();
        let is_number = |title: &&str| title.ends_with(':');
        let rules: Vec<_> =
            columns.iter().map(|t| if is_number(t) { "---:" } else { "---" }).collect();
        Self { text: format!("| {} |\n|{}|\n", titles.join(" | "), rules.join("|")) }
    }

    /// One more row.
    pub fn row(&mut self, cells: &[String]) {
        self.text.extend(["| ", &cells.join(" | "), " |\n"]);
    }

    /// As Markdown.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/benchmarks.md")
}
