//! A queue and its dead-letter queue, with nobody who works on them.

use std::sync::Arc;

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName as Attribute, QueueAttributeName};
use jiff::Timestamp;
use local::sqs::{self, Sqs};
use serde_json::json;
use shared::{
    aws::Aws,
    config::Env,
    domain::{Ids, MessageId, SystemClock},
};
use tokio::net::TcpListener;

pub(crate) struct Queues {
    pub(crate) client: aws_sdk_sqs::Client,
    pub(crate) url: String,
    pub(crate) env: Env,
    ids: Ids,
}

impl Queues {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let served = sqs::serve(listener, Sqs::new(Arc::new(SystemClock)), std::future::pending());
        tokio::spawn(async { served.await.unwrap() });
        let env = Env::default()
            .with("AWS_REGION", "us-east-1")
            .with("AWS_ACCESS_KEY_ID", "id")
            .with("AWS_SECRET_ACCESS_KEY", "key")
            .with("AWS_ENDPOINT_URL_SQS", &url);
        let client = aws_sdk_sqs::Client::new(&Aws::from_env(&env).unwrap().config("SQS"));
        let make = async |name: &str| {
            let request = client.create_queue().queue_name(name);
            let request = request.attributes(QueueAttributeName::FifoQueue, "true");
            request.send().await.unwrap().queue_url.unwrap()
        };
        let env = env
            .with("MESSAGE_QUEUE_URL", make("messages.fifo").await)
            .with("DEAD_LETTER_QUEUE_URL", make("messages-dlq.fifo").await);
        Self { client, url, env, ids: Ids::default() }
    }

    fn queue(&self) -> &str {
        self.env.get("MESSAGE_QUEUE_URL").unwrap()
    }

    fn dead_letters(&self) -> &str {
        self.env.get("DEAD_LETTER_QUEUE_URL").unwrap()
    }

    /// A job in the dead-letter queue; its message.
    pub(crate) async fn dead_job(&self, room: &str) -> MessageId {
        let now = Timestamp::UNIX_EPOCH;
        let message: MessageId = self.ids.next(now);
        let user: shared::domain::UserId = self.ids.next(now);
        let job = json!({ "user_id": user, "chatroom_id": room, "message_id": message });
        self.dead_letter(room, &job.to_string()).await;
        message
    }

    /// Anything in the dead-letter queue.
    pub(crate) async fn dead_letter(&self, group: &str, body: &str) {
        let id: MessageId = self.ids.next(Timestamp::UNIX_EPOCH);
        self.send(self.dead_letters(), group, &id.to_string(), body).await;
    }

    /// Sends to the queue, as a job's sender does.
    pub(crate) async fn queue_job(&self, group: &str, deduplication: &str, body: &str) {
        self.send(self.queue(), group, deduplication, body).await;
    }

    async fn send(&self, url: &str, group: &str, deduplication: &str, body: &str) {
        let request = self.client.send_message().queue_url(url).message_group_id(group);
        let request = request.message_deduplication_id(deduplication).message_body(body);
        request.send().await.unwrap();
    }

    /// What is in the queue, in its order; it is deleted.
    pub(crate) async fn queued(&self) -> Vec<Message> {
        self.drain(self.queue()).await
    }

    /// The same for the dead-letter queue.
    pub(crate) async fn dead(&self) -> Vec<Message> {
        self.drain(self.dead_letters()).await
    }

    async fn drain(&self, url: &str) -> Vec<Message> {
        let mut all = Vec::new();
        loop {
            let request = self.client.receive_message().queue_url(url).max_number_of_messages(10);
            let request = request.message_system_attribute_names(Attribute::All);
            let messages = request.send().await.unwrap().messages.unwrap_or_default();
            if messages.is_empty() {
                return all;
            }
            for message in messages {
                let request = self.client.delete_message().queue_url(url);
                let handle = message.receipt_handle.clone();
                request.set_receipt_handle(handle).send().await.unwrap();
                all.push(message);
            }
        }
    }
}

/// The group that a message was sent to.
pub(crate) fn group(message: &Message) -> &str {
    &message.attributes().unwrap()[&Attribute::MessageGroupId]
}
