//! The same requests in small and in large accounts.
//!
//! One connection asks, one request at a time, in turns among the accounts. What is written is measured
//! last, for it makes a small room larger.

mod asking;
mod world;

use std::time::Duration;

use asking::{Answered, Ask};
use world::{NEWEST, Size, World};

use crate::{
    document::{Section, Table},
    figures::{count, ms, percentile, whole},
    load::server::Server,
};

/// What is compared.
const SIZES: [Size; 4] = [
    Size { messages: NEWEST, rooms: 10 },
    Size { messages: 1_000, rooms: 10 },
    Size { messages: 100_000, rooms: 10 },
    Size { messages: NEWEST, rooms: 5_000 },
];

/// One request, in all worlds.
struct Row {
    title: &'static str,
    answered: Vec<Answered>,
}

/// Measures, within some two minutes.
pub async fn measure() -> Section {
    let folder = tempfile::Builder::new().prefix("parley-bench-").tempdir().unwrap();
    let (data, log) = (folder.path().join("data"), folder.path().join("log"));
    let start = |settings: &[(&str, &str)]| Server::start(data.to_str().unwrap(), &log, settings);

    let without_cache = start(&[("VALKEY_URL", "off")]);
    let mut worlds = Vec::new();
    for size in SIZES {
        worlds.push(World::new(&without_cache, size).await);
    }
    let row = async |server: &Server, title, ask| Row {
        title,
        answered: asking::measure(server, &worlds, ask).await,
    };
    let missed = row(&without_cache, "`GET /chatroom?limit=10`, no cache", Ask::TenRooms).await;
    without_cache.stop();

    let server = start(&[]);
    let rows = [
        row(&server, "`GET /user/me`", Ask::Me).await,
        row(&server, "`GET /chatroom?limit=10`, cached", Ask::TenRooms).await,
        missed,
        row(&server, "`GET /chatroom/{id}`", Ask::Room).await,
        row(&server, "`GET …/messages?limit=10`", Ask::TenMessages).await,
        row(&server, "`GET …/messages`", Ask::Messages).await,
        row(&server, "`POST …/message`, CPU with its reply", Ask::Send).await,
        row(&server, "`POST /chatroom`", Ask::OpenRoom).await,
    ];
    server.stop();
    Section { name: "growth", markdown: markdown(&rows) }
}

fn markdown(rows: &[Row]) -> String {
    let per_request = |answered: &Answered| answered.cpu.div_f64(count(answered.latencies.len()));
    let tables = [
        table("p50, ms", rows, |answered| ms(percentile(&answered.latencies, 50))),
        table("CPU of `local` a request, ms", rows, |answered| ms(per_request(answered))),
        table("bytes of an answer", rows, |answered| whole(count(answered.size))),
    ];
    let goal = format!(
        "A page of ten messages in the room of 100,000, to one in the room of ten (goal: within 10 %): \
        p50 {}, CPU {}.\n",
        compared(rows, |answered| percentile(&answered.latencies, 50)),
        compared(rows, per_request),
    );
    [&tables[..], &[goal]].concat().join("\n")
}

fn table(what: &str, rows: &[Row], figure: impl Fn(&Answered) -> String) -> String {
    let sizes = SIZES.map(|Size { messages, rooms }| {
        let [messages, rooms] = [messages, rooms].map(|number| whole(count(number)));
        format!("{messages} messages, {rooms} rooms:")
    });
    let columns: Vec<_> = [what].into_iter().chain(sizes.iter().map(String::as_str)).collect();
    let mut table = Table::new(&columns);
    for Row { title, answered } in rows {
        let cells = answered.iter().map(&figure);
        table.row(&[(*title).to_owned()].into_iter().chain(cells).collect::<Vec<_>>());
    }
    table.into_text()
}

/// By how much the largest room differs from the smallest.
fn compared(rows: &[Row], figure: impl Fn(&Answered) -> Duration) -> String {
    let row = rows.iter().find(|row| row.title.contains("messages?limit=10")).unwrap();
    let [small, large] = [0, 2].map(|world: usize| figure(&row.answered[world]).as_secs_f64());
    format!("{:+.1} %", (large / small - 1.0) * 100.0)
}
