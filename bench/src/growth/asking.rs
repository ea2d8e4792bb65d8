//! One request after the other, in turns among the worlds that are compared.

use std::time::{Duration, Instant};

use super::world::World;
use crate::load::{
    client::{self, Connection},
    endpoints::{opening, sending},
    server::Server,
};

/// Turns, and how often each world is asked in one: what else goes on in the machine meets all worlds.
const TURNS: usize = 6;
const EACH_TURN: usize = 50;
const WARM_UP: usize = 20;

/// What is asked of a world.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ask {
    Me,
    TenRooms,
    Room,
    TenMessages,
    Messages,
    Send,
    OpenRoom,
}

/// How one world answered.
pub(crate) struct Answered {
    /// In order of length.
    pub(crate) latencies: Vec<Duration>,
    /// `local`'s processor time altogether, with what it did in the background.
    pub(crate) cpu: Duration,
    /// The size of an answer, head and body, bytes.
    pub(crate) size: usize,
}

/// Asks all worlds for the same.
pub(crate) async fn measure(server: &Server, worlds: &[World], ask: Ask) -> Vec<Answered> {
    let mut connection = Connection::open(&server.address()).await;
    let none = || Answered { latencies: Vec::new(), cpu: Duration::ZERO, size: 0 };
    let mut answered: Vec<_> = worlds.iter().map(|_| none()).collect();
    if ask.only_reads() {
        for world in worlds {
            for _ in 0..WARM_UP {
                connection.ask(&ask.request(world)).await.expect(ask.status());
            }
        }
    }
    for _ in 0..TURNS {
        for (world, answered) in worlds.iter().zip(&mut answered) {
            turn(server, &mut connection, (world, ask), answered).await;
        }
    }
    for answered in &mut answered {
        answered.latencies.sort_unstable();
    }
    answered
}

async fn turn(
    server: &Server,
    connection: &mut Connection,
    (world, ask): (&World, Ask),
    answered: &mut Answered,
) {
    let request = ask.request(world);
    let before = server.processes().cpu();
    for _ in 0..EACH_TURN {
        let begun = Instant::now();
        let answer = connection.ask(&request).await;
        answered.latencies.push(begun.elapsed());
        answered.size = answer.expect(ask.status()).size();
    }
    if matches!(ask, Ask::Send) {
        server.drained().await;
    }
    answered.cpu += server.processes().cpu().since(before).local;
}

impl Ask {
    fn request(self, world: &World) -> Vec<u8> {
        let (user, room) = (&world.user, &world.room);
        let get = |path: &str| client::request("GET", path, &user.token, "");
        match self {
            Self::Me => get("/user/me"),
            Self::TenRooms => get("/chatroom?limit=10"),
            Self::Room => get(&format!("/chatroom/{room}")),
            Self::TenMessages => get(&format!("/chatroom/{room}/messages?limit=10")),
            Self::Messages => get(&format!("/chatroom/{room}/messages")),
            Self::Send => sending(user, room),
            Self::OpenRoom => opening(user),
        }
    }

    fn status(self) -> u16 {
        match self {
            Self::Send => 202,
            Self::OpenRoom => 201,
            _ => 200,
        }
    }

    fn only_reads(self) -> bool {
        !matches!(self, Self::Send | Self::OpenRoom)
    }
}
