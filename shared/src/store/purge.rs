//! Purging what was deleted, in bounded batches, so that a room of 100,000 messages is no special
//! case.

use std::time::Duration;

use aws_sdk_dynamodb::{
    operation::delete_item::DeleteItemError,
    types::{AttributeValue, DeleteRequest, WriteRequest},
};
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    Store, StoreError, corrupt,
    keys::{self, Item, SHARDS, n, s},
};
use crate::domain::{ChatroomId, UserId};

/// The most items of one BatchWriteItem (a limit of DynamoDB).
const BATCH: usize = 25;
/// How often the unprocessed rest of a batch is sent again.
const BATCH_TRIES: u32 = 6;

/// How far a purge has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purged {
    /// Items deleted by this call.
    pub items: usize,
    /// Nothing is left.
    pub finished: bool,
}

#[derive(Deserialize)]
struct RoomKey {
    user_id: UserId,
    chatroom_id: ChatroomId,
}

impl Store {
    /// Rooms that wait to be purged, at most `limit` of each of the index's partitions. One round
    /// trip for each partition, all at once.
    pub async fn rooms_to_purge(
        &self,
        limit: u16,
    ) -> Result<Vec<(UserId, ChatroomId)>, StoreError> {
        let items = self.to_purge(&self.tables.chatrooms, limit).await?;
        let rooms: Vec<RoomKey> = serde_dynamo::from_items(items).map_err(corrupt)?;
        Ok(rooms.into_iter().map(|room| (room.user_id, room.chatroom_id)).collect())
    }

    /// Accounts that wait to be purged, at most `limit` of each of the index's partitions. One
    /// round trip for each partition, all at once.
    pub async fn accounts_to_purge(&self, limit: u16) -> Result<Vec<UserId>, StoreError> {
        let items = self.to_purge(&self.tables.users, limit).await?;
        items.iter().map(keys::user_of).collect()
    }

    async fn to_purge(&self, table: &str, limit: u16) -> Result<Vec<Item>, StoreError> {
        let queries = (0..SHARDS).map(|shard| {
            self.client
                .query()
                .table_name(table)
                .index_name(keys::PURGE_INDEX)
                .key_condition_expression("purge_shard = :shard")
                .expression_attribute_values(":shard", n(shard))
                .limit(limit.into())
                .send()
        });
        let answers = futures_util::future::try_join_all(queries).await?;
        Ok(answers.into_iter().flat_map(|answer| answer.items.unwrap_or_default()).collect())
    }

    /// Deletes up to `limit` messages of a deleted room; it has none if no item is deleted. One round
    /// trip, and one for every 25 messages.
    pub async fn purge_messages(&self, room: ChatroomId, limit: u16) -> Result<Purged, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.tables.messages)
            .key_condition_expression("chatroom_id = :room")
            .expression_attribute_values(":room", s(room))
            .projection_expression("chatroom_id, message_id")
            .consistent_read(true)
            .limit(limit.into())
            .send()
            .await?;
        let found = answer.items.unwrap_or_default();
        let items = self.delete_all(&self.tables.messages, found).await?;
        Ok(Purged { items, finished: false })
    }

    /// Deletes a deleted room in which no message was found, and no message was deleted lately. One round
    /// trip.
    ///
    /// A reply that was under way may come between a look and the deletions, so only a look that finds
    /// nothing shows that nothing is left, and that nothing can come any more: no question is added to a
    /// deleted room ([`Store::accept`]), and a reply only where its question is still there and pending
    /// ([`Store::answer`]). The ids are read in their order, a question's before its reply's: whose
    /// question was gone had its reply written before, or never gets one.
    ///
    /// "Lately" is a run of the sweeper, because a query may show a transaction half written
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html>): its
    /// answered question, which goes, and its reply a moment later.
    pub async fn purge_room(&self, user: UserId, room: ChatroomId) -> Result<Purged, StoreError> {
        self.delete_one(&self.tables.chatrooms, keys::chatroom(user, room)).await?;
        Ok(Purged { items: 1, finished: true })
    }

    /// Whether anything is left of `user`'s rooms, those included that are deleted from view. One
    /// round trip.
    pub async fn has_rooms(&self, user: UserId) -> Result<bool, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.tables.chatrooms)
            .key_condition_expression("user_id = :user")
            .expression_attribute_values(":user", s(user))
            .projection_expression("chatroom_id")
            .consistent_read(true)
            .limit(1)
            .send()
            .await?;
        Ok(answer.items.is_some_and(|items| !items.is_empty()))
    }

    /// Deletes from view up to `limit` rooms of `user`; `finished` if that was all of them. One round
    /// trip, and one for every room, all of these at once.
    ///
    /// As long as there is an account, rooms may be opened meanwhile. For one that is gone nobody
    /// opens any, and a consistent read sees all that there are.
    pub async fn delete_rooms_of(
        &self,
        user: UserId,
        limit: u16,
        now: Timestamp,
    ) -> Result<Purged, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.tables.chatrooms)
            .index_name(keys::ACTIVITY_INDEX)
            .key_condition_expression("user_id = :user")
            .expression_attribute_values(":user", s(user))
            .projection_expression("user_id, chatroom_id")
            .consistent_read(true)
            .limit(limit.into())
            .send()
            .await?;
        let more = answer.last_evaluated_key.is_some();
        let rooms: Vec<RoomKey> =
            serde_dynamo::from_items(answer.items.unwrap_or_default()).map_err(corrupt)?;
        let deletions = rooms.iter().map(|room| self.delete_chatroom(user, room.chatroom_id, now));
        futures_util::future::try_join_all(deletions).await?;
        Ok(Purged { items: rooms.len(), finished: !more })
    }

    /// Deletes up to `limit` items of a deleted account, its tombstone last. One round trip, and
    /// one for every 25 items. Its rooms have to be purged before ([`Store::has_rooms`]): nothing else
    /// leads to them, and as long as a question waits in one, its reply may be counted in the account's
    /// usage. The tombstone stays, and the purge unfinished, as long as there may be a subscription to
    /// cancel.
    pub async fn purge_account(&self, user: UserId, limit: u16) -> Result<Purged, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.tables.users)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", s(keys::user_pk(user)))
            .projection_expression("pk, sk")
            .consistent_read(true)
            .limit(limit.into())
            .send()
            .await?;
        let more = answer.last_evaluated_key.is_some();
        let tombstone = keys::profile(user);
        let mut items = answer.items.unwrap_or_default();
        items.retain(|item| *item != tombstone);
        let mut purged = self.delete_all(&self.tables.users, items).await?;
        let finished = !more && self.delete_tombstone(tombstone).await?;
        purged += usize::from(finished);
        Ok(Purged { items: purged, finished })
    }

    /// `false` if the account's billing is not settled.
    async fn delete_tombstone(&self, key: Item) -> Result<bool, StoreError> {
        let deletion = self
            .client
            .delete_item()
            .table_name(&self.tables.users)
            .set_key(Some(key))
            .condition_expression("attribute_not_exists(billing_shard)");
        match deletion.send().await {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DeleteItemError::is_conditional_check_failed_exception) =>
            {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn delete_one(&self, table: &str, key: Item) -> Result<(), StoreError> {
        self.client.delete_item().table_name(table).set_key(Some(key)).send().await?;
        Ok(())
    }

    async fn delete_all(&self, table: &str, keys: Vec<Item>) -> Result<usize, StoreError> {
        let count = keys.len();
        for batch in keys.chunks(BATCH) {
            let requests = batch.iter().cloned().map(delete_request).collect::<Result<_, _>>()?;
            self.write_batch(table, requests).await?;
        }
        Ok(count)
    }

    async fn write_batch(
        &self,
        table: &str,
        requests: Vec<WriteRequest>,
    ) -> Result<(), StoreError> {
        let mut rest = Some([(table.to_owned(), requests)].into());
        for tried in 0..BATCH_TRIES {
            let answer = self.client.batch_write_item().set_request_items(rest).send().await?;
            rest = answer.unprocessed_items.filter(|items| !items.is_empty());
            if rest.is_none() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50 << tried)).await;
        }
        Err(StoreError::Unavailable("throttled".to_owned()))
    }
}

fn delete_request(
    key: std::collections::HashMap<String, AttributeValue>,
) -> Result<WriteRequest, StoreError> {
    let delete = DeleteRequest::builder().set_key(Some(key)).build().map_err(corrupt)?;
    Ok(WriteRequest::builder().delete_request(delete).build())
}
