//! Holds `docs/access-patterns.md` and the functions' policies against what the store really asks
//! DynamoDB for. `UPDATE=1 cargo test -p local --test access_patterns` writes the document anew.

#![expect(clippy::unwrap_used, reason = "a helper that can't go on fails its test")]

#[path = "../support/mod.rs"]
mod support;

mod access;
mod calibration;
mod document;
mod pages;
mod patterns;
mod policies;
mod proxy;
mod source;
mod world;

use std::collections::BTreeSet;

use pages::Page;
use patterns::Group;
use support::Template;
use tokio::sync::OnceCell;

/// Every row, measured once for all tests.
async fn groups() -> &'static [Group] {
    static GROUPS: OnceCell<Vec<Group>> = OnceCell::const_new();
    GROUPS.get_or_init(patterns::measure).await
}

/// Pages of short and of long rooms and lists, measured once for all tests.
async fn pages() -> &'static [Page] {
    static PAGES: OnceCell<Vec<Page>> = OnceCell::const_new();
    PAGES.get_or_init(pages::measure).await
}

#[tokio::test]
async fn the_document_shows_what_is_measured() {
    document::hold(&[
        ("patterns", document::patterns(groups().await)),
        ("pages", document::pages(pages().await)),
        ("policies", document::policies(&policies::needed(groups().await))),
    ]);
}

#[tokio::test]
async fn every_method_of_the_store_is_measured() {
    let rows = groups().await.iter().flat_map(|group| &group.rows);
    let measured: BTreeSet<_> = rows.map(|row| row.method.to_owned()).collect();
    let methods = source::methods_of_the_store();
    let missing: Vec<_> = methods.difference(&measured).collect();
    assert!(
        missing.is_empty(),
        "not measured: {missing:?}. Add a row in local/tests/access_patterns/patterns, then \
         UPDATE=1 cargo test -p local --test access_patterns"
    );
    let unknown: Vec<_> = measured.difference(&methods).collect();
    assert!(unknown.is_empty(), "measured, but not found in shared/src/store: {unknown:?}");
}

#[tokio::test]
async fn a_page_costs_the_same_however_much_lies_around_it() {
    for page in pages().await {
        let costs: Vec<_> = page
            .calls
            .iter()
            .map(|calls| calls.iter().map(proxy::Call::units).collect::<Vec<_>>())
            .collect();
        assert!(
            costs.iter().all(|cost| *cost == costs[0]),
            "{}, of {:?}: {costs:?}",
            page.pattern,
            pages::LENGTHS
        );
    }
}

#[tokio::test]
async fn every_function_may_do_what_its_methods_take_and_nothing_else() {
    let needed = policies::needed(groups().await);
    let granted = policies::granted(&Template::read());
    let functions: BTreeSet<_> = needed.keys().chain(granted.keys()).collect();
    for function in functions {
        assert_eq!(
            granted.get(function),
            needed.get(function),
            "the actions on tables and indexes that template.yaml allows to {function} (left) are \
             not those that the store's methods it calls take (right)"
        );
    }
}
