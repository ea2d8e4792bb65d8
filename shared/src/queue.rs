//! The queue between a question and its reply: SQS FIFO, one message group per chatroom.

use aws_sdk_sqs::Client;
use serde::{Deserialize, Serialize};

use crate::{
    aws::Aws,
    config::{ConfigError, Env},
    domain::{ChatroomId, MessageId, UserId},
};

/// One message that waits for its reply. Its content stays in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Who asked.
    pub user_id: UserId,
    /// Where.
    pub chatroom_id: ChatroomId,
    /// What.
    pub message_id: MessageId,
}

/// The queue did not take the job. The message itself is safe: the sweeper queues it again.
#[derive(Debug, thiserror::Error)]
#[error("SQS did not take the message ({code})")]
pub struct SendFailed {
    code: String,
}

/// Sends jobs.
#[derive(Debug, Clone)]
pub struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    /// The queue at `MESSAGE_QUEUE_URL`.
    pub fn from_env(env: &Env, aws: &Aws) -> Result<Self, ConfigError> {
        let url = env.require("MESSAGE_QUEUE_URL")?.to_owned();
        Ok(Self { client: Client::new(aws.config()), url })
    }

    /// Queues `job`: in order within its room, and at most once in five minutes however often it is
    /// sent, since the message's id is the deduplication id.
    pub async fn send(&self, job: &Job) -> Result<(), SendFailed> {
        let body = serde_json::to_string(job).map_err(|e| SendFailed { code: e.to_string() })?;
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_group_id(job.chatroom_id.to_string())
            .message_deduplication_id(job.message_id.to_string())
            .message_body(body)
            .send()
            .await
            .map_err(|error| {
                let code = error.as_service_error().and_then(|e| e.meta().code());
                SendFailed { code: code.unwrap_or("not reached").to_owned() }
            })?;
        Ok(())
    }
}
