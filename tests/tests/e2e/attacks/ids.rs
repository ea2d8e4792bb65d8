//! Guessing at ids, and writing them in ways that a check might miss and a lookup might not.

use serde_json::json;
use tests::{Parley, User};

use super::{goes_on, raw};
use crate::tokens::Jws;

const SECRET: &str = "A private matter";

/// Other spellings of an id: Crockford's alphabet has no case, and 26 of its characters hold two bits
/// more than an id has.
fn spellings(id: &str) -> Vec<String> {
    let rest = &id[1..];
    let first = id.chars().next().unwrap().to_digit(8).unwrap();
    let overflown = ["89ABCDEF", "GHJKMNPQ", "RSTVWXYZ"].map(|row| row.as_bytes()[first as usize]);
    let mut all = vec![
        id.to_lowercase(),
        format!("{}{}", &id[..25], id[25..].to_lowercase()),
        // FULLWIDTH and ARABIC-INDIC digits.
        format!("%EF%BC%9{first}{rest}"),
        format!("%D9%A{first}{rest}"),
        format!("-{id}"),
        format!("0{id}"),
        format!("{id}."),
        format!("{id},{id}"),
    ];
    all.extend(overflown.map(|first| format!("{}{rest}", char::from(first))));
    all.retain(|spelling| spelling != id);
    all
}

/// An id with more around it, for whoever cuts it off, or decodes it twice.
fn dressed(id: &str) -> Vec<String> {
    let (first, rest) = id.split_at(1);
    vec![
        format!("{id}%00"),
        format!("{id}%20"),
        format!("%20{id}"),
        format!("{id}%0A"),
        format!("{id};x"),
        format!("{id}%2F"),
        format!("{id}%23"),
        format!("{id}%3F"),
        format!("%253{first}{rest}"),
    ]
}

/// Paths that lead to `target` for whoever resolves dots, slashes and percent signs in another order.
fn ways_to(own: &str, target: &str) -> Vec<String> {
    vec![
        format!("/chatroom/{own}/../{target}"),
        format!("/chatroom/{own}/%2e%2e/{target}"),
        format!("/chatroom/{own}%2f..%2f{target}"),
        format!("/chatroom/{own}/..%2f{target}"),
        format!("/chatroom/{own}/%252e%252e/{target}"),
        format!("/chatroom/{own}/..;/{target}"),
        format!("/chatroom/{own}/..%5c{target}"),
        format!("/chatroom/./{target}/x"),
        format!("//chatroom/{target}"),
        format!("/chatroom//{target}"),
        format!("/chatroom/{target}/"),
        format!("/chatroom\\{target}"),
        format!("/CHATROOM/{target}"),
        format!("/chatroom/{target}%00"),
        format!("/chatroom/{target}%2fmessages"),
        format!("/chatroom/{own}/messages/../../{target}/messages"),
    ]
}

async fn owner_with_a_secret(parley: &Parley) -> (User, String, String) {
    let owner = parley.user().await;
    let room = owner.create_room(SECRET).await;
    let message = owner.ask(&room, SECRET).await;
    owner.wait_for_reply(&room, &message).await;
    (owner, room, message)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_has_one_spelling() {
    let parley = Parley::start().await;
    let (owner, room, message) = owner_with_a_secret(&parley).await;
    for room in spellings(&room) {
        owner.get(&format!("/chatroom/{room}")).await.is(404);
        owner.send(&room, "Hello?").await.is(404);
    }
    for message in spellings(&message) {
        owner.get(&format!("/chatroom/{room}/messages/{message}")).await.is(404);
    }
    for place in [message.to_lowercase(), format!("8{}", &message[1..])] {
        let path = format!("/chatroom/{room}/messages?after={place}");
        assert_eq!(owner.get(&path).await.faulty_fields(), ["after"]);
    }
    assert_eq!(owner.daily_message_count().await, 1);
    // Percent-encoding is another matter: it is undone before anybody looks (RFC 3986, section 6.2.2.2).
    owner.get(&format!("/chatroom/%{:02X}{}", room.as_bytes()[0], &room[1..])).await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_spelling_and_no_detour_leads_to_somebody_elses_room() {
    let parley = Parley::start().await;
    let (owner, room, _) = owner_with_a_secret(&parley).await;
    let stranger = parley.user().await;
    let own = stranger.create_room("The stranger's").await;
    let spelled =
        spellings(&room).into_iter().chain(dressed(&room)).map(|room| format!("/chatroom/{room}"));
    for path in spelled.chain(ways_to(&own, &room)) {
        let Some(answer) = raw::get(&parley, &stranger.token, &path).await else { return };
        answer.refused();
        assert!(!answer.body.contains(SECRET), "{path}: {answer:?}");
    }
    assert_eq!(owner.rooms().await, [room]);
    goes_on(&parley).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_of_one_thing_is_no_id_of_another() {
    let parley = Parley::start().await;
    let (owner, room, message) = owner_with_a_secret(&parley).await;
    let claims = Jws::read(&owner.token).claims;
    let (user, session) = (claims["sub"].as_str().unwrap(), claims["sid"].as_str().unwrap());
    for id in [user, session, &message] {
        owner.get(&format!("/chatroom/{id}")).await.is(404);
        owner.get(&format!("/chatroom/{id}/messages")).await.is(404);
        owner.send(id, "Hello?").await.is(404);
        owner.patch(&format!("/chatroom/{id}")).json(&json!({"name": "Mine"})).await.is(404);
        owner.delete(&format!("/chatroom/{id}")).await.is(404);
    }
    for id in [user, session, &room] {
        owner.get(&format!("/chatroom/{room}/messages/{id}")).await.is(404);
    }
    // Nor does anything take the ids of the neighbours.
    for last in ["0", "1", "Y", "Z"] {
        let neighbour = format!("{}{last}", &room[..25]);
        if neighbour != room {
            owner.get(&format!("/chatroom/{neighbour}")).await.is(404);
        }
    }
    assert_eq!(owner.rooms().await, [room]);
}

/// A cursor is a key of the list that it is given back to: it holds nothing but a place.
#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_was_made_up_leads_nowhere_else() {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
    let parley = Parley::start().await;
    let (_owner, room, _) = owner_with_a_secret(&parley).await;
    let stranger = parley.user().await;
    stranger.create_room("The stranger's").await;
    let keys = [
        format!("9999999999999#{room}"),
        room.clone(),
        "user_id".to_owned(),
        "#".to_owned(),
        "\u{0}".to_owned(),
        "~".repeat(64),
        "{\"S\":\"x\"}".to_owned(),
        "\r\nSet-Cookie: x=1".to_owned(),
    ];
    for cursor in keys.map(|key| BASE64.encode(key)) {
        let page = stranger.get(&format!("/chatroom?cursor={cursor}")).await;
        assert!([200, 422].contains(&page.status()), "{page}");
        assert!(!page.text().contains(SECRET), "{page}");
    }
    for cursor in
        ["", "=", "%00", "A", "%2e%2e", &BASE64.encode("é"), &BASE64.encode("x".repeat(65))]
    {
        let page = stranger.get(&format!("/chatroom?cursor={cursor}")).await;
        assert_eq!(page.faulty_fields(), ["cursor"], "{cursor}");
    }
}
