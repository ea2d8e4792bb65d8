//! Calls of a protocol in which a client sends a piece, and waits for one.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
    time::sleep,
};

use super::{Fault, Rules};

const BUFFER: usize = 64 * 1024;

pub(super) async fn serve(listener: TcpListener, upstream: String, rules: Arc<Rules>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let (upstream, rules) = (upstream.clone(), Arc::clone(&rules));
        connections.spawn(async move {
            client.set_nodelay(true).ok();
            if let Ok(server) = TcpStream::connect(&upstream).await {
                server.set_nodelay(true).ok();
                rules.until_severed(relay(client, server, &rules)).await;
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

/// What is to become of the answers from here on.
enum Answers {
    Pass,
    Late(Duration),
    Cut,
    Swallow,
}

/// Until either side ends, or a fault does; then both see the connection closed.
async fn relay(client: TcpStream, server: TcpStream, rules: &Rules) {
    let (from_client, mut to_client) = split(client);
    let (from_server, to_server) = split(server);
    let (tell, told) = mpsc::unbounded_channel();
    let canned = tokio::select! {
        canned = ask(from_client, to_server, rules, tell) => canned,
        () = reply(from_server, &mut to_client, told) => None,
    };
    if let Some(canned) = canned {
        to_client.write_all(canned.as_bytes()).await.ok();
        to_client.shutdown().await.ok();
    }
}

/// Passes on what the client sends; ends with the connection, and gives its last words.
async fn ask(
    mut from: ReadHalf<TcpStream>,
    mut to: WriteHalf<TcpStream>,
    rules: &Rules,
    tell: mpsc::UnboundedSender<Answers>,
) -> Option<String> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = from.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        let answers = match rules.next(String::new()) {
            None => Answers::Pass,
            Some(Fault::Refuse) => return None,
            Some(Fault::Delay(by)) => {
                sleep(by).await;
                Answers::Pass
            }
            Some(Fault::Late(by)) => Answers::Late(by),
            Some(Fault::Hang) => {
                // Until the client goes away.
                while from.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
                return None;
            }
            Some(Fault::Cut) => Answers::Cut,
            Some(Fault::Swallow) => Answers::Swallow,
            Some(Fault::Answer(canned)) => return Some(canned.body),
        };
        tell.send(answers).ok()?;
        to.write_all(&buffer[..count]).await.ok()?;
    }
}

/// Passes on what the server answers, in the way that was told last.
async fn reply(
    mut from: ReadHalf<TcpStream>,
    to: &mut WriteHalf<TcpStream>,
    mut told: mpsc::UnboundedReceiver<Answers>,
) {
    let mut buffer = vec![0; BUFFER];
    let mut answers = Answers::Pass;
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer).await else { return };
        while let Ok(latest) = told.try_recv() {
            answers = latest;
        }
        let passed = match answers {
            Answers::Pass => count,
            Answers::Late(by) => {
                sleep(by).await;
                count
            }
            Answers::Cut => count / 2,
            Answers::Swallow => 0,
        };
        if to.write_all(&buffer[..passed]).await.is_err() || passed < count {
            return;
        }
    }
}
