//! Commands of Valkey. A client sends them over one connection without waiting for each other's replies,
//! which come in the same order.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    task::JoinSet,
};

use super::resp;
use crate::round_trips::calls::{Answered, Calls, Said, Server, UnderWay};

const BUFFER: usize = 64 * 1024;

/// A command that waits for its reply; what is not to be noted waits as well, in its place.
type Waiting = (Option<UnderWay>, Said);
/// A reply that is to be passed on, held if its command is noted.
type Reply = (Option<Answered>, Vec<u8>);

pub(super) async fn serve(listener: TcpListener, upstream: String, calls: Calls) {
    let upstream = upstream.trim_start_matches("redis://");
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let Ok(server) = TcpStream::connect(upstream).await else { continue };
        for connection in [&client, &server] {
            connection.set_nodelay(true).ok();
        }
        let calls = calls.clone();
        connections.spawn(async move {
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            let (wait, waiting) = mpsc::unbounded_channel();
            let (have, held) = mpsc::unbounded_channel();
            // When either side ends, both see the connection closed.
            tokio::select! {
                _ = ask(from_client, to_server, &calls, wait) => {}
                _ = hear(from_server, waiting, have) => {}
                _ = reply(to_client, held) => {}
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Passes on commands.
async fn ask(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    calls: &Calls,
    wait: UnboundedSender<Waiting>,
) -> Option<()> {
    let mut pieces = Pieces::default();
    loop {
        let command = pieces.next(&mut from).await?;
        let said = Said { operation: resp::name(&command), sent: command.len(), ..Said::default() };
        wait.send((calls.begin(Server::Valkey), said)).ok()?;
        to.write_all(&command).await.ok()?;
    }
}

/// Takes replies as they come: one that is held keeps none behind it from being there.
async fn hear(
    mut from: OwnedReadHalf,
    mut waiting: UnboundedReceiver<Waiting>,
    have: UnboundedSender<Reply>,
) -> Option<()> {
    let mut pieces = Pieces::default();
    loop {
        let reply = pieces.next(&mut from).await?;
        let (under_way, said) = waiting.recv().await?;
        let said = Said { received: reply.len(), ..said };
        let answered = under_way.map(|under_way| under_way.answered(said));
        have.send((answered, reply)).ok()?;
    }
}

/// Passes on replies.
async fn reply(mut to: OwnedWriteHalf, mut held: UnboundedReceiver<Reply>) -> Option<()> {
    loop {
        let (answered, reply) = held.recv().await?;
        if let Some(answered) = answered {
            answered.hold().await;
        }
        to.write_all(&reply).await.ok()?;
    }
}

/// What has come, in commands or replies.
#[derive(Default)]
struct Pieces(Vec<u8>);

impl Pieces {
    /// The next one; none when the connection is closed.
    async fn next(&mut self, from: &mut OwnedReadHalf) -> Option<Vec<u8>> {
        loop {
            if let Some(length) = resp::first(&self.0) {
                let rest = self.0.split_off(length);
                return Some(std::mem::replace(&mut self.0, rest));
            }
            let mut buffer = vec![0; BUFFER];
            let count = from.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
            self.0.extend_from_slice(&buffer[..count]);
        }
    }
}
