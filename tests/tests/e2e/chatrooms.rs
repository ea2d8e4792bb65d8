//! Chatrooms: opening, listing, changing and deleting them, and the cached list that is never stale.

use std::{collections::BTreeSet, time::Duration};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Parley, Request, Response, User, cache_is_expected, clear_of_midnight, link};
use tokio::{net::TcpListener, sync::watch, time::Instant};

fn ids(rooms: &[Value]) -> Vec<&str> {
    rooms.iter().map(|room| room["id"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chatroom_is_opened_shown_renamed_and_deleted() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let created = user.post("/chatroom").json(&json!({"name": "First"})).await.expect(201);
    let (id, path) = (created.string("id"), created.header("location"));
    assert_eq!(path, format!("/chatroom/{id}"));
    for time in ["created_at", "updated_at"] {
        let time = created.string(time);
        assert!(time.parse::<jiff::Timestamp>().is_ok(), "{created}");
        assert_eq!(time.len(), "2026-11-21T10:00:00.250Z".len(), "{created}");
    }
    assert_eq!(created.json()["last_message_at"], Value::Null, "{created}");

    let shown = user.get(&path).await.expect(200);
    for member in ["id", "name", "created_at", "updated_at"] {
        assert_eq!(shown.json()[member], created.json()[member], "{member}: {shown}");
    }
    assert_eq!(shown.json()["messages"], json!([]), "{shown}");

    let renamed = user.patch(&path).json(&json!({"name": "Second"})).await.expect(200);
    assert_eq!(renamed.json()["name"], "Second", "{renamed}");
    assert_eq!(user.get(&path).await.json()["name"], "Second");
    assert!(renamed.string("updated_at") >= created.string("updated_at"), "{renamed}");

    let deleted = user.delete(&path).await.expect(204);
    assert_eq!(deleted.text(), "");
    user.get(&path).await.is(404);
    user.delete(&path).await.is(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chatroom_without_a_name_is_a_new_chat() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let created = user.post("/chatroom").json(&json!({})).await.expect(201);
    assert_eq!(created.json()["name"], "New chat", "{created}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_has_1_to_100_characters() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let longest = "ü".repeat(100);
    let created = user.post("/chatroom").json(&json!({"name": longest})).await.expect(201);
    assert_eq!(created.json()["name"], longest, "{created}");
    let path = created.header("location");
    for bad in
        [json!(""), json!("   "), json!("x".repeat(101)), json!("a\u{0}b"), json!(5), json!({})]
    {
        let body = json!({"name": bad});
        let answer = user.post("/chatroom").json(&body).await;
        assert_eq!(answer.faulty_fields(), ["name"], "{body}: {answer}");
        let answer = user.patch(&path).json(&body).await;
        assert_eq!(answer.faulty_fields(), ["name"], "{body}: {answer}");
    }
    assert_eq!(user.rooms().await.len(), 1);
    assert_eq!(user.get(&path).await.json()["name"], longest);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instruction_has_up_to_4_000_characters_and_null_clears_it() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let room = user.create_room("Instructed").await;
    let path = format!("/chatroom/{room}");
    let longest = "ü".repeat(4_000);
    let instruction = async || user.get(&path).await.json()["system_instruction"].clone();

    user.patch(&path).json(&json!({"system_instruction": longest})).await.is(200);
    assert_eq!(instruction().await, longest);
    for bad in [json!("x".repeat(4_001)), json!("a\u{0}b"), json!(5)] {
        let answer = user.patch(&path).json(&json!({"system_instruction": bad})).await;
        assert_eq!(answer.faulty_fields(), ["system_instruction"], "{answer}");
    }
    assert_eq!(instruction().await, longest);
    // Changing one thing leaves the other.
    user.patch(&path).json(&json!({"name": "Renamed"})).await.is(200);
    assert_eq!(instruction().await, longest);
    user.patch(&path).json(&json!({"system_instruction": null})).await.is(200);
    assert_eq!(instruction().await, Value::Null);
    assert_eq!(user.get(&path).await.json()["name"], "Renamed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_has_the_latest_activity_first() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let mut rooms = Vec::new();
    for name in ["one", "two", "three"] {
        rooms.push(user.create_room(name).await);
    }
    let [one, two, three] = rooms.try_into().unwrap();
    assert_eq!(user.rooms().await, [&*three, &*two, &*one]);
    user.ask(&one, "A first question").await;
    assert_eq!(user.rooms().await, [&*one, &*three, &*two]);
    user.ask(&two, "A second question").await;
    assert_eq!(user.rooms().await, [&*two, &*one, &*three]);
    let listed = user.get("/chatroom").await.array();
    assert!(listed[0]["last_message_at"].is_string(), "{listed:?}");
    assert_eq!(listed[2]["last_message_at"], Value::Null, "{listed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_five_rooms_come_in_three_pages() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let mut rooms = Vec::new();
    for nth in 0..25 {
        rooms.push(user.create_room(&format!("Room {nth}")).await);
    }
    rooms.reverse();
    let pages = user.pages("/chatroom?limit=10", "next").await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);
    let listed = pages.concat();
    assert_eq!(ids(&listed), rooms);

    let all = user.get("/chatroom").await.expect(200);
    assert_eq!(ids(&all.array()), rooms);
    assert_eq!(link(&all, "next"), None, "{all}");
    let exactly = user.get("/chatroom?limit=25").await.expect(200);
    assert_eq!(exactly.array().len(), 25);
    assert_eq!(link(&exactly, "next"), None, "a page too many: {exactly}");
}

#[tokio::test(flavor = "multi_thread")]
async fn paging_goes_on_where_it_was_while_rooms_come_and_go() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let mut rooms = Vec::new();
    for nth in 0..6 {
        rooms.push(user.create_room(&format!("Room {nth}")).await);
    }
    rooms.reverse();
    let first = user.get("/chatroom?limit=3").await.expect(200);
    assert_eq!(ids(&first.array()), rooms[..3]);
    // The room that the cursor points at goes, and a new one comes.
    user.delete(&format!("/chatroom/{}", rooms[2])).await.is(204);
    user.create_room("New").await;
    let second = user.get(&link(&first, "next").unwrap()).await.expect(200);
    assert_eq!(ids(&second.array()), rooms[3..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn paging_parameters_are_checked() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    for limit in ["0", "101", "-1", "ten", "1.5", ""] {
        let answer = user.get(&format!("/chatroom?limit={limit}")).await;
        assert_eq!(answer.faulty_fields(), ["limit"], "{limit:?}: {answer}");
    }
    let answer = user.get("/chatroom?cursor=!!!").await;
    assert_eq!(answer.faulty_fields(), ["cursor"], "{answer}");
    for forged in ["nonsense", "AAAA", "MDAw", "fn5-fn5-fn5-", &"QUJD".repeat(500)] {
        // Where it looks like a place in the list, it may be taken for one.
        let answer = user.get(&format!("/chatroom?cursor={forged}")).await;
        assert!([200, 422].contains(&answer.status()), "{answer}");
    }
    let answer = user.get("/chatroom?limit=0&cursor=!!!").await;
    assert_eq!(answer.faulty_fields(), ["cursor", "limit"], "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_shows_nobody_elses_rooms() {
    let parley = Parley::start().await;
    let (owner, stranger) = (parley.user().await, parley.user().await);
    for name in ["one", "two", "three"] {
        owner.create_room(name).await;
    }
    let own = stranger.create_room("The stranger's").await;
    let first = owner.get("/chatroom?limit=1").await.expect(200);
    let answer = stranger.get(&link(&first, "next").unwrap()).await;
    match answer.status() {
        200 => assert!(ids(&answer.array()).iter().all(|id| *id == own), "{answer}"),
        status => assert_eq!(status, 422, "{answer}"),
    }
}

/// `X-Cache` of the list, where there has to be a cache.
fn cached(list: &Response) -> Option<bool> {
    let value = list.try_header("x-cache");
    if !cache_is_expected() {
        return None;
    }
    match value.as_deref() {
        Some("HIT") => Some(true),
        Some("MISS") => Some(false),
        _ => panic!("X-Cache is {value:?}: {list}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_cached_until_its_owner_writes_anything() {
    let Some(parley) = Parley::builder().without_quota().start().await else { return };
    if !cache_is_expected() {
        eprintln!("left out: there is no cache server on this machine");
        return;
    }
    let user = parley.user().await;
    let room = user.create_room("Cached").await;
    let list = async |what: &str, hit: bool| {
        let list = user.get("/chatroom").await.expect(200);
        assert_eq!(cached(&list), Some(hit), "{what}: {list}");
        list
    };
    let first = list("never asked for", false).await;
    assert_eq!(list("asked for again", true).await.json(), first.json());
    assert_eq!(list("and again", true).await.json(), first.json());

    let other = user.create_room("Other").await;
    assert_eq!(list("created", false).await.array().len(), 2);
    list("created, again", true).await;

    let path = format!("/chatroom/{room}");
    user.patch(&path).json(&json!({"name": "Renamed"})).await.is(200);
    let renamed = list("renamed", false).await;
    assert!(renamed.text().contains("Renamed"), "{renamed}");
    list("renamed, again", true).await;

    let question = user.ask(&room, "Is the list right?").await;
    let sent = list("a message", false).await;
    assert_eq!(ids(&sent.array()), [&room, &other]);
    user.wait_for_reply(&room, &question).await;
    // The reply is nobody's write, but what is listed is still what is so.
    let listed = user.get("/chatroom").await.expect(200);
    let shown = user.get(&path).await.expect(200);
    for member in ["id", "name", "updated_at", "last_message_at"] {
        assert_eq!(listed.json()[0][member], shown.json()[member], "{member}: {listed}{shown}");
    }
    list("after its reply", true).await;

    user.delete(&format!("/chatroom/{other}")).await.is(204);
    assert_eq!(ids(&list("deleted", false).await.array()), [&room]);
    list("deleted, again", true).await;

    // Somebody else's writes don't matter.
    parley.user().await.create_room("Elsewhere").await;
    list("somebody else's write", true).await;
}

/// One write of each kind, each followed by a look at the list.
async fn writes_show_at_once(user: &User, nth: usize) {
    let room = user.create_room(&format!("Room {nth}")).await;
    assert!(user.rooms().await.contains(&room), "created, and not shown");
    let name = format!("Renamed {nth}");
    user.patch(&format!("/chatroom/{room}")).json(&json!({"name": name})).await.is(200);
    let list = user.get("/chatroom").await.expect(200).array();
    let names: Vec<_> =
        list.iter().filter(|shown| shown["id"] == room).map(|shown| &shown["name"]).collect();
    assert_eq!(names, [&name], "renamed, and shown with the old name");
    user.ask(&room, "To the top of the list").await;
    assert_eq!(user.rooms().await[0], room, "sent to, and not the first");
    if nth.is_multiple_of(2) {
        user.delete(&format!("/chatroom/{room}")).await.is(204);
        assert!(!user.rooms().await.contains(&room), "deleted, and still shown");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_never_stale_to_its_owner() {
    let Some(parley) = Parley::builder().without_quota().start().await else { return };
    let user = parley.user().await;
    for nth in 0..30 {
        writes_show_at_once(&user, nth).await;
    }
}

/// A reader that fetched the list before a write and caches it after must not bring it back.
#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_not_stale_either_while_others_of_the_owners_devices_read_it() {
    let Some(parley) = Parley::builder().without_quota().start().await else { return };
    let user = parley.user().await;
    let (done, reading) = watch::channel(());
    let readers = (0..4).map(|_| {
        let (user, reading) = (user.clone(), reading.clone());
        tokio::spawn(async move {
            while reading.has_changed().is_ok() {
                user.get("/chatroom").await.is(200);
            }
        })
    });
    let readers: Vec<_> = readers.collect();
    for nth in 0..30 {
        writes_show_at_once(&user, nth).await;
    }
    drop(done);
    for reader in join_all(readers).await {
        reader.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_opened_in_parallel_are_all_there() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let opened = join_all((0..20).map(|_| user.create_room("One of many"))).await;
    let opened: BTreeSet<_> = opened.into_iter().collect();
    assert_eq!(opened.len(), 20);
    assert_eq!(user.rooms().await.into_iter().collect::<BTreeSet<_>>(), opened);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chatroom_is_shown_with_its_latest_page_of_messages() {
    let Some(parley) = Parley::builder().without_quota().start().await else { return };
    let user = parley.user().await;
    let room = user.create_room("Talkative").await;
    for nth in 0..3 {
        user.ask_and_wait(&room, &format!("Question number {nth}")).await;
    }
    let shown = user.get(&format!("/chatroom/{room}")).await.expect(200);
    assert_eq!(shown.json()["messages"], json!(user.messages(&room).await), "{shown}");
    assert_eq!(shown.json()["messages"].as_array().unwrap().len(), 6, "{shown}");
}

/// A cache that is configured but gone must break nothing, and slow nothing down for long.
async fn works_without_the_cache_at(port: u16) {
    clear_of_midnight().await;
    let url = format!("redis://127.0.0.1:{port}");
    // Without a cache the rate is not enforced; the quota is.
    let builder = Parley::builder().env("VALKEY_URL", &url).env("BASIC_REQUESTS_PER_MINUTE", "1");
    let Some(parley) = builder.start().await else { return };
    let user = parley.user().await;
    let timed = async |what: &str, request: Request| {
        let started = Instant::now();
        let answer = request.await;
        let took = started.elapsed();
        assert!(took < Duration::from_secs(3), "{what} took {took:?}");
        answer
    };
    let body = json!({"name": "No cache"});
    let created = timed("creating", user.post("/chatroom").json(&body)).await.expect(201);
    let room = created.string("id");
    for _ in 0..5 {
        let list = timed("listing", user.get("/chatroom")).await.expect(200);
        assert_eq!(ids(&list.array()), [&room]);
        let sent = timed("sending", user.sending(&room, "Does it work?")).await.expect(202);
        user.wait_for_reply(&room, &sent.string("id")).await;
    }
    user.send(&room, "One too many").await.is(429);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_that_refuses_connections_is_done_without() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    works_without_the_cache_at(port).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_that_accepts_connections_and_then_says_nothing_is_done_without() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    works_without_the_cache_at(listener.local_addr().unwrap().port()).await;
}
