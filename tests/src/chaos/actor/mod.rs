//! A user who does this and that all day, and holds Parley to its word while doing so.
//!
//! Requests that change something carry an `Idempotency-Key`, or are idempotent by themselves, and are
//! sent until they are answered: so the [`Book`] holds what is the case, whatever broke on the way. A
//! careless user sends some messages without a key, and once.
//!
//! Here: who they are, and which step comes next. The steps are in [`messages`], [`rooms`] and
//! [`account`].

mod account;
mod messages;
mod rooms;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use rand::{
    RngExt,
    rngs::StdRng,
    seq::{IndexedRandom, IteratorRandom},
};
use reqwest::Method;
use tokio::time::{Instant, sleep};

use super::{book::Book, client::Client, world::World};
use crate::{Response, User};

pub(super) use messages::is_reply_to;
pub(super) use rooms::shows_all_rooms;

/// The longest that a user thinks between two steps.
const THINKS: Duration = Duration::from_millis(60);

/// What each of so many users plans: one leaves, and two use up their day. These never pay.
const PLANS: [Option<&str>; FEWEST] =
    [None, Some(USE_UP), None, None, None, Some(USE_UP), None, Some(LEAVE)];
const USE_UP: &str = "send until refused";
const LEAVE: &str = "leave";

/// So many users are needed for all of that to happen.
pub(super) const FEWEST: usize = 8;

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
    /// What they do somewhere in the second half, if anything: once.
    plans: Option<&'static str>,
    /// Never pays.
    frugal: bool,
    sent: u32,
    secrets: Secrets,
}

/// What a user may do, and how often they do it.
const STEPS: [(&str, u32); 14] = [
    ("send", 30),
    ("send at once", 4),
    ("send twice", 3),
    ("look at a message", 16),
    ("list", 14),
    ("history", 12),
    ("pry", 6),
    ("open", 8),
    ("rename", 3),
    ("delete", 3),
    ("subscribe", 2),
    ("pay less", 2),
    ("refresh", 1),
    ("usage", 2),
];

impl Actor {
    /// The user that has just signed in.
    pub(super) async fn new(
        number: usize,
        user: User,
        client: Client,
        dice: StdRng,
        secrets: Secrets,
    ) -> Self {
        let me = user.get("/user/me").await.expect(200);
        let plans = PLANS[number % PLANS.len()];
        Self {
            book: Book::new(format!("u{number}"), me.string("id")),
            steps: BTreeMap::new(),
            client,
            refresh_token: Some(user.refresh_token),
            dice,
            careless: number % 6 == 5,
            plans,
            frugal: plans == Some(USE_UP),
            sent: 0,
            secrets,
        }
    }

    /// One step after the other until `end`, or until they have left.
    pub(super) async fn live(mut self, world: Arc<World>, end: Instant) -> Self {
        let half = world.plan.length / 2;
        let plans_at = end - half.mul_f64(self.dice.random_range(0.0..1.0));
        self.open().await;
        while Instant::now() < end && !self.book.gone {
            let planned = if Instant::now() > plans_at { self.plans.take() } else { None };
            let name = planned.unwrap_or_else(|| self.next());
            self.step(name, &world).await;
            sleep(THINKS.mul_f64(self.dice.random_range(0.0..1.0))).await;
        }
        // Their last step took longer than the storm.
        if let Some(name) = self.plans.take() {
            self.step(name, &world).await;
        }
        self
    }

    async fn step(&mut self, name: &'static str, world: &World) {
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
            "subscribe" if self.frugal => {}
            "subscribe" => self.subscribe(world).await,
            "pay less" => self.pay_less(world),
            USE_UP => self.send_until_refused().await,
            "refresh" => self.refresh().await,
            "usage" => drop(self.get("/user/me/usage").await),
            _ => self.leave(world).await,
        }
    }

    fn next(&mut self) -> &'static str {
        let step = STEPS.choose_weighted(&mut self.dice, |(_, weight)| *weight);
        step.map_or("list", |(name, _)| name)
    }

    /// One of the open rooms.
    fn room(&mut self) -> Option<String> {
        self.book.open_rooms().map(|(id, _)| id.clone()).choose(&mut self.dice)
    }

    async fn get(&self, path: &str) -> Option<Response> {
        self.client.once(&Method::GET, path, |request| request).await
    }

    /// Their client, for the checks at the end.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }
}
