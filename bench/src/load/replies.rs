//! How soon replies are there: from the POST to the reply that a client sees, less the model's own time.

use std::{iter::zip, time::Duration};

use futures_util::future::join_all;
use tests::User;
use tokio::{
    join,
    sync::mpsc,
    time::{Instant, sleep, sleep_until},
};

use super::{
    client::{self, Connection},
    endpoints::{id, open_rooms, sending},
    server::Server,
};
use crate::figures::{count, whole};

/// How long the model takes.
pub(crate) const MODEL: Duration = Duration::from_millis(200);

/// Messages that are sent at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Burst {
    /// How many users, each with a connection.
    pub(crate) users: usize,
    /// How many messages each of them sends, one after the other, each to a room of its own.
    pub(crate) each: usize,
    /// How often it is done.
    pub(crate) rounds: usize,
    /// How long a user waits before they look again: looking costs the server as much as sending.
    pub(crate) pause: Duration,
}

impl Burst {
    /// How many, and whose.
    pub(crate) fn title(&self) -> String {
        let messages = whole(count(self.users * self.each));
        match (self.users, self.each) {
            (_, 1) => messages,
            (users, each) => format!("{messages}: {users} users, {each} each"),
        }
    }
}

/// How long the replies of a burst took, from the POST of each, less [`MODEL`]; in order of length.
pub(crate) async fn measure(server: &Server, burst: Burst) -> Vec<Duration> {
    let users = server.users(burst.users).await;
    let rooms = open_rooms(server, &users, burst.each).await;
    let mut connections = Vec::new();
    for _ in &users {
        let address = server.address();
        connections.push([Connection::open(&address).await, Connection::open(&address).await]);
    }
    let mut waits = Vec::new();
    for _ in 0..burst.rounds {
        let asking = zip(&mut connections, zip(&users, &rooms));
        let asking =
            asking.map(|(connections, (user, rooms))| ask(connections, user, rooms, burst.pause));
        waits.extend(join_all(asking).await.into_iter().flatten());
        server.drained().await;
    }
    waits.sort_unstable();
    waits
}

/// Sends to each room over one connection, and looks for the replies in the same order over the other: the
/// one that is looked for is seen `pause` after it is there at the latest, those after it later if they have
/// overtaken it.
async fn ask(
    [sender, looker]: &mut [Connection; 2],
    user: &User,
    rooms: &[String],
    pause: Duration,
) -> Vec<Duration> {
    let (asked, mut questions) = mpsc::unbounded_channel();
    let send = async move {
        for room in rooms {
            let begun = Instant::now();
            let question = id(&sender.ask(&sending(user, room)).await.expect(202).json());
            let path = format!("/chatroom/{room}/messages/{question}");
            asked.send((begun, client::request("GET", &path, &user.token, ""))).unwrap();
        }
    };
    let look = async {
        let mut waits = Vec::new();
        while let Some((begun, look)) = questions.recv().await {
            // There can be no reply before.
            sleep_until(begun + MODEL).await;
            while looker.ask(&look).await.expect(200).json()["status"] == "pending" {
                sleep(pause).await;
            }
            waits.push(begun.elapsed().saturating_sub(MODEL));
        }
        waits
    };
    join!(send, look).1
}
