//! Questions and their replies: `shared::store::sends`, `messages` and `replies`.

use jiff::Timestamp;
use shared::{
    domain::Usage,
    store::{Apology, ChatroomChange, Direction, Sent, Settled},
};

use super::{Row, billing, chatrooms::PAGE, checkouts, row};
use crate::world::{LIMITS, World};

/// What the worker says when there is no answer.
const APOLOGY: &str = "No answer could be made for this message in time. It was not counted \
    against your daily limit.";

/// As much as the worker reads at once.
const HISTORY: u16 = 40;

pub(super) async fn rows() -> Vec<Row> {
    let mut rows = sending().await;
    rows.extend(sending_with_billing().await);
    rows.extend(reading().await);
    rows.extend(replying().await);
    rows
}

async fn sending() -> Vec<Row> {
    let world = World::new().await;
    let person = world.person().await;
    let room = world.room(&person).await;
    let content = world.content();
    let [first, second, mut third, fourth] = [(); 4].map(|()| world.message(room, &content));
    third.claim = Some(world.claim());
    let caller = &person.caller;
    let first = row!("Send a message, the first of the day",
        world.accept(caller, &first, &LIMITS) => Sent::Accepted);
    let second = row!("Send a message", world.accept(caller, &second, &LIMITS) => Sent::Accepted);
    let third = row!("Send a message, with an idempotency key",
        world.accept(caller, &third, &LIMITS) => Sent::Accepted);
    let instruction = "Be brief. ".repeat(400).try_into().unwrap();
    let change =
        ChatroomChange { system_instruction: Some(Some(instruction)), ..Default::default() };
    world.store.change_chatroom(caller.user_id, room, &change, world.now()).await.unwrap();
    let fourth = row!("Send a message to a room with an instruction of 4,000 characters",
        world.accept(caller, &fourth, &LIMITS) => Sent::Accepted);
    vec![second, third, first, fourth]
}

async fn sending_with_billing() -> Vec<Row> {
    let world = World::new().await;
    let (pro, _) = billing::subscriber(&world).await;
    let buyer = checkouts::buyer(&world).await;
    let (room, another) = (world.room(&pro).await, world.room(&buyer).await);
    world.ask(&pro, room).await;
    world.ask(&buyer, another).await;
    let content = world.content();
    let (first, second) = (world.message(room, &content), world.message(another, &content));
    vec![
        row!("Send a message, as a Pro user",
            world.accept(&pro.caller, &first, &LIMITS) => Sent::Accepted),
        row!("Send a message, as a Basic user with an open checkout",
            world.accept(&buyer.caller, &second, &LIMITS) => Sent::Accepted),
    ]
}

async fn reading() -> Vec<Row> {
    let world = World::new().await;
    let person = world.person().await;
    let short = world.room_with(&person, 10).await;
    let long = world.room_with(&person, 110).await;
    let newest = world.store.messages(long, Direction::Latest, PAGE).await.unwrap();
    let (oldest_seen, newest_seen) = (newest.messages[0].id, newest.messages[49].id);
    vec![
        row!("A room's messages: all 10 of a short one",
            world.messages(short, Direction::Latest, PAGE) => page if page.messages.len() == 10),
        row!("A room's messages, the newest page: 50 of 110",
            world.messages(long, Direction::Latest, PAGE) => page if page.messages.len() == 50),
        row!("A room's messages, the page before: 50 of 110",
            world.messages(long, Direction::Before(oldest_seen), PAGE)
                => page if page.messages.len() == 50),
        row!("A room's messages since the newest that was seen: none",
            world.messages(long, Direction::After(newest_seen), PAGE)
                => page if page.messages.is_empty()),
        row!("What a model is shown of a room: 40 of 110",
            world.turns(long, Direction::Latest, HISTORY) => page if page.messages.len() == 40),
        row!("A message", world.message(long, newest_seen) => Some(_)),
    ]
}

async fn replying() -> Vec<Row> {
    let world = World::new().await;
    let person = world.person().await;
    let room = world.room(&person).await;
    let mut questions = Vec::new();
    for _ in 0..10 {
        questions.push(world.ask(&person, room).await);
    }
    let (answer, now) = (world.answer(), world.now());
    let [today, tomorrow] =
        [(); 2].map(|()| Apology { id: world.id(), content: APOLOGY, usage: Usage::default() });
    let mut rows = vec![
        row!("Answer a question", world.answer(&questions[0], &answer) => Settled::Done),
        row!("Count a vain attempt to answer a question",
            world.count_failed_attempt(&questions[1], now) => Some(_)),
        row!("Settle a question without an answer",
            world.fail(&questions[2], &today) => Settled::Done),
    ];
    world.sleep();
    world.ask(&person, room).await;
    let now = world.now();
    rows.extend([
        row!("Settle a question without an answer, on another day",
            world.fail(&questions[3], &tomorrow) => Settled::Done),
        row!("The questions that wait for an answer: 8",
            world.pending_before(now, 500) => pending if pending.len() == 8)
        .only_where("pending_before(bounds"),
        row!("The question that has waited longest",
            world.pending_before(Timestamp::MAX, 1) => pending if pending.len() == 1)
        .only_where("pending_before(Timestamp::MAX"),
    ]);
    rows
}
