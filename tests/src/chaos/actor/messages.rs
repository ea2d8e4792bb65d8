//! What users do with messages: send them, one by one, at once and twice, and look at them.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use rand::{RngExt, seq::IteratorRandom};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    super::{book::Asked, client::Client, world::DAILY_MESSAGES},
    Actor,
};
use crate::Response;

impl Actor {
    /// One of the messages that were accepted, with its room.
    fn message(&mut self) -> Option<(String, Asked)> {
        let all = self
            .book
            .open_rooms()
            .flat_map(|(id, room)| room.asked.iter().map(move |asked| (id, asked)));
        all.choose(&mut self.dice).map(|(id, asked)| (id.clone(), asked.clone()))
    }

    /// A text that nobody else says.
    fn text(&mut self) -> String {
        self.sent += 1;
        format!("{}-{} asks something", self.book.name, self.sent)
    }

    pub(super) async fn send(&mut self) {
        let Some(room) = self.room() else { return };
        let content = self.text();
        if self.careless && self.dice.random_range(0..3) == 0 {
            return self.send_carelessly(&room, content).await;
        }
        let sent = send(self.client.clone(), room, content).await;
        self.note(sent);
    }

    /// Without a key, and once.
    async fn send_carelessly(&mut self, room: &str, content: String) {
        let (began, body) = (Instant::now(), json!({"content": content}));
        let path = format!("/chatroom/{room}/message");
        let answer = self.client.once(&Method::POST, &path, |request| request.json(&body)).await;
        match answer {
            Some(answer) => self.note((room.to_owned(), content, began, answer)),
            None => self.book.maybe.push(content),
        }
    }

    /// Five messages, side by side.
    pub(super) async fn send_at_once(&mut self) {
        let messages = (0..5).filter_map(|_| Some((self.room()?, self.text())));
        let messages: Vec<_> = messages.collect();
        let client = &self.client;
        let sends = messages.into_iter().map(|(room, content)| send(client.clone(), room, content));
        for sent in join_all(sends).await {
            self.note(sent);
        }
    }

    /// All that is left of the day's messages, and more.
    pub(super) async fn send_until_refused(&mut self) {
        self.open().await;
        for _ in 0..DAILY_MESSAGES {
            if self.book.was_refused {
                return;
            }
            self.send_at_once().await;
        }
        panic!("five times {DAILY_MESSAGES} messages at once, and none is refused");
    }

    /// One message, three times at the same moment: it has to be one.
    pub(super) async fn send_twice(&mut self) {
        let Some(room) = self.room() else { return };
        let content = self.text();
        let client = &self.client;
        let sends = (0..3).map(|_| send(client.clone(), room.clone(), content.clone()));
        let mut sent = join_all(sends).await;
        let all: Vec<_> = sent.iter().map(|(.., answer)| answer).collect();
        let first = all.iter().find(|answer| answer.status() == 202);
        if let Some(first) = first {
            // The quota may have been given up to now; it is not asked again for what was accepted.
            let id = first.string("id");
            for answer in &all {
                assert!(
                    answer.status() == 429 || answer.string("id") == id,
                    "one message was accepted twice: {first} {answer}"
                );
            }
        }
        let accepted = sent.iter().position(|(.., answer)| answer.status() == 202);
        let sent = sent.swap_remove(accepted.unwrap_or_default());
        self.note(sent);
    }

    /// What became of a message: accepted, or over the quota. Nothing else: the room is there.
    fn note(&mut self, (room, content, began, answer): Sent) {
        if answer.status() == 429 {
            assert_eq!(answer.json()["code"], "quota_exceeded", "{answer}");
            self.book.was_refused = true;
            return;
        }
        answer.is(202);
        let asked = Asked { id: answer.string("id"), content, began, accepted: Instant::now() };
        let path = format!("/chatroom/{room}/messages/{}", asked.id);
        self.secrets.lock().unwrap().push((self.book.name.clone(), path));
        self.book.rooms.entry(room).or_default().asked.push(asked);
    }

    /// An accepted message is there, at once and for good, and so is its reply.
    pub(super) async fn look(&mut self) {
        let Some((room, asked)) = self.message() else { return };
        let path = format!("/chatroom/{room}/messages/{}", asked.id);
        let Some(answer) = self.get(&path).await else { return };
        answer.is(200);
        let question = answer.json();
        assert_eq!(question["content"], asked.content, "{answer}");
        let Some(reply) = question["reply_id"].as_str() else {
            assert_eq!(question["status"], "pending", "{answer}");
            return;
        };
        let path = format!("/chatroom/{room}/messages/{reply}");
        if let Some(answer) = self.get(&path).await {
            answer.is(200);
            is_reply_to(&asked, &question, &answer.json());
        }
    }

    /// A page of a room shows nothing of anybody else's, and what is settled in order.
    pub(super) async fn history(&mut self) {
        let Some(room) = self.room() else { return };
        let Some(answer) = self.get(&format!("/chatroom/{room}/messages?limit=100")).await else {
            return;
        };
        let page = answer.expect(200).array();
        let mine = format!("{}-", self.book.name);
        let says_mine =
            |message: &Value| message["content"].as_str().is_some_and(|it| it.contains(&mine));
        let questions: BTreeSet<_> = page
            .iter()
            .filter(|message| message["reply_to"].is_null() && says_mine(message))
            .map(|message| message["id"].to_string())
            .collect();
        for message in &page {
            let is_mine = says_mine(message) || is_apology_to(&questions, message);
            assert!(is_mine, "{}'s room shows {message}", self.book.name);
        }
        is_settled_in_order(&self.book.rooms[&room].asked, &page);
    }

    /// Looks at what is somebody else's.
    pub(super) async fn pry(&mut self) {
        let secret = {
            let secrets = self.secrets.lock().unwrap();
            let others = secrets.iter().filter(|(owner, _)| *owner != self.book.name);
            others.choose(&mut self.dice).cloned()
        };
        let Some((owner, path)) = secret else { return };
        let room = path.rsplit_once("/messages").map_or(&*path, |(room, _)| room).to_owned();
        for path in [path, room] {
            if let Some(answer) = self.get(&path).await {
                assert_eq!(answer.status(), 404, "{owner}'s {path} is shown: {answer}");
            }
        }
    }
}

/// Whether this says why one of these questions has no answer. A question may be on the page before,
/// which is older than all of this one.
fn is_apology_to(questions: &BTreeSet<String>, message: &Value) -> bool {
    let question = message["reply_to"].to_string();
    let is_older = questions.first().is_none_or(|first| question < *first);
    message["status"] == "failed"
        && !message["reply_to"].is_null()
        && (is_older || questions.contains(&question))
}

/// While a question waits, none is settled that was asked after its 202. A page is one read.
fn is_settled_in_order(asked: &[Asked], page: &[Value]) {
    let of_status = |pending: bool| {
        asked.iter().filter(move |asked| {
            let is_it = |message: &&Value| message["id"] == asked.id;
            let shown = page.iter().find(is_it);
            shown.is_some_and(|message| (message["status"] == "pending") == pending)
        })
    };
    for waits in of_status(true) {
        for settled in of_status(false) {
            assert!(waits.accepted >= settled.began, "{settled:?} is settled before {waits:?}");
        }
    }
}

/// A room, a text, when it was sent first, and what was answered.
type Sent = (String, String, Instant, Response);

/// Sends a message under a key of its own, until it is answered.
async fn send(client: Client, room: String, content: String) -> Sent {
    let began = Instant::now();
    let (path, body) = (format!("/chatroom/{room}/message"), json!({"content": content}));
    let key = content.replace(' ', "-");
    let answer = client.insist(&Method::POST, &path, |request| request.json(&body).key(&key)).await;
    (room, content, began, answer)
}

/// Whether `reply` is that of this question, and of no other.
pub(in super::super) fn is_reply_to(asked: &Asked, question: &Value, reply: &Value) {
    assert_eq!(reply["reply_to"], asked.id, "{reply}");
    let status = question["status"].as_str().unwrap_or_default();
    // A reply that is an answer says so in the table only.
    let said = reply["status"].as_str().unwrap_or("answered");
    assert_eq!(said, status, "{question} {reply}");
    let content = reply["content"].as_str().unwrap_or_default();
    match status {
        "answered" => {
            assert!(content.contains(&asked.content), "another's answer: {question} {reply}");
        }
        "failed" => assert!(!content.trim().is_empty(), "a failure without words: {reply}"),
        _ => panic!("neither answered nor failed: {question}"),
    }
}
