//! What has to hold when the storm is over, whatever broke: seen from outside, and in the tables.
//!
//! The model in `tests/tests/protocol` holds the same of every interleaving of a small world.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use reqwest::Method;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::{
    actor::{Actor, is_reply_to, shows_all_rooms},
    book::{Asked, Book, Room},
    world::{DAILY_MESSAGES, World},
};

/// How long it may take until all is settled, purged and told: a job waits up to a minute for its next
/// delivery, the sweeper gives up after 30 s here, and Stripe's stand-in waits up to 30 s between two
/// deliveries. A busy machine takes longer.
const SETTLED_WITHIN: Duration = Duration::from_mins(4);

/// All that was found out.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// How often each invariant was held against something.
    pub(super) checked: BTreeMap<&'static str, usize>,
    /// What did not hold.
    pub(super) violations: Vec<String>,
}

impl Findings {
    fn check(&mut self, invariant: &'static str, holds: bool, what: impl FnOnce() -> String) {
        *self.checked.entry(invariant).or_default() += 1;
        if !holds {
            self.violations.push(format!("{invariant}: {}", what()));
        }
    }
}

/// The tables at one moment.
struct Snapshot {
    users: Vec<Value>,
    chatrooms: Vec<Value>,
    /// By room and id.
    messages: BTreeMap<(String, String), Value>,
}

/// Waits until nothing is under way any more, then holds everything against everything.
pub(super) async fn check(world: &World, actors: &[Actor], findings: &mut Findings) {
    settle(world, findings).await;
    let snapshot = Snapshot::take(world).await;
    for actor in actors {
        let book = &actor.book;
        if book.gone {
            snapshot.nothing_is_left_of(book, findings);
        } else {
            from_outside(world, actor, findings).await;
            snapshot.messages_are_settled(book, findings);
            snapshot.quota_is_exact(book, findings);
        }
        tier_is_stripes(world, &snapshot, actor, findings).await;
    }
    logs_are_clean(world, findings);
}

const DRAINED: &str = "nothing stays under way";

/// Until nothing is pending, queued, waiting to be purged, or to be delivered by Stripe.
async fn settle(world: &World, findings: &mut Findings) {
    let deadline = Instant::now() + SETTLED_WITHIN;
    loop {
        let left = left(world).await;
        if left.is_empty() || Instant::now() > deadline {
            findings.check(DRAINED, left.is_empty(), || left.join(", "));
            return;
        }
        sleep(Duration::from_millis(500)).await;
    }
}

async fn left(world: &World) -> Vec<String> {
    let snapshot = Snapshot::take(world).await;
    let (jobs, dead) = world.jobs();
    let events = world.stripe.events();
    let has = |items: &[Value], attribute: &str| {
        items.iter().filter(|item| !item[attribute].is_null()).count()
    };
    let messages: Vec<_> = snapshot.messages.into_values().collect();
    [
        ("pending messages", has(&messages, "pending_shard")),
        ("jobs in the queue", jobs),
        ("jobs in the dead-letter queue", dead),
        ("rooms to be purged", has(&snapshot.chatrooms, "purge_shard")),
        ("accounts to be purged", has(&snapshot.users, "purge_shard")),
        ("events of Stripe to be delivered", events.iter().filter(|event| event.due).count()),
    ]
    .into_iter()
    .filter(|(_, count)| *count > 0)
    .map(|(what, count)| format!("{count} {what}"))
    .collect()
}

impl Snapshot {
    async fn take(world: &World) -> Self {
        let tables = &world.tables;
        let messages = tables.items("messages").await;
        Self {
            users: tables.items("users").await,
            chatrooms: tables.items("chatrooms").await,
            messages: messages
                .into_iter()
                .map(|item| ((text(&item, "chatroom_id"), text(&item, "message_id")), item))
                .collect(),
        }
    }

    fn user_item(&self, user: &str, kind: &str) -> Option<&Value> {
        let pk = format!("user#{user}");
        let is_it = |item: &&Value| {
            item["pk"] == *pk && item["sk"].as_str().is_some_and(|sk| sk.starts_with(kind))
        };
        self.users.iter().find(is_it)
    }

    /// The messages of a room, oldest first.
    fn of_room<'a>(&'a self, room: &'a str) -> impl Iterator<Item = &'a Value> {
        self.messages.iter().filter(move |((of, _), _)| of == room).map(|(_, message)| message)
    }

    fn messages_are_settled(&self, book: &Book, findings: &mut Findings) {
        for (id, room) in &book.rooms {
            if room.deleted {
                findings.check(
                    "a deleted room is purged",
                    self.of_room(id).next().is_none(),
                    || format!("{id} of {}", book.name),
                );
                continue;
            }
            for asked in &room.asked {
                self.has_one_reply(id, asked, findings);
            }
            self.holds_nothing_else(book, id, room, findings);
            self.is_in_order(id, room, findings);
        }
    }

    fn has_one_reply(&self, room: &str, asked: &Asked, findings: &mut Findings) {
        let question = self.messages.get(&(room.to_owned(), asked.id.clone()));
        let replies: Vec<_> =
            self.of_room(room).filter(|message| message["reply_to"] == *asked.id).collect();
        let is_settled = question.is_some_and(|question| {
            ["answered", "failed"].contains(&question["status"].as_str().unwrap_or_default())
        });
        findings.check(
            "an accepted message has exactly one reply, or one clear failure",
            is_settled && replies.len() == 1,
            || format!("{asked:?}: {question:?} has {replies:?}"),
        );
        if let (Some(question), [reply]) = (question, &*replies) {
            let fits = std::panic::catch_unwind(|| is_reply_to(asked, question, reply)).is_ok();
            let fits = fits && question["reply_id"] == reply["message_id"];
            findings.check("a reply is its question's", fits, || format!("{question} {reply}"));
        }
    }

    /// No message that was not sent, none twice, no reply to nothing.
    fn holds_nothing_else(&self, book: &Book, id: &str, room: &Room, findings: &mut Findings) {
        let asked: BTreeSet<_> = room.asked.iter().map(|asked| &*asked.id).collect();
        let mut said = BTreeSet::new();
        for message in self.of_room(id) {
            let (message_id, content) = (text(message, "message_id"), text(message, "content"));
            let is_known = match message["reply_to"].as_str() {
                Some(question) => self.messages.contains_key(&(id.to_owned(), question.to_owned())),
                None => {
                    said.insert(content.clone())
                        && (asked.contains(&*message_id) || book.maybe.contains(&content))
                }
            };
            findings.check("nothing is there that nobody sent, or twice", is_known, || {
                format!("{message} of {}", book.name)
            });
        }
    }

    /// What was asked after another's 202 is settled after it: a reply's id is its time.
    fn is_in_order(&self, id: &str, room: &Room, findings: &mut Findings) {
        let settled = |asked: &Asked| {
            let question = self.messages.get(&(id.to_owned(), asked.id.clone()))?;
            question["reply_id"].as_str().map(str::to_owned)
        };
        let replies: Vec<_> =
            room.asked.iter().filter_map(|asked| Some((asked, settled(asked)?))).collect();
        for (earlier, first) in &replies {
            for (later, second) in &replies {
                if earlier.accepted < later.began {
                    findings.check("a room is answered in order", first < second, || {
                        let pair = [earlier, later].map(|asked| {
                            self.messages.get(&(id.to_owned(), asked.id.clone())).cloned()
                        });
                        format!("{pair:?}")
                    });
                }
            }
        }
    }

    /// Used is what was accepted, less what failed and was given back.
    fn quota_is_exact(&self, book: &Book, findings: &mut Findings) {
        let number = |item: Option<&Value>, attribute: &str| {
            item.and_then(|item| item[attribute].as_u64()).unwrap_or_default()
        };
        let profile = self.user_item(&book.user_id, "profile");
        let usage = self.user_item(&book.user_id, "usage#");
        let (used, failed) = (number(profile, "used"), number(usage, "failures"));
        let accepted = book.accepted() as u64;
        // What was sent without a key, and not answered, may have been accepted.
        let most = accepted + book.maybe.len() as u64;
        findings.check(
            "units used are what was accepted, less what failed",
            (accepted..=most).contains(&(used + failed)),
            || format!("{}: used {used}, failed {failed}, accepted {accepted}", book.name),
        );
        let was_pro = !book.paid.is_empty();
        findings.check(
            "the daily limit holds",
            was_pro || used <= u64::from(DAILY_MESSAGES),
            || format!("{}: used {used} of {DAILY_MESSAGES}", book.name),
        );
    }

    fn nothing_is_left_of(&self, book: &Book, findings: &mut Findings) {
        let all = self.users.iter().chain(&self.chatrooms).chain(self.messages.values());
        let is_theirs = |item: &&Value| {
            item["user_id"] == *book.user_id
                || item["pk"].as_str().is_some_and(|pk| pk.ends_with(&book.user_id))
        };
        let left: Vec<_> = all.filter(is_theirs).collect();
        // The tombstone stays until its time to live is over.
        let is_tombstone = |item: &&Value| item["sk"] == "profile" && !item["deleted_at"].is_null();
        let left: Vec<_> = left.into_iter().filter(|item| !is_tombstone(item)).collect();
        findings.check("a deleted account is purged", left.is_empty(), || {
            format!("{}: {left:?}", book.name)
        });
    }
}

/// What the owner sees.
async fn from_outside(world: &World, actor: &Actor, findings: &mut Findings) {
    let (book, client) = (&actor.book, actor.client());
    let get = async |path: String| client.insist(&Method::GET, &path, |request| request).await;
    // Each of the Parleys may have a cached list of its own mind.
    for _ in 0..2 * world.parleys.len() {
        let list = get("/chatroom?limit=100".to_owned()).await;
        let is_true =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| shows_all_rooms(book, &list)));
        findings.check("the list shows all rooms, and no other", is_true.is_ok(), || {
            format!("{}: {list}", book.name)
        });
    }
    for (id, room) in book.open_rooms() {
        for asked in &room.asked {
            let question = get(format!("/chatroom/{id}/messages/{}", asked.id)).await;
            let body = question.json();
            let is_settled = ["answered", "failed"].map(|status| body["status"] == status);
            findings.check(
                "its owner sees an accepted message settled",
                question.status() == 200 && is_settled.contains(&true),
                || question.to_string(),
            );
        }
    }
}

/// A user is Pro if, and only if, Stripe says that they pay.
async fn tier_is_stripes(
    world: &World,
    snapshot: &Snapshot,
    actor: &Actor,
    findings: &mut Findings,
) {
    let book = &actor.book;
    let customers: BTreeSet<_> = book
        .paid
        .iter()
        .filter_map(|session| text_of(&world.stripe.session(session)?, "customer"))
        .collect();
    let all = customers.iter().flat_map(|customer| world.stripe.subscriptions_of(customer));
    let statuses: Vec<_> = all.filter_map(|known| text_of(&known, "status")).collect();
    let pays = |status: &String| ["active", "trialing", "past_due"].contains(&status.as_str());
    if book.gone {
        let ended = statuses.iter().all(|status| status == "canceled");
        return findings
            .check("who has left pays no more", ended, || format!("{}: {statuses:?}", book.name));
    }
    let expected = if statuses.iter().any(pays) { "pro" } else { "basic" };
    let request = |request| request;
    let shown = actor.client().insist(&Method::GET, "/subscribe/status", request).await;
    let stored = snapshot.user_item(&book.user_id, "profile").map(|item| &item["tier"]);
    findings.check("the tier is what Stripe says", shown.json()["tier"] == expected, || {
        format!("{}: {shown} (stored {stored:?}), and Stripe: {statuses:?}", book.name)
    });
}

fn logs_are_clean(world: &World, findings: &mut Findings) {
    let logs = world.logs();
    let broken: Vec<_> = logs
        .lines()
        .filter(|line| {
            ["panicked", "can't be read", "\"status\":500"].iter().any(|sign| line.contains(sign))
        })
        .take(5)
        .collect();
    findings.check("nothing panics, no answer is a 500", broken.is_empty(), || broken.join("\n"));
}

fn text_of(item: &Value, attribute: &str) -> Option<String> {
    item[attribute].as_str().map(str::to_owned)
}

fn text(item: &Value, attribute: &str) -> String {
    text_of(item, attribute).unwrap_or_default()
}
