//! Messages: the table `messages`, by room and id, and its sparse index of what is pending.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    Store, StoreError, corrupt,
    keys::{self, Item, SHARDS, ms, n, s},
    write::{Outcome, Write},
};
use crate::domain::{ChatroomId, Message, MessageId, Side, Status, Usage, UserId};

/// Which page of a room's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The newest messages.
    Latest,
    /// The ones just before this.
    Before(MessageId),
    /// The ones just after this.
    After(MessageId),
}

/// A page of a room's history, oldest first.
#[derive(Debug)]
pub struct MessagePage {
    /// The messages.
    pub messages: Vec<Message>,
    /// Whether more lie in the direction that was asked for.
    pub more: bool,
}

/// A question that waits for its reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Pending {
    /// Who asked.
    pub user_id: UserId,
    /// Where.
    pub chatroom_id: ChatroomId,
    /// What.
    pub message_id: MessageId,
}

/// How often a question has been put to the model in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailedAttempts {
    /// The failed attempts so far, this one included.
    pub count: u32,
    /// When the first one failed.
    pub since: Timestamp,
}

#[derive(Deserialize)]
struct Record {
    message_id: MessageId,
    content: String,
    status: Status,
    #[serde(default)]
    reply_id: Option<MessageId>,
    #[serde(default)]
    reply_to: Option<MessageId>,
    #[serde(default)]
    finish_reason: Option<String>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct AttemptsRecord {
    attempts: u32,
    first_attempt_at: i64,
}

impl Store {
    /// One message of a room. One round trip.
    pub async fn message(
        &self,
        room: ChatroomId,
        id: MessageId,
    ) -> Result<Option<Message>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.tables.messages)
            .set_key(Some(keys::message(room, id)))
            .consistent_read(true)
            .send()
            .await?;
        answer.item.map(|item| message(room, item)).transpose()
    }

    /// A page of a room's history, at most `limit` messages. Its cost does not depend on how long
    /// the room is. One round trip.
    pub async fn messages(
        &self,
        room: ChatroomId,
        direction: Direction,
        limit: u16,
    ) -> Result<MessagePage, StoreError> {
        page(self.history(room, direction, limit), room, direction, limit).await
    }

    /// The same page with no more of each message than a model is shown, or what tells whether it is
    /// shown: what was said, by whom, and whether it is settled. One round trip.
    pub async fn turns(
        &self,
        room: ChatroomId,
        direction: Direction,
        limit: u16,
    ) -> Result<MessagePage, StoreError> {
        let query = self
            .history(room, direction, limit)
            .projection_expression("message_id, content, #status, reply_to")
            .expression_attribute_names("#status", "status");
        page(query, room, direction, limit).await
    }

    fn history(&self, room: ChatroomId, direction: Direction, limit: u16) -> QueryFluentBuilder {
        let query = self
            .client
            .query()
            .table_name(&self.tables.messages)
            .expression_attribute_values(":room", s(room))
            .consistent_read(true)
            .scan_index_forward(matches!(direction, Direction::After(_)))
            // One more than asked for tells whether there is another page.
            .limit(i32::from(limit) + 1);
        match direction {
            Direction::Latest => query.key_condition_expression("chatroom_id = :room"),
            Direction::Before(id) => query
                .key_condition_expression("chatroom_id = :room AND message_id < :id")
                .expression_attribute_values(":id", s(id)),
            Direction::After(id) => query
                .key_condition_expression("chatroom_id = :room AND message_id > :id")
                .expression_attribute_values(":id", s(id)),
        }
    }

    /// Notes that a question was put to the model in vain, and tells how often by now; none if it
    /// is not pending any more. One round trip.
    pub async fn count_failed_attempt(
        &self,
        question: &Pending,
        now: Timestamp,
    ) -> Result<Option<FailedAttempts>, StoreError> {
        let write = Write::update(
            &self.tables.messages,
            keys::message(question.chatroom_id, question.message_id),
            "SET first_attempt_at = if_not_exists(first_attempt_at, :now) ADD attempts :one",
        )
        .only_if("#status = :pending")
        .value(":pending", s(Status::Pending.as_str()))
        .value(":now", ms(now))
        .value(":one", n(1));
        let Outcome::Done(item) = self.update(write).await? else { return Ok(None) };
        let record: AttemptsRecord = serde_dynamo::from_item(item).map_err(corrupt)?;
        let since = Timestamp::from_millisecond(record.first_attempt_at).map_err(corrupt)?;
        Ok(Some(FailedAttempts { count: record.attempts, since }))
    }

    /// The pending questions that were asked before `before`, the oldest first, at most `limit` of
    /// each of the index's partitions. One round trip for each partition, all at once.
    pub async fn pending_before(
        &self,
        before: Timestamp,
        limit: u16,
    ) -> Result<Vec<Pending>, StoreError> {
        let queries = (0..SHARDS).map(|shard| {
            self.client
                .query()
                .table_name(&self.tables.messages)
                .index_name(keys::PENDING_INDEX)
                .key_condition_expression("pending_shard = :shard AND message_id < :before")
                .expression_attribute_values(":shard", n(shard))
                .expression_attribute_values(":before", s(MessageId::lowest_at(before)))
                .limit(limit.into())
                .send()
        });
        let answers = futures_util::future::try_join_all(queries).await?;
        let items = answers.into_iter().flat_map(|answer| answer.items.unwrap_or_default());
        let mut pending: Vec<Pending> =
            serde_dynamo::from_items(items.collect::<Vec<_>>()).map_err(corrupt)?;
        pending.sort_unstable_by_key(|question| question.message_id);
        Ok(pending)
    }
}

async fn page(
    query: QueryFluentBuilder,
    room: ChatroomId,
    direction: Direction,
    limit: u16,
) -> Result<MessagePage, StoreError> {
    let answer = query.send().await?;
    // A page of DynamoDB's own ends at 1 MB, before our limit, when messages are long.
    let cut = answer.last_evaluated_key.is_some();
    let mut items = answer.items.unwrap_or_default();
    let more = cut || items.len() > usize::from(limit);
    items.truncate(limit.into());
    if !matches!(direction, Direction::After(_)) {
        items.reverse();
    }
    let messages = items.into_iter().map(|item| message(room, item)).collect::<Result<_, _>>()?;
    Ok(MessagePage { messages, more })
}

fn message(room: ChatroomId, item: Item) -> Result<Message, StoreError> {
    let record: Record = serde_dynamo::from_item(item).map_err(corrupt)?;
    let side = match record.reply_to {
        None => Side::Question { status: record.status, reply_id: record.reply_id },
        Some(reply_to) => Side::Reply {
            reply_to,
            failed: record.status == Status::Failed,
            finish_reason: record.finish_reason,
            usage: record.usage,
        },
    };
    Ok(Message { id: record.message_id, chatroom_id: room, content: record.content, side })
}
