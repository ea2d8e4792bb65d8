//! A user who does this and that all day, and holds Parley to its word while doing so.
//!
//! Requests that change something carry an `Idempotency-Key`, or are idempotent by themselves, and are
//! sent until they are answered: so the [`Book`] holds what is the case, whatever broke on the way. A
//! careless user sends some messages without a key, and once.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::join_all;
use rand::{
    RngExt,
    rngs::StdRng,
    seq::{IndexedRandom, IteratorRandom},
};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    book::{Asked, Book, Room},
    client::Client,
    world::World,
};
use crate::{Response, User};

/// So many rooms, and the list of them is still one page.
const MOST_ROOMS: usize = 40;

/// The longest that a user thinks between two steps.
const THINKS: Duration = Duration::from_millis(60);

/// What others may try to look at: paths of rooms and messages.
pub(super) type Secrets = Arc<Mutex<Vec<(String, String)>>>;

/// One user.
pub(super) struct Actor {
    pub(super) book: Book,
    pub(super) steps: BTreeMap<&'static str, u64>,
    client: Client,
    refresh_token: Option<String>,
    dice: StdRng,
    careless: bool,
    sent: u32,
    secrets: Secrets,
}

/// What a user may do, and how often they do it.
const STEPS: [(&str, u32); 15] = [
    ("send", 30),
    ("send at once", 4),
    ("send twice", 3),
    ("look at a message", 16),
    ("list", 14),
    ("history", 6),
    ("pry", 6),
    ("open", 8),
    ("rename", 3),
    ("delete", 3),
    ("subscribe", 2),
    ("pay less", 2),
    ("refresh", 1),
    ("usage", 2),
    ("leave", 0),
];

impl Actor {
    /// The user that has just signed in.
    pub(super) async fn new(
        number: usize,
        user: User,
        client: &Client,
        dice: StdRng,
        secrets: Secrets,
    ) -> Self {
        let me = user.get("/user/me").await.expect(200);
        Self {
            book: Book::new(format!("u{number}"), me.string("id")),
            steps: BTreeMap::new(),
            client: client.with_token(user.token.clone()),
            refresh_token: Some(user.refresh_token),
            dice,
            careless: number % 6 == 5,
            sent: 0,
            secrets,
        }
    }

    /// One step after the other until `end`, or until they have left.
    pub(super) async fn live(mut self, world: Arc<World>, end: Instant) -> Self {
        // One in eight leaves, somewhere in the second half.
        let leaves = self.dice.random_range(0..8) == 0;
        let half = world.plan.length / 2;
        let leaves_at = end - half.mul_f64(self.dice.random_range(0.0..1.0));
        self.open().await;
        while Instant::now() < end && !self.book.gone {
            let name = if leaves && Instant::now() > leaves_at { "leave" } else { self.next() };
            *self.steps.entry(name).or_default() += 1;
            match name {
                "send" => self.send().await,
                "send at once" => self.send_at_once().await,
                "send twice" => self.send_twice().await,
                "look at a message" => self.look().await,
                "list" => self.list().await,
                "history" => self.history().await,
                "pry" => self.pry().await,
                "open" => self.open().await,
                "rename" => self.rename().await,
                "delete" => self.delete().await,
                "subscribe" => self.subscribe(&world).await,
                "pay less" => self.pay_less(&world),
                "refresh" => self.refresh().await,
                "usage" => drop(self.get("/user/me/usage").await),
                _ => self.leave().await,
            }
            sleep(THINKS.mul_f64(self.dice.random_range(0.0..1.0))).await;
        }
        self
    }

    fn next(&mut self) -> &'static str {
        let step = STEPS.choose_weighted(&mut self.dice, |(_, weight)| *weight);
        step.map_or("list", |(name, _)| name)
    }

    /// One of the open rooms.
    fn room(&mut self) -> Option<String> {
        let open = self.book.rooms.iter().filter(|(_, room)| !room.deleted);
        open.map(|(id, _)| id.clone()).choose(&mut self.dice)
    }

    /// One of the messages that were accepted, with its room.
    fn message(&mut self) -> Option<(String, Asked)> {
        let open = self.book.rooms.iter().filter(|(_, room)| !room.deleted);
        let all = open.flat_map(|(id, room)| room.asked.iter().map(move |asked| (id, asked)));
        all.choose(&mut self.dice).map(|(id, asked)| (id.clone(), asked.clone()))
    }

    /// A text that nobody else says.
    fn text(&mut self) -> String {
        self.sent += 1;
        format!("{}-{} asks something", self.book.name, self.sent)
    }

    async fn get(&self, path: &str) -> Option<Response> {
        self.client.once(&Method::GET, path, |request| request).await
    }

    // Messages

    async fn send(&mut self) {
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
    async fn send_at_once(&mut self) {
        let messages = (0..5).filter_map(|_| Some((self.room()?, self.text())));
        let messages: Vec<_> = messages.collect();
        let client = &self.client;
        let sends = messages.into_iter().map(|(room, content)| send(client.clone(), room, content));
        for sent in join_all(sends).await {
            self.note(sent);
        }
    }

    /// One message, three times at the same moment: it has to be one.
    async fn send_twice(&mut self) {
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
            return;
        }
        answer.is(202);
        let asked = Asked { id: answer.string("id"), content, began, accepted: Instant::now() };
        let path = format!("/chatroom/{room}/messages/{}", asked.id);
        self.secrets.lock().unwrap().push((self.book.name.clone(), path));
        self.book.rooms.entry(room).or_default().asked.push(asked);
    }

    /// An accepted message is there, at once and for good, and so is its reply.
    async fn look(&mut self) {
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

    /// A page of a room shows nothing of anybody else's.
    async fn history(&mut self) {
        let Some(room) = self.room() else { return };
        let Some(answer) = self.get(&format!("/chatroom/{room}/messages?limit=100")).await else {
            return;
        };
        let mark = format!("{}-", self.book.name);
        for message in answer.expect(200).array() {
            let content = message["content"].as_str().unwrap_or_default();
            let is_mine = message["status"] == "failed" || content.contains(&mark);
            assert!(is_mine, "{}'s room shows {message}", self.book.name);
        }
    }

    /// Looks at what is somebody else's.
    async fn pry(&mut self) {
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

    // Rooms

    async fn open(&mut self) {
        if self.book.open_rooms().count() >= MOST_ROOMS {
            return;
        }
        let key = format!("{}-room-{}", self.book.name, self.book.rooms.len());
        let body = json!({"name": key});
        let opened = self
            .client
            .insist(&Method::POST, "/chatroom", |request| request.json(&body).key(&key))
            .await;
        let id = opened.expect(201).string("id");
        let path = format!("/chatroom/{id}");
        self.secrets.lock().unwrap().push((self.book.name.clone(), path));
        let twice = self.book.rooms.insert(id, Room::default());
        assert!(twice.is_none(), "a room was opened twice");
    }

    async fn rename(&mut self) {
        let Some(room) = self.room() else { return };
        let body = json!({"name": format!("{} renamed", self.book.name)});
        let path = format!("/chatroom/{room}");
        self.client.insist(&Method::PATCH, &path, |request| request.json(&body)).await.is(200);
    }

    async fn delete(&mut self) {
        let Some(room) = self.room() else { return };
        let path = format!("/chatroom/{room}");
        let answer = self.client.insist(&Method::DELETE, &path, |request| request).await;
        // Gone by a try whose answer was lost.
        assert!(matches!(answer.status(), 204 | 404), "{answer}");
        if let Some(room) = self.book.rooms.get_mut(&room) {
            room.deleted = true;
        }
        let again = self.client.insist(&Method::GET, &path, |request| request).await;
        assert_eq!(again.status(), 404, "a deleted room is shown: {again}");
    }

    /// The list never lies to its owner.
    async fn list(&mut self) {
        let Some(answer) = self.get("/chatroom?limit=100").await else { return };
        shows_all_rooms(&self.book, &answer);
    }

    // Money

    async fn subscribe(&mut self, world: &World) {
        let answer = self.client.insist(&Method::POST, "/subscribe/pro", |request| request).await;
        if answer.status() != 201 {
            // Is Pro, or the same is under way.
            return assert_eq!(answer.status(), 409, "{answer}");
        }
        let session = answer.string("session_id");
        if world.stripe.pay(&session).is_ok() {
            self.book.paid.push(session);
        }
    }

    /// Something happens to the subscription, at Stripe.
    fn pay_less(&mut self, world: &World) {
        let Some(session) = self.book.paid.choose(&mut self.dice) else { return };
        let session = world.stripe.session(session).unwrap();
        let Some(subscription) = session["subscription"].as_str() else { return };
        let stripe = &world.stripe;
        // What can't happen now does not.
        let _ = match self.dice.random_range(0..5) {
            0 => stripe.cancel(subscription),
            1 => stripe.fail_payment(subscription),
            2 => stripe.recover(subscription),
            3 => stripe.give_up(subscription),
            _ => stripe.pause(subscription),
        };
    }

    // The session, and its end

    /// A new pair of tokens. Where the answer is lost the old token may not be tried again (a stolen one
    /// would look the same), but the session lives on.
    async fn refresh(&mut self) {
        let Some(refresh_token) = self.refresh_token.take() else { return };
        let body = json!({"refresh_token": refresh_token});
        let answer =
            self.client.once(&Method::POST, "/auth/refresh", |request| request.json(&body)).await;
        if let Some(answer) = answer {
            answer.is(200);
            self.client = self.client.with_token(answer.string("access_token"));
            self.refresh_token = Some(answer.string("refresh_token"));
        }
    }

    async fn leave(&mut self) {
        let answer = self.client.insist(&Method::DELETE, "/user/me", |request| request).await;
        self.book.gone = true;
        if answer.status() == 401 {
            // A try before this one has done it, and could not finish: its rooms are the sweeper's.
            return;
        }
        answer.is(204);
        let again = self.client.insist(&Method::GET, "/chatroom", |request| request).await;
        assert!(again.expect(200).array().is_empty(), "rooms of a deleted account are shown");
    }

    /// Their client, for the checks at the end.
    pub(super) fn client(&self) -> &Client {
        &self.client
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

/// Whether a list holds just the rooms that are open.
pub(super) fn shows_all_rooms(book: &Book, answer: &Response) {
    answer.is(200);
    let listed = answer.array();
    let mut listed: Vec<_> = listed.iter().filter_map(|room| room["id"].as_str()).collect();
    listed.sort_unstable();
    let open: Vec<_> = book.open_rooms().map(|(id, _)| id.as_str()).collect();
    assert_eq!(listed, open, "the list lies to {}: {answer}", book.name);
}

/// Whether `reply` is that of this question, and of no other.
pub(super) fn is_reply_to(asked: &Asked, question: &Value, reply: &Value) {
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
