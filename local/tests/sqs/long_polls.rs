//! Receives that wait, over HTTP. What wakes them is tested closer to the queue.

use std::{cell::RefCell, time::Duration};

use aws_sdk_sqs::types::QueueAttributeName as Name;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};

use super::{Server, bodies};

/// Longer than anything should take here, and shorter than the longest wait.
const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_long_poll_returns_a_message_when_its_visibility_timeout_ends() {
    let server = Server::start().await;
    let url = server.create("jobs.fifo", &[(Name::VisibilityTimeout, "1")]).await;
    server.send(&url, "a", "a1").await;
    let started = Instant::now();
    assert_eq!(bodies(&server.receive(&url, 0).await), ["a1"]);
    assert_eq!(bodies(&server.receive(&url, 20).await), ["a1"]);
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(900) && took < SOON, "{took:?}");
}

#[tokio::test]
async fn a_long_poll_returns_a_message_when_its_delay_ends() {
    let server = Server::start().await;
    let url = server.create("jobs", &[]).await;
    let send = server.client.send_message().queue_url(&url).message_body("later");
    send.delay_seconds(1).send().await.unwrap();
    assert_eq!(server.receive(&url, 0).await, []);
    let received = timeout(SOON, server.receive(&url, 20)).await.expect("it was not woken");
    assert_eq!(bodies(&received), ["later"]);
}

#[tokio::test]
async fn a_long_poll_without_a_message_ends_empty_after_the_wait_of_the_queue() {
    let server = Server::start().await;
    let url = server.create("jobs.fifo", &[(Name::ReceiveMessageWaitTimeSeconds, "1")]).await;
    let started = Instant::now();
    let receive = server.client.receive_message().queue_url(&url);
    assert_eq!(receive.send().await.unwrap().messages(), []);
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(900) && took < SOON, "{took:?}");
}

#[tokio::test]
async fn many_receivers_get_each_message_once_and_each_group_in_order() {
    let server = Server::start().await;
    let url = server.create("jobs.fifo", &[]).await;
    let log = RefCell::new(Vec::new());
    let receive = async || {
        while log.borrow().len() < 60 {
            for message in server.receive(&url, 1).await {
                log.borrow_mut().push(message.body().unwrap().to_owned());
                server.delete(&url, &message).await;
            }
        }
    };
    let send = async {
        for n in 0..60 {
            server.send(&url, &format!("group-{}", n % 3), &n.to_string()).await;
        }
    };
    let all = Box::pin(async { tokio::join!(receive(), receive(), receive(), send) });
    timeout(SOON, all).await.expect("messages are missing");

    let received: Vec<usize> = log.take().iter().map(|body| body.parse().unwrap()).collect();
    for group in 0..3 {
        let of_group: Vec<_> = received.iter().copied().filter(|n| n % 3 == group).collect();
        let expected: Vec<_> = (0..60).filter(|n| n % 3 == group).collect();
        assert_eq!(of_group, expected);
    }
}

#[tokio::test]
async fn the_server_stops_without_waiting_for_a_long_poll() {
    let server = Server::start().await;
    let url = server.create("jobs.fifo", &[]).await;
    let Server { address, stop, stopped, client, .. } = server;
    drop(client);

    let body = format!(r#"{{"QueueUrl":"{url}","WaitTimeSeconds":20}}"#);
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nX-Amz-Target: AmazonSQS.ReceiveMessage\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(&address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 1024];
    let read = stream.read(&mut answer).await.unwrap();
    // The server asks for the body: the request is under way.
    assert!(answer[..read].starts_with(b"HTTP/1.1 100"));
    stream.write_all(body.as_bytes()).await.unwrap();

    stop.send(()).unwrap();
    timeout(SOON, stopped).await.expect("it still serves").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("{}"), "{answer}");
}
