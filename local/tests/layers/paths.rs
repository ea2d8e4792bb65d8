//! The paths in Rust source (`a::b::c`), imports first of all: enough of a parser for that, and no
//! more.

use std::{fmt, fs};

/// A path as written in a file, `super` and `self` resolved.
#[derive(Debug)]
pub(crate) struct Import {
    /// The module of the crate that the file belongs to, directly under its root.
    pub(crate) module: String,
    file: String,
    /// `crate`, or the name of another crate, or anything else that was in scope; and the rest.
    pub(crate) path: Vec<String>,
}

impl fmt::Display for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.file, self.path.join("::"))
    }
}

/// The paths in all files below `folder`, which is the `src` of a crate.
pub(crate) fn imports(folder: &std::path::Path) -> Vec<Import> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let relative = path.strip_prefix(folder).unwrap().display().to_string();
                found.extend(of_file(&relative, &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

/// The paths in the file `store/keys.rs`, say.
fn of_file(file: &str, source: &str) -> Vec<Import> {
    let names = file.trim_end_matches(".rs").trim_end_matches("/mod").split('/');
    let here: Vec<String> = names.map(str::to_owned).collect();
    let tokens = tokens(source);
    let mut written = Vec::new();
    let mut rest = tokens.as_slice();
    while !rest.is_empty() {
        let is_use = rest[0] == "use";
        rest = &rest[usize::from(is_use)..];
        let taken = path(&[], rest, is_use, &mut written);
        rest = &rest[taken.max(1).min(rest.len())..];
    }
    written
        .into_iter()
        .map(|path| Import {
            module: here[0].clone(),
            file: format!("src/{file}"),
            path: resolve(&here, &path),
        })
        .collect()
}

/// Reads a path that begins at `tokens`, after `prefix`, with all branches of its group; tells how
/// many tokens it has. A single name is only a path where one is expected.
fn path(prefix: &[String], tokens: &[String], expected: bool, out: &mut Vec<Vec<String>>) -> usize {
    let mut path = prefix.to_vec();
    let mut at = 0;
    while let Some(name) = tokens.get(at).filter(|token| is_name(token)) {
        path.push(name.clone());
        at += 1;
        if tokens.get(at).is_none_or(|token| token != "::") {
            break;
        }
        at += 1;
        if tokens.get(at).is_some_and(|token| token == "{") {
            return at + group(&path, &tokens[at..], out);
        }
    }
    if path.len() > prefix.len() && (path.len() > 1 || expected) {
        out.push(path);
    }
    at
}

/// Reads `{a, b::c, d::{e, f}}`.
fn group(prefix: &[String], tokens: &[String], out: &mut Vec<Vec<String>>) -> usize {
    let mut at = 1;
    while tokens.get(at).is_some_and(|token| token != "}") {
        at += path(prefix, &tokens[at..], true, out).max(1);
    }
    at + 1
}

fn resolve(here: &[String], path: &[String]) -> Vec<String> {
    let ups = path.iter().take_while(|name| *name == "super").count();
    let (skip, keep) = match path[0].as_str() {
        "super" => (ups, here.len().saturating_sub(ups)),
        "self" => (1, here.len()),
        _ => return path.to_vec(),
    };
    let root = ["crate".to_owned()];
    [&root, &here[..keep], &path[skip..]].concat()
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Names, `::` and single other characters, without comments, strings and white space.
fn tokens(source: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            _ if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            _ if rest.starts_with("r#\"") => rest.find("\"#").map_or(rest.len(), |end| end + 2),
            '"' => string(rest),
            '\'' => character(rest),
            c if c.is_alphanumeric() || c == '_' => {
                rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
            }
            _ if rest.starts_with("::") => 2,
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        let is_text = ["\"", "'", "//", "/*", "r#\""].iter().any(|start| token.starts_with(start));
        if !is_text && !first.is_whitespace() {
            tokens.push(token.to_owned());
        }
        rest = after;
    }
    tokens
}

/// The length of the string literal that `rest` begins with.
fn string(rest: &str) -> usize {
    let mut escaped = false;
    let end = rest.char_indices().skip(1).find(|(_, c)| {
        let is_end = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        is_end
    });
    end.map_or(rest.len(), |(at, _)| at + 1)
}

/// The length of the character literal that `rest` begins with, or 1 for a lifetime's quote.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => rest[2..].find('\'').map_or(1, |end| end + 3),
        Some(_) => chars.next().filter(|(_, c)| *c == '\'').map_or(1, |(at, _)| at + 1),
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str, source: &str) -> Vec<String> {
        of_file(file, source).into_iter().map(|path| path.path.join("::")).collect()
    }

    #[test]
    fn every_branch_of_a_group_is_a_path() {
        let source = "pub use crate::{aws::Aws, domain::{self, text::Content}}; use axum;";
        let expected =
            ["crate::aws::Aws", "crate::domain::self", "crate::domain::text::Content", "axum"];
        assert_eq!(read("cache.rs", source), expected);
    }

    #[test]
    fn paths_in_code_count_as_well() {
        let source = "fn f(x: redis::Client) -> Vec<u8> { axum::body::to_bytes::<B>(x)?.len() }";
        assert_eq!(read("cache.rs", source), ["redis::Client", "axum::body::to_bytes"]);
    }

    #[test]
    fn super_and_self_are_resolved() {
        assert_eq!(read("store/keys.rs", "use super::attempts::A;"), ["crate::store::attempts::A"]);
        assert_eq!(read("store/keys.rs", "use super::super::http::B;"), ["crate::http::B"]);
        assert_eq!(read("store/mod.rs", "use super::http::C;"), ["crate::http::C"]);
        assert_eq!(read("store/mod.rs", "use self::keys::D;"), ["crate::store::keys::D"]);
    }

    #[test]
    fn comments_and_literals_hold_no_paths() {
        let source = r##"// axum::a
            /* redis::b */ const C: &str = "a \" redis::c"; const Q: char = '"'; const E: char = '\'';
            const R: &str = r#"{"http::e"}"#;
            fn f<'a>(x: &'a str) -> &'a str { jiff::d(x) }"##;
        assert_eq!(read("domain/text.rs", source), ["jiff::d"]);
    }
}
