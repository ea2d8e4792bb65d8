//! An answer, and what is read from it.

use axum::{
    body::Bytes,
    http::{HeaderMap, StatusCode, header},
};
use serde_json::Value;

/// An answer that has arrived as a whole.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Asserts the status.
    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// Asserts that this is the problem `code`.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str) -> Value {
        self.is(status);
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        problem
    }

    /// The value of a header that is there.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// The id of what it shows.
    #[track_caller]
    pub(crate) fn id(&self) -> String {
        self.json()["id"].as_str().unwrap().to_owned()
    }

    /// The ids of the list that it shows.
    #[track_caller]
    pub(crate) fn ids(&self) -> Vec<String> {
        let id = |item: &Value| item["id"].as_str().unwrap().to_owned();
        self.json().as_array().unwrap().iter().map(id).collect()
    }

    /// The target of the `Link` with this relation.
    pub(crate) fn link(&self, relation: &str) -> Option<String> {
        let links = self.headers.get(header::LINK)?.to_str().unwrap();
        links.split(", ").find_map(|link| {
            let (target, rel) = link.split_once("; ").unwrap();
            let target = target.strip_prefix('<').unwrap().strip_suffix('>').unwrap();
            (rel == format!("rel=\"{relation}\"")).then(|| target.to_owned())
        })
    }

    /// What `RateLimit` says of the day: units left, and seconds until it ends.
    pub(crate) fn daily(&self) -> Option<(u32, u64)> {
        let limits = self.headers.get("ratelimit")?.to_str().unwrap();
        let daily = limits.split(", ").find_map(|item| item.strip_prefix("\"daily\";r="))?;
        let (remaining, resets_in) = daily.split_once(";t=").unwrap();
        Some((remaining.parse().unwrap(), resets_in.parse().unwrap()))
    }
}
