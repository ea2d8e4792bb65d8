//! Chatrooms: the table `chatrooms`, by user and id, and its index by last activity.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    Claim, FirstAnswer, Store, StoreError, corrupt,
    keys::{self, Item, ms, n, s},
    live::{LIVE, as_caller},
    write::{Outcome, Transacted, Write},
};
use crate::{
    aws::warm_up,
    domain::{
        Caller, Chatroom, ChatroomId, UserId,
        text::{RoomName, SystemInstruction},
    },
};

/// The condition on a room that it is there, and not deleted.
pub(super) const OPEN: &str = "attribute_exists(chatroom_id) AND attribute_not_exists(deleted_at)";

/// A room to be opened.
#[derive(Debug)]
pub struct NewChatroom {
    /// Its id.
    pub id: ChatroomId,
    /// Its name.
    pub name: RoomName,
    /// The client's idempotency key, if one came.
    pub claim: Option<Claim>,
}

/// What became of opening a room.
#[derive(Debug)]
pub enum Created {
    /// It is open.
    Done,
    /// The same request was answered before.
    Replayed(FirstAnswer),
    /// Another request has used the key.
    KeyReused,
    /// The caller's session has ended.
    SessionEnded,
}

/// What a room's owner changes: `None` leaves it.
#[derive(Debug, Default)]
pub struct ChatroomChange {
    /// The name.
    pub name: Option<RoomName>,
    /// The instruction; `Some(None)` clears it.
    pub system_instruction: Option<Option<SystemInstruction>>,
}

/// A page of a user's rooms, latest activity first.
#[derive(Debug)]
pub struct RoomPage {
    /// The rooms.
    pub rooms: Vec<Chatroom>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

#[derive(Deserialize)]
struct Record {
    user_id: UserId,
    chatroom_id: ChatroomId,
    name: String,
    #[serde(default)]
    system_instruction: Option<String>,
    updated_at: i64,
    #[serde(default)]
    last_message_at: Option<i64>,
}

impl Store {
    /// Connects, so that the first job doesn't have to: asks for a room that nobody has. See
    /// [`warm_up`]. One round trip.
    pub async fn warm_up_rooms(&self) {
        let (nobody, nowhere) = (UserId::from_bytes([0; 16]), ChatroomId::from_bytes([0; 16]));
        warm_up(self.chatroom(nobody, nowhere)).await;
    }

    /// Opens a room. One round trip.
    pub async fn create_chatroom(
        &self,
        caller: &Caller,
        room: &NewChatroom,
    ) -> Result<Created, StoreError> {
        let at = room.id.created_at();
        let mut item = keys::chatroom(caller.user_id, room.id);
        item.extend([
            ("name".to_owned(), s(room.name.as_str())),
            ("updated_at".to_owned(), ms(at)),
            ("activity".to_owned(), s(keys::activity(at, room.id))),
        ]);
        let profile = keys::profile(caller.user_id);
        let profile = Write::check(&self.tables.users, profile).only_if(LIVE);
        let mut writes = vec![as_caller(profile, caller), Write::put(&self.tables.chatrooms, item)];
        if let Some(claim) = &room.claim {
            writes.push(claim.write(&self.tables.users, caller.user_id, at)?);
        }
        let Transacted::Refused(refused) = self.transact(writes).await? else {
            return Ok(Created::Done);
        };
        match (&room.claim, refused.into_iter().nth(2).flatten()) {
            (Some(claim), Some(taken)) => {
                Ok(claim.first_answer(taken.item)?.map_or(Created::KeyReused, Created::Replayed))
            }
            _ => Ok(Created::SessionEnded),
        }
    }

    /// One room of `user`. One round trip.
    pub async fn chatroom(
        &self,
        user: UserId,
        id: ChatroomId,
    ) -> Result<Option<Chatroom>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.tables.chatrooms)
            .set_key(Some(keys::chatroom(user, id)))
            .consistent_read(true)
            .send()
            .await?;
        let open = answer.item.filter(|item| !item.contains_key("deleted_at"));
        open.map(chatroom).transpose()
    }

    /// Whether `user` has this room. One round trip.
    pub async fn has_chatroom(&self, user: UserId, id: ChatroomId) -> Result<bool, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.tables.chatrooms)
            .set_key(Some(keys::chatroom(user, id)))
            .projection_expression("chatroom_id, deleted_at")
            .consistent_read(true)
            .send()
            .await?;
        Ok(answer.item.is_some_and(|item| !item.contains_key("deleted_at")))
    }

    /// A page of `user`'s rooms, latest activity first, at most `limit` of them, from `cursor` on
    /// (the `next` of the page before). One round trip.
    pub async fn chatrooms(
        &self,
        user: UserId,
        limit: u16,
        cursor: Option<&str>,
    ) -> Result<RoomPage, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.tables.chatrooms)
            .index_name(keys::ACTIVITY_INDEX)
            .expression_attribute_values(":user", s(user))
            .scan_index_forward(false)
            .consistent_read(true)
            // One more than asked for tells whether there is a next page.
            .limit(i32::from(limit) + 1);
        let query = match cursor {
            None => query.key_condition_expression("user_id = :user"),
            Some(cursor) => query
                .key_condition_expression("user_id = :user AND activity < :cursor")
                .expression_attribute_values(":cursor", s(cursor)),
        };
        let answer = query.send().await?;
        // A page of DynamoDB's own ends at 1 MB, before our limit, when instructions are long.
        let cut = answer.last_evaluated_key.is_some();
        let mut items = answer.items.unwrap_or_default();
        let more = cut || items.len() > usize::from(limit);
        items.truncate(limit.into());
        let last = items.last().and_then(|item| item.get("activity")?.as_s().ok().cloned());
        let rooms = items.into_iter().map(chatroom).collect::<Result<_, _>>()?;
        Ok(RoomPage { rooms, next: last.filter(|_| more) })
    }

    /// Changes a room; none if there is no such room of the caller's. One round trip.
    pub async fn change_chatroom(
        &self,
        user: UserId,
        id: ChatroomId,
        change: &ChatroomChange,
        now: Timestamp,
    ) -> Result<Option<Chatroom>, StoreError> {
        let mut write = Write::update(
            &self.tables.chatrooms,
            keys::chatroom(user, id),
            match (&change.name, &change.system_instruction) {
                (Some(_), Some(_)) => {
                    "SET updated_at = :now, activity = :activity, #name = :name, system_instruction = :instruction"
                }
                (Some(_), None) => "SET updated_at = :now, activity = :activity, #name = :name",
                (None, Some(_)) => {
                    "SET updated_at = :now, activity = :activity, system_instruction = :instruction"
                }
                (None, None) => "SET updated_at = :now, activity = :activity",
            },
        )
        .only_if(OPEN)
        .value(":now", ms(now))
        .value(":activity", s(keys::activity(now, id)));
        if let Some(name) = &change.name {
            write = write.value(":name", s(name.as_str()));
        }
        if let Some(instruction) = &change.system_instruction {
            let value = instruction.as_ref().map(|text| s(text.as_str()));
            write = write.value(":instruction", value.unwrap_or(AttributeValue::Null(true)));
        }
        match self.update(write).await? {
            Outcome::Done(item) => chatroom(item).map(Some),
            Outcome::Refused(_) => Ok(None),
        }
    }

    /// Deletes a room from view; the sweeper purges what it held. `false` if there is no such room.
    /// One round trip.
    pub async fn delete_chatroom(
        &self,
        user: UserId,
        id: ChatroomId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let write = Write::update(
            &self.tables.chatrooms,
            keys::chatroom(user, id),
            "SET deleted_at = :now, purge_shard = :shard REMOVE activity, #name, system_instruction",
        )
        .only_if(OPEN)
        .value(":now", ms(now))
        .value(":shard", n(keys::shard(id.to_bytes())));
        Ok(match self.update(write).await? {
            Outcome::Done(_) => true,
            // Deleted at this very time: by this call, whose first answer was lost before the SDK tried
            // again.
            Outcome::Refused(item) => {
                item.is_some_and(|item| item.get("deleted_at") == Some(&ms(now)))
            }
        })
    }
}

fn chatroom(item: Item) -> Result<Chatroom, StoreError> {
    let record: Record = serde_dynamo::from_item(item).map_err(corrupt)?;
    let at = |millis| Timestamp::from_millisecond(millis).map_err(corrupt);
    Ok(Chatroom {
        id: record.chatroom_id,
        user_id: record.user_id,
        name: record.name,
        system_instruction: record.system_instruction,
        updated_at: at(record.updated_at)?,
        last_message_at: record.last_message_at.map(at).transpose()?,
    })
}
