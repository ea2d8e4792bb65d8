//! Connections: made before the first request, not by it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

use crate::host::Host;

/// A server in front of another one; how often somebody has connected to it.
async fn counted(upstream: &str) -> (String, Arc<AtomicUsize>) {
    let upstream = upstream.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::default());
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let mut server = TcpStream::connect(&upstream).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
        }
    });
    (url, connections)
}

#[tokio::test]
async fn the_first_message_finds_all_connections_made() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let (dynamodb, to_dynamodb) = counted(host.dynamodb_url()).await;
    let (sqs, to_sqs) = counted(host.env.get("AWS_ENDPOINT_URL_SQS").unwrap()).await;
    let count = || (to_dynamodb.load(Ordering::SeqCst), to_sqs.load(Ordering::SeqCst));
    let env = host.env.clone().with("AWS_ENDPOINT_URL_DYNAMODB", dynamodb);
    let instance = host.instance(&env.with("AWS_ENDPOINT_URL_SQS", sqs)).await;
    // A message is accepted beside a read of the account.
    assert_eq!(count(), (2, 1), "to DynamoDB, and to SQS");
    host.send_by(&instance, &ada, room, "Anybody there?").await.is(202);
    assert_eq!(count(), (2, 1), "to DynamoDB, and to SQS");
}
