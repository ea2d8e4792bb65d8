//! The query of a list: limits within their range, cursors that survive their way, `Link` headers.
#![no_main]

use fuzz::bounded;
use libfuzzer_sys::fuzz_target;
use shared::{
    domain::MessageId,
    http::{Cursor, PageQuery, link_next},
};

fuzz_target!(|input: &[u8]| bounded(input, |input| {
    let Ok(query) = std::str::from_utf8(input) else { return };
    read(query);
    let cursor = Cursor(query.to_owned());
    let taken = !query.is_empty() && query.len() <= 64 && query.is_ascii();
    assert_eq!(cursor.encode().parse(), if taken { Ok(cursor) } else { Err(()) });
    // Whatever its target, a header is one line.
    if let Some(link) = link_next(query) {
        assert!(link.as_bytes().iter().all(|byte| !b"\r\n\0".contains(byte)));
    }
}));

fn read(query: &str) {
    let mut page = PageQuery::new(Some(query));
    let (limit, days) = (page.limit(), page.number("days", 30, 90));
    let cursor: Option<Cursor> = page.place("cursor");
    let before: Option<MessageId> = page.place("before");
    if page.finish().is_err() {
        return;
    }
    assert!((1..=100).contains(&limit) && (1..=90).contains(&days));
    let given = |name| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    assert_eq!(cursor.map(|cursor| cursor.encode()).as_deref(), given("cursor"));
    let id = before.map(|before| before.to_string());
    assert_eq!(id, given("before").map(str::to_uppercase));
}
