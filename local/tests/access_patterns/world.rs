//! A world to measure in: a store on an embedded DynamoDB behind the [`Proxy`], and the people,
//! rooms and messages that a measurement needs. Nothing in it is left to chance, so a measurement
//! is the same each time.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use local::dynamodb::{Data, Embedded};
use serde_json::{Value, json};
use shared::{
    aws::Aws,
    config::Env,
    domain::{
        Caller, ChatroomId, Limits, MobileNumber, Tier, Usage, UserId,
        text::{Content, Email, FullName},
    },
    store::{
        Account, Answer, Challenge, Claim, FirstAnswer, NewChatroom, NewMessage, Pending, Purpose,
        Sent, Session, Settled, Signup, Store,
    },
};
use ulid::Ulid;

use crate::{proxy::Proxy, support::ask};

/// Noon, Unix seconds: 2026-11-21T12:00:00Z.
const NOON: i64 = 1_795_262_400;

/// As long as an Argon2id hash (PHC string) is with the parameters that are used.
pub(crate) const PASSWORD_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA\
    $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// As long as a SHA-256 in base64url.
pub(crate) const HASH: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What a Basic user may do.
pub(crate) const LIMITS: Limits =
    Limits { basic_daily_messages: 5, basic_per_minute: 120, pro_per_minute: 1_200 };
const NO_LIMITS: Limits =
    Limits { basic_daily_messages: 0, basic_per_minute: 0, pro_per_minute: 0 };

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) proxy: Proxy,
    /// A message of 500 characters, whoever says it.
    pub(crate) text: String,
    full_name: FullName,
    email: Email,
    seconds: AtomicI64,
    dynamodb: Embedded,
}

/// A user who has signed in.
pub(crate) struct Person {
    pub(crate) number: MobileNumber,
    pub(crate) account: Account,
    pub(crate) session: Session,
    pub(crate) caller: Caller,
}

impl World {
    pub(crate) async fn new() -> Self {
        let dynamodb = Embedded::start(Data::Memory).await.unwrap();
        let proxy = Proxy::start(dynamodb.url()).await;
        let env = dynamodb.env(Env::default()).with("AWS_ENDPOINT_URL_DYNAMODB", proxy.url());
        let store = Store::from_env(&env, &Aws::from_env(&env).unwrap()).unwrap();
        Self {
            store,
            proxy,
            text: "The answer is forty-two. ".repeat(20),
            full_name: "Ada Lovelace".to_owned().try_into().unwrap(),
            email: "ada.lovelace@example.org".to_owned().try_into().unwrap(),
            seconds: AtomicI64::new(NOON),
            dynamodb,
        }
    }

    /// A second later than the last time this was asked.
    pub(crate) fn now(&self) -> Timestamp {
        let seconds = self.seconds.fetch_add(1, Ordering::Relaxed);
        Timestamp::from_second(seconds).unwrap()
    }

    /// The same time on the next day.
    pub(crate) fn sleep(&self) {
        self.seconds.fetch_add(24 * 3_600, Ordering::Relaxed);
    }

    /// A new id, made now.
    pub(crate) fn id<T: From<Ulid>>(&self) -> T {
        let now = self.now().as_millisecond().unsigned_abs();
        T::from(Ulid::from_parts(now, u128::from(now / 1_000)))
    }

    pub(crate) fn number(&self) -> MobileNumber {
        MobileNumber::parse(&format!("+1415{:07}", self.now().as_second() % 10_000_000)).unwrap()
    }

    /// A signup with everything that can be given.
    pub(crate) fn signup<'a>(&'a self, number: &'a MobileNumber) -> Signup<'a> {
        let now = self.now();
        Signup {
            mobile_number: number,
            full_name: Some(&self.full_name),
            email: Some(&self.email),
            password: Some((PASSWORD_HASH, now)),
            contested: false,
            now,
            expires_at: later(now, 24),
        }
    }

    /// Signs up.
    pub(crate) async fn sign_up(&self, number: &MobileNumber) -> Account {
        let id: UserId = self.id();
        self.store.open_account(id, &self.signup(number)).await.unwrap();
        self.store.account(id, self.now()).await.unwrap().unwrap()
    }

    /// Sends a code.
    pub(crate) async fn challenge(&self, number: &MobileNumber, purpose: Purpose) -> Challenge {
        let challenge = self.new_challenge(purpose);
        let now = self.now();
        let put = self.store.put_challenge(number, &challenge, None, now).await.unwrap();
        if let Err(seen) = put {
            let put = self.store.put_challenge(number, &challenge, seen.as_ref(), now);
            put.await.unwrap().unwrap();
        }
        challenge
    }

    pub(crate) fn new_challenge(&self, purpose: Purpose) -> Challenge {
        let now = self.now();
        Challenge {
            purpose,
            code_hash: Some(HASH.to_owned()),
            attempts: 0,
            code_expires_at: later(now, 1).as_millisecond(),
            sent_at: vec![now.as_millisecond()],
            expires_at: later(now, 1).as_second(),
        }
    }

    /// What a sign-in to `account` keeps.
    pub(crate) fn session(&self, account: &Account) -> Session {
        Session {
            session_id: self.id(),
            user_id: account.user.id,
            family_hash: HASH.to_owned(),
            token_hash: HASH.to_owned(),
            generation: 0,
            expires_at: later(self.now(), 30 * 24).as_second(),
        }
    }

    /// Signs up and in.
    pub(crate) async fn person(&self) -> Person {
        let number = self.number();
        let account = self.sign_up(&number).await;
        let challenge = self.challenge(&number, Purpose::Login).await;
        let session = self.session(&account);
        let now = self.now();
        self.store.sign_in_with_code(&account, &challenge, &session, true, now).await.unwrap();
        let account = self.store.account(account.user.id, now).await.unwrap().unwrap();
        let caller = Caller {
            user_id: account.user.id,
            session_id: session.session_id,
            generation: 0,
            tier_hint: Tier::Basic,
            role_hint: None,
        };
        Person { number, account, session, caller }
    }

    pub(crate) async fn room(&self, owner: &Person) -> ChatroomId {
        let room = self.new_room();
        self.store.create_chatroom(&owner.caller, &room).await.unwrap();
        room.id
    }

    pub(crate) fn new_room(&self) -> NewChatroom {
        let name = "A weekend in Lisbon".to_owned().try_into().unwrap();
        NewChatroom { id: self.id(), name, claim: None }
    }

    /// A room with `length` messages: questions and their answers.
    pub(crate) async fn room_with(&self, owner: &Person, length: usize) -> ChatroomId {
        let room = self.room(owner).await;
        for _ in 0..length / 2 {
            self.answered(owner, room).await;
        }
        room
    }

    /// An idempotency key, as a client makes one, and an answer of the usual length.
    pub(crate) fn claim(&self) -> Claim {
        let (location, body) = ("/".repeat(75), self.text.clone());
        Claim {
            key: "7c9e6679-7425-40de-944b-e07fc1f90ae7".to_owned(),
            fingerprint: HASH.to_owned(),
            answer: FirstAnswer { location, body },
        }
    }

    pub(crate) fn content(&self) -> Content {
        self.text.clone().try_into().unwrap()
    }

    pub(crate) fn message<'a>(&self, room: ChatroomId, content: &'a Content) -> NewMessage<'a> {
        NewMessage { id: self.id(), chatroom_id: room, content, claim: None }
    }

    pub(crate) fn answer(&self) -> Answer<'_> {
        let usage = Usage { input_tokens: 420, output_tokens: 130 };
        Answer { id: self.id(), content: &self.text, finish_reason: "STOP", usage }
    }

    /// Writes each item of a partition again and again, under other ids, until there are `length`.
    /// Copies are what the store would have written, made in a fraction of the time.
    pub(crate) async fn copy(&self, table: &str, key: [&str; 2], partition: &str, length: usize) {
        let [hash, range] = key;
        let query = json!({
            "TableName": table, "KeyConditionExpression": format!("{hash} = :partition"),
            "ExpressionAttributeValues": { ":partition": { "S": partition } },
        });
        let found = ask(self.dynamodb.url(), "Query", &query).await;
        let items = found["Items"].as_array().unwrap();
        let copy = |item: &Value| {
            let (old, new) = (item[range]["S"].as_str().unwrap(), self.id::<Ulid>().to_string());
            let item: Value = item.to_string().replace(old, &new).parse().unwrap();
            json!({ "PutRequest": { "Item": item } })
        };
        let copies = items.iter().cycle().take(length - items.len());
        let puts: Vec<Value> = copies.map(copy).collect();
        for batch in puts.chunks(25) {
            let write = json!({ "RequestItems": { table: batch } });
            let written = ask(self.dynamodb.url(), "BatchWriteItem", &write).await;
            assert_eq!(written["UnprocessedItems"], json!({}), "{written}");
        }
    }

    /// Asks, and is answered.
    pub(crate) async fn answered(&self, person: &Person, room: ChatroomId) -> Pending {
        let question = self.ask(person, room).await;
        let settled = self.store.answer(&question, &self.answer()).await.unwrap();
        assert_eq!(settled, Settled::Done);
        question
    }

    /// Asks, whatever the day's quota.
    pub(crate) async fn ask(&self, person: &Person, room: ChatroomId) -> Pending {
        let content = self.content();
        let message = self.message(room, &content);
        let sent = self.store.accept(&person.caller, &message, &NO_LIMITS).await.unwrap();
        assert!(matches!(sent, Sent::Accepted), "{sent:?}");
        Pending { user_id: person.caller.user_id, chatroom_id: room, message_id: message.id }
    }
}

pub(crate) fn later(now: Timestamp, hours: i64) -> Timestamp {
    now.saturating_add(SignedDuration::from_hours(hours)).unwrap()
}
