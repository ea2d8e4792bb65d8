//! What lies between a function and its server, and fails as the network does.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

use crate::node::Node;

/// What happens to what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It arrives.
    Passes,
    /// It arrives once it passes again: the server hangs.
    Hangs,
    /// It gets lost, and nobody is told.
    Loses,
    /// It arrives, and the answer gets lost.
    LosesAnswers,
    /// Connections are closed, the ones that there are, too.
    Refuses,
}

/// A running relay.
pub(crate) struct Relay {
    port: u16,
    mode: watch::Sender<Mode>,
}

impl Relay {
    /// Starts one in front of `server`.
    pub(crate) async fn start(server: &Node) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mode = watch::Sender::new(Mode::Passes);
        let (modes, behind) = (mode.clone(), server.port);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *modes.borrow() == Mode::Refuses {
                    continue;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", behind)).await else { continue };
                let (asks, hears) = client.into_split();
                let (answers, is_asked) = server.into_split();
                let lost = &[Mode::Loses];
                tokio::spawn(pass(asks, is_asked, modes.subscribe(), lost));
                let lost = &[Mode::Loses, Mode::LosesAnswers];
                tokio::spawn(pass(answers, hears, modes.subscribe(), lost));
            }
        });
        Self { port, mode }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// From here on.
    pub(crate) fn turns(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

/// Passes on one direction of a connection, until it is closed.
async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut mode: watch::Receiver<Mode>,
    lost: &'static [Mode],
) {
    let mut refuses = mode.clone();
    let refused = refuses.wait_for(|mode| *mode == Mode::Refuses);
    let passing = async {
        let mut buffer = [0; 4_096];
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            let Ok(now) = mode.wait_for(|mode| *mode != Mode::Hangs).await.map(|mode| *mode) else {
                return;
            };
            if !lost.contains(&now) && to.write_all(&buffer[..read]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = passing => {}
        _ = refused => {}
    }
}
