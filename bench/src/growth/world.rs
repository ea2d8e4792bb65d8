//! Accounts and rooms of the sizes that are compared.

use std::cell::Cell;

use serde_json::{Value, json};
use tests::User;

use crate::load::{
    client::Connection,
    endpoints::{id, opening, sending},
    server::Server,
};

/// The most writes of a transaction at DynamoDB.
const WRITES: usize = 100;

/// How much there is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Messages of the room, even.
    pub(crate) messages: usize,
    /// Rooms of the account.
    pub(crate) rooms: usize,
}

/// An account of its own, and the room in it.
pub(crate) struct World {
    pub(crate) user: User,
    pub(crate) room: String,
}

/// The first messages of every room, by way of the API: they are what a page shows, so that the pages
/// compared are equally long. All others are copies of them, and older.
pub(crate) const NEWEST: usize = 10;

impl World {
    /// Makes one.
    pub(crate) async fn new(server: &Server, size: Size) -> Self {
        let mut users = server.users(1).await;
        let user = users.remove(0);
        let mut connection = Connection::open(&server.address()).await;
        let room = id(&connection.ask(&opening(&user)).await.expect(201).json());
        for _ in 0..NEWEST / 2 {
            connection.ask(&sending(&user, &room)).await.expect(202);
        }
        server.drained().await;
        let me = user.get("/user/me").await.expect(200).string("id");
        let messages = Partition::new("messages", ["chatroom_id", "message_id"], &room);
        messages.grow(server, size.messages).await;
        Partition::new("chatrooms", ["user_id", "chatroom_id"], &me).grow(server, size.rooms).await;
        Self { user, room }
    }
}

/// The items of a table with one partition key.
struct Partition<'a> {
    table: &'a str,
    hash: &'a str,
    range: &'a str,
    value: &'a str,
    copies: Cell<usize>,
}

impl<'a> Partition<'a> {
    fn new(table: &'a str, [hash, range]: [&'a str; 2], value: &'a str) -> Self {
        Self { table, hash, range, value, copies: Cell::default() }
    }

    /// Writes each of its items again and again, under other ids, until there are `length`.
    async fn grow(&self, server: &Server, length: usize) {
        let items = self.items(server).await;
        let missing = length.checked_sub(items.len()).expect("there are no more than that");
        let puts: Vec<_> = items.iter().cycle().take(missing).map(|item| self.put(item)).collect();
        for batch in puts.chunks(WRITES) {
            server.dynamodb("TransactWriteItems", &json!({ "TransactItems": batch })).await;
        }
        assert_eq!(self.count(server).await, length, "{}", self.table);
    }

    /// A copy, under an id that sorts before those of all originals: it has the time of the partition,
    /// and a number where ids have 16 random characters (<https://github.com/ulid/spec>).
    fn put(&self, item: &Value) -> Value {
        let old = item[self.range]["S"].as_str().unwrap();
        let number = self.copies.replace(self.copies.get() + 1);
        let new = format!("{}{number:016}", &self.value[..10]);
        let item: Value = item.to_string().replace(old, &new).parse().unwrap();
        json!({ "Put": { "TableName": self.table, "Item": item } })
    }

    async fn items(&self, server: &Server) -> Vec<Value> {
        let found = server.dynamodb("Query", &self.query(&json!({}))).await;
        found["Items"].as_array().unwrap().clone()
    }

    /// How many there are, page by page.
    async fn count(&self, server: &Server) -> usize {
        let (mut count, mut start) = (0, Value::Null);
        loop {
            let page = json!({ "Select": "COUNT", "ExclusiveStartKey": start });
            let found = server.dynamodb("Query", &self.query(&page)).await;
            count += usize::try_from(found["Count"].as_u64().unwrap()).unwrap();
            start = found["LastEvaluatedKey"].clone();
            if start.is_null() {
                return count;
            }
        }
    }

    fn query(&self, more: &Value) -> Value {
        let mut query = json!({
            "TableName": self.table,
            "KeyConditionExpression": format!("{} = :partition", self.hash),
            "ExpressionAttributeValues": { ":partition": { "S": self.value } },
        });
        for (name, value) in more.as_object().unwrap() {
            query[name] = value.clone();
        }
        query
    }
}
