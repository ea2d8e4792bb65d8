//! Paging by key, never by offset: `limit`, opaque cursors, and `Link` headers (RFC 8288).

use std::str::FromStr;

use axum::http::HeaderValue;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{input::Errors, problem::Result};

/// The default and the largest page.
const DEFAULT: u16 = 50;
const LARGEST: u16 = 100;

/// The query of a paged list, each parameter checked, all wrong ones told at once.
#[derive(Debug)]
pub struct PageQuery<'a> {
    parameters: Vec<(&'a str, &'a str)>,
    errors: Errors,
}

/// An opaque place in a list: base64url of a key. Says nothing to a client and is checked when it
/// comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub String);

impl Cursor {
    /// As a client sees it.
    #[must_use]
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.0)
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> std::result::Result<Self, ()> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(drop)?;
        let key = String::from_utf8(bytes).map_err(drop)?;
        if key.is_empty() || key.len() > 64 || !key.is_ascii() { Err(()) } else { Ok(Self(key)) }
    }
}

impl<'a> PageQuery<'a> {
    /// Of a request's query string.
    #[must_use]
    pub fn new(query: Option<&'a str>) -> Self {
        let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let parameters = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
        Self { parameters, errors: Errors::default() }
    }

    /// `limit`: 1 to 100, 50 if it isn't given.
    pub fn limit(&mut self) -> u16 {
        self.number("limit", DEFAULT, LARGEST)
    }

    /// A whole number from 1 to `largest`.
    pub fn number(&mut self, name: &str, default: u16, largest: u16) -> u16 {
        let Some(text) = self.get(name) else { return default };
        match text.parse() {
            Ok(number) if (1..=largest).contains(&number) => number,
            _ => {
                self.errors.add(name, format!("must be a whole number from 1 to {largest}"));
                default
            }
        }
    }

    /// A place in the list: an id or a cursor that an earlier page gave.
    pub fn place<T: FromStr>(&mut self, name: &str) -> Option<T> {
        let text = self.get(name)?;
        text.parse().ok().or_else(|| {
            self.errors.add(name, "is not a place in this list");
            None
        })
    }

    /// Notes that a parameter is wrong.
    pub fn wrong(&mut self, name: &str, message: &str) {
        self.errors.add(name, message);
    }

    /// Whether all was good.
    pub fn finish(self) -> Result<()> {
        self.errors.finish(Some(()))
    }

    /// The parameters that Parley knows never need percent-encoding: ids, numbers, base64url.
    fn get(&self, name: &str) -> Option<&'a str> {
        self.parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }
}

/// A `Link` header to the next page.
#[must_use]
pub fn link_next(target: &str) -> Option<HeaderValue> {
    links(&[("next", Some(target.to_owned()))])
}

/// A `Link` header of those targets that there are. Targets are relative references.
#[must_use]
pub fn links(targets: &[(&str, Option<String>)]) -> Option<HeaderValue> {
    let links: Vec<_> = targets
        .iter()
        .filter_map(|(relation, target)| {
            Some(format!("<{}>; rel=\"{relation}\"", target.as_ref()?))
        })
        .collect();
    if links.is_empty() { None } else { links.join(", ").parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_outside_their_range_are_refused() {
        for (query, good) in [
            ("limit=1", true),
            ("limit=100", true),
            ("", true),
            ("limit=0", false),
            ("limit=101", false),
            ("limit=ten", false),
            ("limit=-1", false),
            ("limit=", false),
        ] {
            let mut page = PageQuery::new(Some(query));
            page.limit();
            assert_eq!(page.finish().is_ok(), good, "{query}");
        }
    }

    #[test]
    fn a_cursor_survives_its_way_to_the_client_and_back() {
        let cursor = Cursor("0001763700000#01KAHB".to_owned());
        assert_eq!(cursor.encode().parse(), Ok(cursor));
        assert_eq!("%%%".parse::<Cursor>(), Err(()));
        assert_eq!("".parse::<Cursor>(), Err(()));
    }

    #[test]
    fn links_name_their_relation() {
        let header = links(&[("prev", Some("/a?before=1".into())), ("next", None)]).unwrap();
        assert_eq!(header, "</a?before=1>; rel=\"prev\"");
        assert!(links(&[("next", None)]).is_none());
    }
}
