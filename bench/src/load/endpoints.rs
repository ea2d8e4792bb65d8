//! The five endpoints under load: 32 connections, each a user's of its own.

use std::time::Duration;

use tests::User;

use super::{
    client::{self, Connection},
    drive::{Driven, drive},
    server::Server,
};
use crate::figures::count;

/// Connections, and users.
pub(crate) const CONNECTIONS: usize = 32;
/// Rooms of each account.
const ROOMS: usize = 10;
/// Rooms of each account that sends: they are answered side by side, a room's messages one by one.
const ROOMS_TO_SEND_TO: usize = 100;
/// Questions in the room that is read; there are as many replies.
const QUESTIONS: usize = 10;
/// The longest page: a room is not sent more than is shown on it.
const PAGE: usize = 100;

/// What a person asks: 60 characters.
pub(crate) const QUESTION: &str = "Why is the sky blue, and why is it red when the sun has set?";

/// How one endpoint did.
pub(crate) struct Measured {
    pub(crate) endpoint: Endpoint,
    pub(crate) driven: Driven,
    /// `local`'s processor time for each request, with all that was done for it in the background.
    pub(crate) cpu: Duration,
}

/// The endpoints, in the order in which they are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Me,
    Rooms,
    Messages,
    OpenRoom,
    Send,
}

/// Measures all of them.
pub(crate) async fn measure(server: &Server) -> Vec<Measured> {
    let readers = server.users(CONNECTIONS).await;
    let senders = server.users(CONNECTIONS).await;
    let rooms = open_rooms(server, &readers, ROOMS).await;
    let rooms_to_send_to = open_rooms(server, &senders, ROOMS_TO_SEND_TO).await;
    fill(server, &readers, &rooms).await;

    let one_each = |path: &dyn Fn(usize) -> String| {
        let request = |(index, user): (usize, &User)| {
            vec![client::request("GET", &path(index), &user.token, "")]
        };
        readers.iter().enumerate().map(request).collect::<Vec<_>>()
    };
    let me = one_each(&|_| "/user/me".to_owned());
    let list = one_each(&|_| "/chatroom".to_owned());
    let messages = one_each(&|reader| format!("/chatroom/{}/messages", rooms[reader][0]));
    let open: Vec<_> = readers.iter().map(|user| vec![opening(user)]).collect();
    vec![
        measured(Endpoint::Me, drive(server, me, 200).await),
        measured(Endpoint::Rooms, drive(server, list, 200).await),
        measured(Endpoint::Messages, drive(server, messages, 200).await),
        measured(Endpoint::OpenRoom, drive(server, open, 201).await),
        send(server, &senders, &rooms_to_send_to).await,
    ]
}

fn measured(endpoint: Endpoint, driven: Driven) -> Measured {
    let cpu = driven.per_request(driven.cpu.local);
    Measured { endpoint, driven, cpu }
}

/// Sends, waits until all is answered, and looks for every message and its reply.
async fn send(server: &Server, users: &[User], rooms: &[Vec<String>]) -> Measured {
    let to_all = |(user, rooms): (&User, &Vec<String>)| -> Vec<_> {
        rooms.iter().map(|room| sending(user, room)).collect()
    };
    let lists = users.iter().zip(rooms).map(to_all).collect();
    let before = server.processes().cpu();
    let driven = drive(server, lists, 202).await;
    server.drained().await;
    let whole = server.processes().cpu().since(before).local;
    let cpu = whole.div_f64(count(driven.answers));
    let replied = replied(server, users, rooms).await;
    assert_eq!(replied, driven.answers, "each accepted message has one reply");
    Measured { endpoint: Endpoint::Send, driven, cpu }
}

/// The number of messages in these rooms, each of which has to have its reply.
async fn replied(server: &Server, users: &[User], rooms: &[Vec<String>]) -> usize {
    let mut connection = Connection::open(&server.address()).await;
    let mut replied = 0;
    for (user, rooms) in users.iter().zip(rooms) {
        for room in rooms {
            let path = format!("/chatroom/{room}/messages?limit={PAGE}");
            let request = client::request("GET", &path, &user.token, "");
            let messages = connection.ask(&request).await.expect(200).json();
            let messages = messages.as_array().unwrap();
            assert!(messages.len() < PAGE, "a room was sent more than can be counted");
            let answered =
                messages.iter().filter(|message| message["status"] == "answered").count();
            assert_eq!(answered * 2, messages.len(), "{messages:?}");
            replied += answered;
        }
    }
    replied
}

/// Opens rooms for each of these users; their ids.
pub(crate) async fn open_rooms(server: &Server, users: &[User], each: usize) -> Vec<Vec<String>> {
    let mut connection = Connection::open(&server.address()).await;
    let mut rooms = Vec::new();
    for user in users {
        let mut own = Vec::new();
        for _ in 0..each {
            own.push(id(&connection.ask(&opening(user)).await.expect(201).json()));
        }
        rooms.push(own);
    }
    rooms
}

/// Lets each of these users ask in their first room, and waits for the replies.
async fn fill(server: &Server, users: &[User], rooms: &[Vec<String>]) {
    let mut connection = Connection::open(&server.address()).await;
    for _ in 0..QUESTIONS {
        for (user, rooms) in users.iter().zip(rooms) {
            connection.ask(&sending(user, &rooms[0])).await.expect(202);
        }
    }
    server.drained().await;
}

/// The request that opens a room.
pub(crate) fn opening(user: &User) -> Vec<u8> {
    client::request("POST", "/chatroom", &user.token, r#"{"name":"A weekend in Lisbon"}"#)
}

/// The request that sends a message to a room.
pub(crate) fn sending(user: &User, room: &str) -> Vec<u8> {
    let body = format!(r#"{{"content":"{QUESTION}"}}"#);
    client::request("POST", &format!("/chatroom/{room}/message"), &user.token, &body)
}

/// The id of what was made.
pub(crate) fn id(made: &serde_json::Value) -> String {
    made["id"].as_str().expect("it has an id").to_owned()
}
