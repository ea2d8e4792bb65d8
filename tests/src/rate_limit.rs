//! `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers): lists of named items
//! with whole numbers as parameters, as in `"daily";q=5;w=86400`.

use std::collections::BTreeMap;

use crate::Response;

/// The parameters of each item of such a header, by the item's name.
#[track_caller]
#[must_use]
pub fn items(response: &Response, header: &str) -> BTreeMap<String, BTreeMap<String, i64>> {
    let value = response.header(header);
    let item = |item: &str| {
        let mut pieces = item.trim().split(';');
        let name = pieces.next()?.strip_prefix('"')?.strip_suffix('"')?.to_owned();
        let parameters = pieces.map(|piece| {
            let (key, number) = piece.trim().split_once('=')?;
            Some((key.to_owned(), number.parse().ok()?))
        });
        Some((name, parameters.collect::<Option<_>>()?))
    };
    let items: Option<_> = value.split(',').map(item).collect();
    items.unwrap_or_else(|| panic!("{header} can't be read: {response}"))
}

/// What the daily quota's `RateLimit` item says: units that remain, and seconds until it starts again.
#[track_caller]
#[must_use]
pub fn daily(response: &Response) -> (i64, i64) {
    const DAY: i64 = 86_400;
    let policies = items(response, "ratelimit-policy");
    let (name, _) = policies
        .iter()
        .find(|(_, policy)| policy.get("w") == Some(&DAY))
        .unwrap_or_else(|| panic!("no policy of a day: {response}"));
    let limits = items(response, "ratelimit");
    let limit = limits.get(name).unwrap_or_else(|| panic!("no limit {name:?}: {response}"));
    let number = |key| *limit.get(key).unwrap_or_else(|| panic!("no {key:?}: {response}"));
    (number("r"), number("t"))
}
