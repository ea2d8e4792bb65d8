//! The in-memory SQS, as the unmodified AWS SDK sees it over HTTP.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that can't go on fails its test"
)]

mod long_polls;
mod messages;
mod queues;
mod wire;

use aws_credential_types::Credentials;
use aws_sdk_sqs::{
    Client, Config,
    config::{BehaviorVersion, Region, retry::RetryConfig},
    error::{ProvideErrorMetadata, SdkError},
    types::{Message, MessageSystemAttributeName, QueueAttributeName},
};
use local::sqs::{Sqs, serve};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// A running SQS of a test's own, and a client of it.
struct Server {
    sqs: Sqs,
    client: Client,
    address: String,
    stop: oneshot::Sender<()>,
    stopped: JoinHandle<()>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let sqs = Sqs::default();
        let (stop, told) = oneshot::channel();
        let served = serve(listener, sqs.clone(), async {
            let _ = told.await;
        });
        let stopped = tokio::spawn(async { served.await.unwrap() });
        Self { sqs, client: client(&address), address, stop, stopped }
    }

    /// Makes a queue and returns its URL.
    async fn create(&self, name: &str, attributes: &[(QueueAttributeName, &str)]) -> String {
        let mut request = self.client.create_queue().queue_name(name);
        for (name, value) in attributes {
            request = request.attributes(name.clone(), *value);
        }
        if name.rsplit('.').next() == Some("fifo") {
            request = request.attributes(QueueAttributeName::FifoQueue, "true");
        }
        request.send().await.unwrap().queue_url.unwrap()
    }

    /// Sends `body` to a FIFO queue, with the body as deduplication id.
    async fn send(&self, url: &str, group: &str, body: &str) {
        let request = self.client.send_message().queue_url(url).message_body(body);
        request.message_group_id(group).message_deduplication_id(body).send().await.unwrap();
    }

    /// Up to ten messages, with all their system attributes, after a wait of `wait` seconds at most.
    async fn receive(&self, url: &str, wait: i32) -> Vec<Message> {
        let request = self.client.receive_message().queue_url(url).max_number_of_messages(10);
        let request = request.message_system_attribute_names(MessageSystemAttributeName::All);
        request.wait_time_seconds(wait).send().await.unwrap().messages.unwrap_or_default()
    }

    async fn delete(&self, url: &str, message: &Message) {
        let request = self.client.delete_message().queue_url(url);
        request.receipt_handle(handle(message)).send().await.unwrap();
    }
}

fn client(address: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(format!("http://{address}"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .build();
    Client::from_conf(config)
}

fn handle(message: &Message) -> &str {
    message.receipt_handle().unwrap()
}

fn bodies(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.body().unwrap()).collect()
}

/// The code of the service's error that `result` must be.
fn code<T, E: ProvideErrorMetadata>(result: Result<T, SdkError<E>>) -> String {
    let Err(error) = result else { panic!("this should have been refused") };
    error.code().expect("an answer of the service").to_owned()
}
