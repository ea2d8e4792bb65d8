//! An SQS with the worker's queue, and Lambda's part between the two.

use std::sync::{Arc, Mutex};

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use aws_sdk_sqs::{
    Client,
    types::{Message, MessageSystemAttributeName, QueueAttributeName},
};
use axum::{extract::Request, middleware};
use local::{deployed::MAX_RECEIVE_COUNT, sqs, testing::ManualClock};
use shared::{aws::Aws, config::Env};
use tokio::net::TcpListener;

const NAME: &str = "messages.fifo";
const DEAD_LETTERS: &str = "dead-letters.fifo";

/// Visibility timeout of the queue, seconds: what applies where the worker sets none.
pub(crate) const VISIBILITY_TIMEOUT: i64 = 150;

/// A queue whose timeouts follow the test's clock, and its dead-letter queue.
pub(crate) struct MessageQueue {
    pub(crate) client: Client,
    pub(crate) url: String,
    dead_letters: String,
    server: sqs::Sqs,
    actions: Arc<Mutex<Vec<String>>>,
}

impl MessageQueue {
    /// Starts one, and adds to `env` what a function needs to find it.
    pub(crate) async fn start(clock: Arc<ManualClock>, env: Env) -> (Self, Env) {
        let server = sqs::Sqs::new(clock);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let actions = Arc::<Mutex<Vec<String>>>::default();
        let note = Arc::clone(&actions);
        let router =
            sqs::router(server.clone()).layer(middleware::map_request(move |request: Request| {
                let target = request.headers()["x-amz-target"].to_str().unwrap();
                note.lock().unwrap().push(target.trim_start_matches("AmazonSQS.").to_owned());
                std::future::ready(request)
            }));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let env = env.with("AWS_ENDPOINT_URL_SQS", address);
        let client = Client::new(&Aws::from_env(&env).unwrap().config("SQS"));
        let dead_letters = create(&client, DEAD_LETTERS, &[]).await;
        let redrive = format!(
            r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":{MAX_RECEIVE_COUNT}}}"#,
            arn(&client, &dead_letters).await
        );
        let attributes = [
            (QueueAttributeName::VisibilityTimeout, VISIBILITY_TIMEOUT.to_string()),
            (QueueAttributeName::RedrivePolicy, redrive),
        ];
        let url = create(&client, NAME, &attributes).await;
        let env = env.with("MESSAGE_QUEUE_URL", &url);
        (Self { client, url, dead_letters, server, actions }, env)
    }

    /// Sends any body to a message group.
    pub(crate) async fn send(&self, group: impl ToString, id: impl ToString, body: &str) {
        let message = self.client.send_message().queue_url(&self.url).message_body(body);
        let message = message.message_group_id(group.to_string());
        message.message_deduplication_id(id.to_string()).send().await.unwrap();
    }

    /// Up to ten messages that are visible now, as Lambda hands them to a function.
    pub(crate) async fn receive(&self) -> Vec<SqsMessage> {
        let messages = receive(&self.client, &self.url).await;
        messages.iter().map(record).collect()
    }

    /// What a function has settled is deleted.
    pub(crate) async fn delete(&self, record: &SqsMessage) {
        let receipt = record.receipt_handle.clone().unwrap();
        let delete = self.client.delete_message().queue_url(&self.url).receipt_handle(receipt);
        delete.send().await.unwrap();
    }

    /// The bodies of the dead letters.
    pub(crate) async fn dead_letters(&self) -> Vec<String> {
        let messages = receive(&self.client, &self.dead_letters).await;
        messages.into_iter().filter_map(|message| message.body).collect()
    }

    /// How many messages there are, visible or not.
    pub(crate) fn len(&self) -> usize {
        let depth = self.server.depth(NAME).unwrap();
        depth.visible + depth.in_flight + depth.delayed
    }

    /// The actions that were asked of SQS since the last time.
    pub(crate) fn actions(&self) -> Vec<String> {
        std::mem::take(&mut self.actions.lock().unwrap())
    }
}

/// An event of `records`.
pub(crate) fn event(records: Vec<SqsMessage>) -> SqsEvent {
    let mut event = SqsEvent::default();
    event.records = records;
    event
}

async fn create(
    client: &Client,
    name: &str,
    attributes: &[(QueueAttributeName, String)],
) -> String {
    let fifo = (QueueAttributeName::FifoQueue, "true".to_owned());
    let attributes = attributes.iter().cloned().chain([fifo]).collect();
    let queue = client.create_queue().queue_name(name).set_attributes(Some(attributes));
    queue.send().await.unwrap().queue_url.unwrap()
}

async fn arn(client: &Client, url: &str) -> String {
    let name = QueueAttributeName::QueueArn;
    let answer = client.get_queue_attributes().queue_url(url).attribute_names(name.clone());
    let attributes = answer.send().await.unwrap().attributes.unwrap();
    attributes[&name].clone()
}

async fn receive(client: &Client, url: &str) -> Vec<Message> {
    let receive = client.receive_message().queue_url(url).max_number_of_messages(10);
    let receive = receive.message_system_attribute_names(MessageSystemAttributeName::All);
    receive.send().await.unwrap().messages.unwrap_or_default()
}

fn record(message: &Message) -> SqsMessage {
    let mut record = SqsMessage::default();
    record.message_id.clone_from(&message.message_id);
    record.receipt_handle.clone_from(&message.receipt_handle);
    record.body.clone_from(&message.body);
    let attributes = message.attributes.iter().flatten();
    record.attributes =
        attributes.map(|(name, value)| (name.as_str().to_owned(), value.clone())).collect();
    record
}
