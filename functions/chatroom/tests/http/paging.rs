//! Lists, page by page: along the links, everything is met once, in order.

use jiff::SignedDuration;
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use serde_json::json;
use shared::domain::{Caller, ChatroomId};

use crate::host::Host;

/// The ids of all pages from `path` on, along the links `relation`. `None` if they don't end.
async fn walk(
    host: &Host,
    caller: &Caller,
    path: String,
    relation: &str,
) -> Option<Vec<Vec<String>>> {
    let mut pages = Vec::new();
    let mut next = Some(path);
    while let Some(path) = next {
        if pages.len() > 100 {
            return None;
        }
        let page = host.get(caller, &path).await;
        page.is(200);
        pages.push(page.ids());
        next = page.link(relation);
    }
    Some(pages)
}

#[tokio::test]
async fn a_page_of_rooms_links_to_the_next_and_the_last_to_none() {
    let host = Host::start().await;
    let ada = host.user().await;
    let mut rooms = Vec::new();
    for _ in 0..5 {
        rooms.push(host.room(&ada).await.to_string());
        host.after(SignedDuration::from_millis(1));
    }
    rooms.reverse();
    let pages = walk(&host, &ada, "/chatroom?limit=2".to_owned(), "next").await.unwrap();
    assert_eq!(pages, rooms.chunks(2).map(<[_]>::to_vec).collect::<Vec<_>>());

    let exact = host.get(&ada, "/chatroom?limit=5").await;
    assert_eq!(exact.ids(), rooms);
    assert_eq!(exact.link("next"), None);
    assert_eq!(host.get(&ada, "/chatroom").await.ids(), rooms);
    // Activity puts a room in front.
    host.send(&ada, rooms[4].parse().unwrap(), "Hello").await.is(202);
    assert_eq!(host.get(&ada, "/chatroom?limit=1").await.ids(), rooms[4..]);
}

#[tokio::test]
async fn messages_come_from_the_newest_page_back_and_forward_again() {
    let host = Host::start().await;
    let ada = host.pro().await;
    let room = host.room(&ada).await;
    let mut sent = Vec::new();
    for nth in 0..5 {
        sent.push(host.send(&ada, room, &nth.to_string()).await.id());
    }
    let list = format!("/chatroom/{room}/messages");
    let whole = host.get(&ada, &list).await;
    assert_eq!(whole.ids(), sent);
    assert_eq!((whole.link("prev"), whole.link("next")), (None, None));

    let newest = host.get(&ada, &format!("{list}?limit=2")).await;
    assert_eq!(newest.ids(), sent[3..]);
    assert_eq!(newest.link("next"), None);
    let prev = newest.link("prev").unwrap();
    assert_eq!(prev, format!("{list}?limit=2&before={}", sent[3]));
    let middle = host.get(&ada, &prev).await;
    assert_eq!(middle.ids(), sent[1..3]);
    assert_eq!(host.get(&ada, &middle.link("next").unwrap()).await.ids(), sent[3..]);
    let oldest = host.get(&ada, &middle.link("prev").unwrap()).await;
    assert_eq!(oldest.ids(), sent[..1]);
    assert_eq!(oldest.link("prev"), None);

    // Polling: what came after the last that is known.
    let poll = format!("{list}?after={}", sent[4]);
    let nothing = host.get(&ada, &poll).await;
    assert!(nothing.ids().is_empty());
    assert!(!nothing.headers.contains_key("link"));
    sent.push(host.send(&ada, room, "5").await.id());
    assert_eq!(host.get(&ada, &poll).await.ids(), sent[5..]);
}

#[tokio::test]
async fn wrong_parameters_are_told_all_at_once() {
    let host = Host::start().await;
    let ada = host.user().await;
    let list = format!("/chatroom/{}/messages", host.room(&ada).await);
    for (path, fields) in [
        ("/chatroom?limit=0&cursor=%25".to_owned(), vec!["limit", "cursor"]),
        (format!("{list}?limit=101&before=x&after=y"), vec!["limit", "before", "after"]),
    ] {
        let problem = host.get(&ada, &path).await.is_problem(422, "validation_failed");
        let errors = problem["errors"].as_array().unwrap().iter();
        assert_eq!(errors.map(|error| &error["field"]).collect::<Vec<_>>(), fields);
    }
    let id = ada.user_id;
    let both = host.get(&ada, &format!("{list}?before={id}&after={id}")).await;
    both.is_problem(422, "validation_failed");
}

/// What happens to a room of the list, by its place in it, and how many milliseconds later.
#[derive(Debug, Clone)]
enum Event {
    Opened,
    Renamed(usize),
    Spoken(usize),
}

fn events() -> impl Strategy<Value = Vec<(Event, i64)>> {
    let event = prop_oneof![
        3 => Just(Event::Opened),
        1 => any::<usize>().prop_map(Event::Renamed),
        1 => any::<usize>().prop_map(Event::Spoken),
    ];
    vec((event, 0..3_i64), 0..20)
}

/// Lets the events happen, and returns the rooms by their last activity, the latest first.
async fn live(host: &Host, ada: &Caller, events: Vec<(Event, i64)>) -> Vec<String> {
    let mut rooms: Vec<(i64, ChatroomId)> = Vec::new();
    for (event, later) in events {
        host.after(SignedDuration::from_millis(later));
        let now = host.now().as_millisecond();
        let place = match event {
            Event::Opened => None,
            Event::Renamed(at) | Event::Spoken(at) => at.checked_rem(rooms.len()),
        };
        match (event, place) {
            (Event::Renamed(_), Some(at)) => {
                let path = format!("/chatroom/{}", rooms[at].1);
                host.patch(ada, &path, &json!({ "name": "Renamed" })).await.is(200);
                rooms[at].0 = now;
            }
            (Event::Spoken(_), Some(at)) => {
                host.send(ada, rooms[at].1, "Hello").await.is(202);
                rooms[at].0 = now;
            }
            _ => rooms.push((now, host.room(ada).await)),
        }
    }
    rooms.sort_unstable();
    rooms.into_iter().rev().map(|(_, id)| id.to_string()).collect()
}

/// Full pages, but for the last; an empty list is one empty page.
fn in_pages(ids: &[String], limit: u16) -> Vec<Vec<String>> {
    let pages: Vec<_> = ids.chunks(limit.into()).map(<[_]>::to_vec).collect();
    if pages.is_empty() { vec![Vec::new()] } else { pages }
}

/// Runs `law` for random inputs on one host.
fn check<S: Strategy>(
    strategy: &S,
    law: impl AsyncFn(&Host, S::Value) -> Result<(), TestCaseError>,
) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let host = runtime.block_on(Host::start());
    let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
    let outcome =
        TestRunner::new(config).run(strategy, |input| runtime.block_on(law(&host, input)));
    outcome.map_err(|failure| failure.to_string()).unwrap();
}

#[test]
fn along_the_links_every_room_is_met_once_by_its_last_activity() {
    check(&(events(), 1..6_u16), async |host, (events, limit)| {
        let ada = host.pro().await;
        let expected = live(host, &ada, events).await;
        let pages = walk(host, &ada, format!("/chatroom?limit={limit}"), "next").await;
        let pages = pages.ok_or_else(|| TestCaseError::fail("the links don't end"))?;
        prop_assert_eq!(pages, in_pages(&expected, limit));
        Ok(())
    });
}

#[test]
fn along_the_links_every_message_is_met_once_back_and_forward() {
    check(&(vec(0..3_i64, 1..15), 1..6_u16), async |host, (times, limit)| {
        let ada = host.pro().await;
        let room = host.room(&ada).await;
        let mut sent = Vec::new();
        for later in times {
            host.after(SignedDuration::from_millis(later));
            sent.push(host.send(&ada, room, "Hello").await.id());
        }
        let list = format!("/chatroom/{room}/messages?limit={limit}");
        let pages = walk(host, &ada, list.clone(), "prev").await;
        let mut pages = pages.ok_or_else(|| TestCaseError::fail("the links don't end"))?;
        pages.reverse();
        prop_assert_eq!(pages.len(), sent.len().div_ceil(limit.into()));
        prop_assert_eq!(&pages.concat(), &sent);
        let pages = walk(host, &ada, format!("{list}&after={}", sent[0]), "next").await;
        let pages = pages.ok_or_else(|| TestCaseError::fail("the links don't end"))?;
        prop_assert_eq!(pages, in_pages(&sent[1..], limit));
        Ok(())
    });
}
