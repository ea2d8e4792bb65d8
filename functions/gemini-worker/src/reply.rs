//! Answering one message, and before it what was asked in its room earlier and still waits.
//!
//! A question may have no job, or a later one than the questions behind it: SQS did not take it, or
//! the sender's function died before it could ask. Were only jobs gone by, the room would be out of
//! order until the sweeper comes. What is read for context shows such questions.
//!
//! `tests/tests/protocol` is a model of all this, checked exhaustively; `tests/src/chaos` tries the
//! same promises on the running backend.

use std::time::Duration;

use shared::{
    aws::OPERATION,
    domain::{Chatroom, Message, MessageId, Side, Status, Usage},
    queue::Job,
    store::{Answer, Apology, Direction, Pending, Settled, StoreError},
};
use tokio::time::timeout;
use tracing::Instrument;

use crate::{
    Worker, context,
    gemini::{Cause, Failure},
    retry::{self, Next},
};

/// How many messages of a room are read for context: twenty questions with answers of 400 tokens are what
/// the budget holds. Each is read, paid for and taken apart for every reply, so a page has no more.
const HISTORY: u16 = 40;

/// How many pages of as many are read at the most, to find the first question that waits and what
/// was said before it.
const PAGES: u16 = 15;

/// What becomes of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// There is nothing left to do: acknowledge it.
    Settled,
    /// An earlier question of the room was settled; the job itself is to be looked at again.
    Earlier,
    /// To be tried again after this.
    Again(Duration),
}

impl Worker {
    /// Settles one question: answers it, or says clearly why not, or puts it off. It is the message
    /// of `job`, unless earlier ones of its room wait too: then it is the first of these, as far back
    /// as [`PAGES`] reach.
    pub(crate) async fn reply(&self, job: &Job) -> Result<Outcome, StoreError> {
        let asked = Pending {
            user_id: job.user_id,
            chatroom_id: job.chatroom_id,
            message_id: job.message_id,
        };
        let (Some(room), history) = self.read(&asked).await? else {
            tracing::info!("the room is gone: nobody waits for this reply");
            return Ok(Outcome::Settled);
        };
        let Some(question) = history.iter().find(|message| message.id == job.message_id) else {
            tracing::info!("the message is gone: nobody waits for this reply");
            return Ok(Outcome::Settled);
        };
        if !waits(question) {
            tracing::info!("settled before: delivered once more");
            return Ok(Outcome::Settled);
        }
        let first = match first_waiting(&history, question.id) {
            Some(first) if first.id < question.id => first,
            _ => return self.settle(&asked, room, &history, question).await,
        };
        tracing::info!("an earlier question of the room waits: it comes first");
        let first_asked = Pending { message_id: first.id, ..asked };
        let settling = self.settle(&first_asked, room, &history, first);
        let outcome = settling.instrument(span(&first_asked)).await?;
        Ok(if outcome == Outcome::Settled { Outcome::Earlier } else { outcome })
    }

    /// Puts a question to the model, and writes what came of it.
    async fn settle(
        &self,
        pending: &Pending,
        room: Chatroom,
        history: &[Message],
        question: &Message,
    ) -> Result<Outcome, StoreError> {
        let prompt =
            context::prompt(history, question, room.system_instruction, self.context_tokens);
        match self.gemini.generate(&prompt).await {
            Ok(answer) => {
                let answer = Answer {
                    id: self.ids.next_after(question.id, self.clock.now()),
                    content: &answer.text,
                    finish_reason: answer.finish_reason.as_str(),
                    usage: answer.usage,
                };
                match self.store.answer(pending, &answer).await? {
                    Settled::Done => self.count_answered(question.id, answer.usage),
                    vain => log_vain(vain),
                }
                Ok(Outcome::Settled)
            }
            Err(Failure::Retryable { cause, retry_after }) => {
                self.put_off(pending, cause, retry_after).await
            }
            Err(Failure::Final { cause, usage }) => {
                self.apologise(pending, cause, usage.unwrap_or_default()).await
            }
        }
    }

    /// The room, none if it is gone, and what [`Worker::history`] reads of it: in the time of one call
    /// of DynamoDB, however many it takes.
    async fn read(&self, asked: &Pending) -> Result<(Option<Chatroom>, Vec<Message>), StoreError> {
        let room = self.store.chatroom(asked.user_id, asked.chatroom_id);
        let reading = async { tokio::try_join!(room, self.history(asked)) };
        let late = |_| StoreError::Unavailable("the room was not read in time".to_owned());
        timeout(OPERATION, Box::pin(reading)).await.map_err(late)?
    }

    /// The newest messages of the room, the question among them, back to the first that waits, and
    /// what was said before that: half a page, or as much as the model is shown. No more than [`PAGES`]
    /// are read; where they don't reach so far, the first that they show counts as the first, with less
    /// before it or nothing.
    ///
    /// A room is settled in order, so before one that is settled none waits. Those that wait behind the
    /// first are not kept: a page may be a megabyte, and ten rooms are answered side by side.
    async fn history(&self, asked: &Pending) -> Result<Vec<Message>, StoreError> {
        let (room, question) = (asked.chatroom_id, asked.message_id);
        let newest = self.store.turns(room, Direction::Latest, HISTORY).await?;
        let (mut history, mut more) = (newest.messages, newest.more);
        let oldest = history.first().map_or(question, |message| message.id);
        if more && question < oldest {
            // So many have been asked since that they fill the page.
            history.extend(self.store.message(room, question).await?);
        }
        let mut read_from = oldest.min(question);
        for _ in 1..PAGES {
            let first = first_waiting(&history, question).map_or(question, |message| message.id);
            history
                .retain(|message| message.id <= first || message.id == question || !waits(message));
            let before = history.iter().filter(|message| message.id < first).count();
            let is_enough = before >= usize::from(HISTORY / 2)
                || context::overflows(&history, first, self.context_tokens);
            if !more || is_enough {
                break;
            }
            let older = self.store.turns(room, Direction::Before(read_from), HISTORY).await?;
            more = older.more;
            read_from = older.messages.first().map_or(read_from, |message| message.id);
            history.extend(older.messages);
        }
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

fn waits(message: &Message) -> bool {
    matches!(message.side, Side::Question { status: Status::Pending, .. })
}

/// The first question of `history` that waits, up to `last`.
fn first_waiting(history: &[Message], last: MessageId) -> Option<&Message> {
    let waiting = history.iter().filter(|message| message.id <= last && waits(message));
    waiting.min_by_key(|message| message.id)
}

/// The fields of every line about a question that is settled in the course of another one's job:
/// that one's request and trace are not its own.
fn span(question: &Pending) -> tracing::Span {
    tracing::info_span!(
        parent: None,
        "earlier",
        user_id = %question.user_id,
        chatroom_id = %question.chatroom_id,
        message_id = %question.message_id,
    )
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
