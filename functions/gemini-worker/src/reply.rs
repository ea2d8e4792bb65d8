//! Answering one message.

use std::time::Duration;

use shared::{
    domain::{Message, MessageId, Side, Status, Usage},
    queue::Job,
    store::{Answer, Apology, Direction, Pending, Settled, StoreError},
};

use crate::{
    Worker, context,
    gemini::{Cause, Failure},
    retry::{self, Next},
};

/// How many messages of a room are read for context: what the budget of tokens seldom exceeds.
const HISTORY: u16 = 60;

/// What becomes of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// There is nothing left to do: acknowledge it.
    Settled,
    /// To be tried again after this.
    Again(Duration),
}

impl Worker {
    /// Answers the message of `job`, or says clearly why not, or puts it off.
    pub(crate) async fn reply(&self, job: &Job) -> Result<Outcome, StoreError> {
        let pending = Pending {
            user_id: job.user_id,
            chatroom_id: job.chatroom_id,
            message_id: job.message_id,
        };
        let (room, history) = tokio::join!(
            self.store.chatroom(job.user_id, job.chatroom_id),
            self.history(&pending),
        );
        let (Some(room), history) = (room?, history?) else {
            tracing::info!("the room is gone: nobody waits for this reply");
            return Ok(Outcome::Settled);
        };
        let Some(question) = history.iter().find(|message| message.id == job.message_id) else {
            tracing::info!("the message is gone: nobody waits for this reply");
            return Ok(Outcome::Settled);
        };
        if !matches!(question.side, Side::Question { status: Status::Pending, .. }) {
            tracing::info!("settled before: delivered once more");
            return Ok(Outcome::Settled);
        }
        let prompt =
            context::prompt(&history, question, room.system_instruction, self.context_tokens);
        match self.gemini.generate(&prompt).await {
            Ok(answer) => {
                let answer = Answer {
                    id: self.ids.next_after(question.id, self.clock.now()),
                    content: &answer.text,
                    finish_reason: answer.finish_reason.as_str(),
                    usage: answer.usage,
                };
                match self.store.answer(&pending, &answer).await? {
                    Settled::Done => self.count_answered(question.id, answer.usage),
                    vain => log_vain(vain),
                }
                Ok(Outcome::Settled)
            }
            Err(Failure::Retryable { cause, retry_after }) => {
                self.put_off(&pending, cause, retry_after).await
            }
            Err(Failure::Final { cause, usage }) => {
                self.apologise(&pending, cause, usage.unwrap_or_default()).await
            }
        }
    }

    /// The newest messages of the room, the question among them, with what was said before it.
    async fn history(&self, pending: &Pending) -> Result<Vec<Message>, StoreError> {
        let (room, question) = (pending.chatroom_id, pending.message_id);
        let newest = self.store.messages(room, Direction::Latest, HISTORY).await?;
        let oldest = newest.messages.first().map_or(question, |message| message.id);
        let before = newest.messages.iter().filter(|message| message.id < question).count();
        if !newest.more || before >= usize::from(HISTORY / 2) {
            return Ok(newest.messages);
        }
        // So many have been asked since that they fill the page.
        let older = Direction::Before(oldest.min(question));
        let mut history = self.store.messages(room, older, HISTORY).await?.messages;
        if question < oldest {
            history.extend(self.store.message(room, question).await?);
        }
        history.extend(newest.messages);
        Ok(history)
    }

    async fn put_off(
        &self,
        pending: &Pending,
        cause: Cause,
        retry_after: Option<Duration>,
    ) -> Result<Outcome, StoreError> {
        let now = self.clock.now();
        let Some(attempts) = self.store.count_failed_attempt(pending, now).await? else {
            return Ok(Outcome::Settled);
        };
        match retry::next(attempts, retry_after, now, rand::random()) {
            Next::Retry(wait) => {
                tracing::warn!(
                    ReplyRetries = 1,
                    gemini.cause = cause.name(),
                    attempts = attempts.count,
                    wait_ms = millis(wait),
                    "put off"
                );
                Ok(Outcome::Again(wait))
            }
            Next::GiveUp => self.apologise(pending, cause, Usage::default()).await,
        }
    }

    /// Says that there will be no answer, in words that hold nothing of the model's service.
    async fn apologise(
        &self,
        pending: &Pending,
        cause: Cause,
        usage: Usage,
    ) -> Result<Outcome, StoreError> {
        let id = self.ids.next_after(pending.message_id, self.clock.now());
        let apology = Apology { id, content: cause.sentence(), usage };
        match self.store.fail(pending, &apology).await? {
            Settled::Done => count_failed(cause, usage),
            vain => log_vain(vain),
        }
        Ok(Outcome::Settled)
    }

    /// The time that the answer took runs from when the question was accepted, which its id tells.
    fn count_answered(&self, question: MessageId, usage: Usage) {
        let took = self.clock.now().duration_since(question.created_at());
        tracing::info!(
            RepliesAnswered = 1,
            ReplyLatency = millis(took.try_into().unwrap_or_default()),
            InputTokens = usage.input_tokens,
            OutputTokens = usage.output_tokens,
            "replied"
        );
    }
}

fn count_failed(cause: Cause, usage: Usage) {
    let (input, output) = (usage.input_tokens, usage.output_tokens);
    if cause.needs_operator() {
        tracing::error!(
            RepliesFailed = 1,
            ModelRefusals = u64::from(cause != Cause::Unexpected),
            InputTokens = input,
            OutputTokens = output,
            gemini.cause = cause.name(),
            "failed: an operator has to look at this"
        );
    } else {
        tracing::warn!(
            RepliesFailed = 1,
            InputTokens = input,
            OutputTokens = output,
            gemini.cause = cause.name(),
            "failed"
        );
    }
}

/// A reply that was made in vain.
fn log_vain(settled: Settled) {
    if settled == Settled::Gone {
        tracing::info!("the room is gone: nobody waits for this reply");
    } else {
        tracing::info!("settled before: another delivery was faster");
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
