//! Settling a question: exactly one reply, or one clear failure, however often it is tried.
//!
//! Whether the room is open is no condition. Whoever asks the model has read that it is; if it is
//! deleted meanwhile (or before, of what is given up after an hour), the reply goes where nobody looks, because every reader looks at the room, and
//! from there with all the rest ([`Store::purge_room`]). The tokens were spent, and count.

use jiff::civil::Date;

use super::{
    Pending, Store, StoreError,
    keys::{self, n, s},
    write::{Transacted, Write},
};
use crate::domain::{MessageId, Status, Usage, clock};

/// The model's answer.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The reply's id.
    pub id: MessageId,
    /// What it says.
    pub content: &'a str,
    /// Why the model stopped.
    pub finish_reason: &'a str,
    /// What it cost.
    pub usage: Usage,
}

/// A reply that says that there will be none.
#[derive(Debug)]
pub struct Apology<'a> {
    /// The reply's id.
    pub id: MessageId,
    /// What it says.
    pub content: &'a str,
    /// What the vain attempt cost, where the model said so.
    pub usage: Usage,
}

/// What became of settling a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// The reply stands.
    Done,
    /// It was settled before: there is a reply already.
    Before,
    /// The question is gone, and its room with it: nobody waits any more.
    Gone,
}

const QUESTION: usize = 0;
const REFUND: usize = 3;

impl Store {
    /// Writes the answer to a question that is still pending. One round trip.
    pub async fn answer(
        &self,
        question: &Pending,
        answer: &Answer<'_>,
    ) -> Result<Settled, StoreError> {
        let mut reply = Self::reply_item(question, answer.id, answer.content, Status::Answered);
        reply.insert("finish_reason".to_owned(), s(answer.finish_reason));
        reply.insert("usage".to_owned(), usage(answer.usage));
        let writes = vec![
            self.flip(question, Status::Answered, answer.id),
            Write::put(&self.tables.messages, reply),
            self.count_usage(question.user_id, day_of(question), false, answer.usage),
        ];
        self.settle(writes).await.map(|(settled, _)| settled)
    }

    /// Writes that there will be no answer, and gives the unit of the quota back. One round trip,
    /// and a second if the day of the question is over: then there is nothing to give back.
    pub async fn fail(
        &self,
        question: &Pending,
        apology: &Apology<'_>,
    ) -> Result<Settled, StoreError> {
        let reply = Self::reply_item(question, apology.id, apology.content, Status::Failed);
        let day = day_of(question);
        let mut writes = vec![
            self.flip(question, Status::Failed, apology.id),
            Write::put(&self.tables.messages, reply),
            self.count_usage(question.user_id, day, true, apology.usage),
            self.refund(question, day),
        ];
        let (settled, refund_refused) = self.settle(writes.clone()).await?;
        if !refund_refused {
            return Ok(settled);
        }
        writes.truncate(REFUND);
        self.settle(writes).await.map(|(settled, _)| settled)
    }

    /// The outcome, and whether only the refund stood in the way.
    async fn settle(&self, writes: Vec<Write>) -> Result<(Settled, bool), StoreError> {
        let Transacted::Refused(refused) = self.transact(writes).await? else {
            return Ok((Settled::Done, false));
        };
        Ok(match refused.get(QUESTION).and_then(Option::as_ref) {
            Some(question) if question.item.is_empty() => (Settled::Gone, false),
            Some(_) => (Settled::Before, false),
            None => (Settled::Before, true),
        })
    }

    /// Takes the question out of the pending ones: the condition that makes the reply the only one.
    fn flip(&self, question: &Pending, status: Status, reply: MessageId) -> Write {
        Write::update(
            &self.tables.messages,
            keys::message(question.chatroom_id, question.message_id),
            "SET #status = :status, reply_id = :reply REMOVE pending_shard",
        )
        .only_if("#status = :pending")
        .value(":status", s(status.as_str()))
        .value(":pending", s(Status::Pending.as_str()))
        .value(":reply", s(reply))
    }

    fn refund(&self, question: &Pending, day: Date) -> Write {
        let key = keys::profile(question.user_id);
        Write::update(&self.tables.users, key, "SET used = used - :one")
            .only_if("usage_day = :day AND used > :zero")
            .value(":one", n(1))
            .value(":zero", n(0))
            .value(":day", s(day))
    }

    fn reply_item(question: &Pending, id: MessageId, content: &str, status: Status) -> keys::Item {
        let mut item = keys::message(question.chatroom_id, id);
        item.extend([
            ("user_id".to_owned(), s(question.user_id)),
            ("content".to_owned(), s(content)),
            ("status".to_owned(), s(status.as_str())),
            ("reply_to".to_owned(), s(question.message_id)),
        ]);
        item
    }
}

/// The day whose quota the question has used.
fn day_of(question: &Pending) -> Date {
    clock::day(question.message_id.created_at())
}

fn usage(usage: Usage) -> aws_sdk_dynamodb::types::AttributeValue {
    let fields = [("input_tokens", usage.input_tokens), ("output_tokens", usage.output_tokens)];
    let map = fields.map(|(name, tokens)| (name.to_owned(), n(tokens)));
    aws_sdk_dynamodb::types::AttributeValue::M(map.into())
}
