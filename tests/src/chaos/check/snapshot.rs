//! The tables at one moment, and what has to hold in them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    super::{
        actor::is_reply_to,
        book::{Asked, Book, Room},
        world::{DAILY_MESSAGES, World},
    },
    ACCOUNT_PURGED, FAILURES, Findings, IN_ORDER, ITS_QUESTIONS, LIMIT, NOTHING_ELSE, ONE_REPLY,
    ROOM_PURGED, UNITS, text_of,
};

/// The tables at one moment.
pub(super) struct Snapshot {
    pub(super) users: Vec<Value>,
    pub(super) chatrooms: Vec<Value>,
    /// By room and id.
    pub(super) messages: BTreeMap<(String, String), Value>,
}

impl Snapshot {
    pub(super) async fn take(world: &World) -> Self {
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

    pub(super) fn user_item(&self, user: &str, kind: &str) -> Option<&Value> {
        let pk = format!("user#{user}");
        let is_it = |item: &&Value| {
            item["pk"] == *pk && item["sk"].as_str().is_some_and(|sk| sk.starts_with(kind))
        };
        self.users.iter().find(is_it)
    }

    /// The questions that wait.
    pub(super) fn pending(&self) -> impl Iterator<Item = &Value> {
        self.messages.values().filter(|item| !item["pending_shard"].is_null())
    }

    /// The messages of a room, oldest first.
    fn of_room<'a>(&'a self, room: &'a str) -> impl Iterator<Item = &'a Value> {
        self.messages.iter().filter(move |((of, _), _)| of == room).map(|(_, message)| message)
    }

    pub(super) fn messages_are_settled(&self, book: &Book, findings: &mut Findings) {
        for (id, room) in &book.rooms {
            if room.deleted {
                let is_empty = self.of_room(id).next().is_none();
                findings.check(ROOM_PURGED, is_empty, || format!("{id} of {}", book.name));
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
        findings.check(ONE_REPLY, is_settled && replies.len() == 1, || {
            format!("{asked:?}: {question:?} has {replies:?}")
        });
        if let (Some(question), [reply]) = (question, &*replies) {
            let fits = std::panic::catch_unwind(|| is_reply_to(asked, question, reply)).is_ok();
            let fits = fits && question["reply_id"] == reply["message_id"];
            findings.check(ITS_QUESTIONS, fits, || format!("{question} {reply}"));
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
            findings.check(NOTHING_ELSE, is_known, || format!("{message} of {}", book.name));
        }
    }

    /// What was asked after another's 202 is answered after it: a reply's id is the time at which it was
    /// made. That none is settled while an earlier one waits is seen by the users, during the storm.
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
                    findings.check(IN_ORDER, first < second, || {
                        let pair = [earlier, later].map(|asked| {
                            self.messages.get(&(id.to_owned(), asked.id.clone())).cloned()
                        });
                        format!("{pair:?}")
                    });
                }
            }
        }
    }

    /// Used is what was answered; what failed was given back. Both are counted from the messages
    /// themselves, where they are still there.
    pub(super) fn quota_is_exact(&self, book: &Book, findings: &mut Findings) {
        let profile = self.user_item(&book.user_id, "profile");
        let day = profile.and_then(|profile| text_of(profile, "usage_day")).unwrap_or_default();
        let usage = self.user_item(&book.user_id, &format!("usage#{day}"));
        let number = |item: Option<&Value>, attribute: &str| {
            item.and_then(|item| item[attribute].as_u64()).unwrap_or_default()
        };
        let (used, failures) = (number(profile, "used"), number(usage, "failures"));
        let mut ended = |end: &str| {
            let rooms = book.open_rooms().flat_map(|(id, _)| self.of_room(id));
            let ends = rooms.filter(|it| it["reply_to"].is_null() && it["status"] == end);
            let count = ends.count() as u64;
            *findings.ends.entry(end.to_owned()).or_default() += count;
            count
        };
        let (answered, failed) = (ended("answered"), ended("failed"));
        // How those ended that went with their rooms is not known.
        let gone = self.gone_with_their_rooms(book);
        let told = || {
            format!(
                "{}: used {used}, failures {failures}; answered {answered}, failed {failed}, gone {gone}",
                book.name
            )
        };
        findings.check(UNITS, (answered..=answered + gone).contains(&used), told);
        findings.check(FAILURES, (failed..=failed + gone).contains(&failures), told);
        let counted = used + failures;
        let accepted = book.accepted() as u64;
        findings.check(UNITS, (accepted..=answered + failed + gone).contains(&counted), told);
        if book.was_refused && book.paid.is_empty() {
            findings.check(LIMIT, used <= u64::from(DAILY_MESSAGES), told);
        }
    }

    /// How many messages may have been accepted into rooms that were deleted.
    fn gone_with_their_rooms(&self, book: &Book) -> u64 {
        let deleted = book.rooms.values().filter(|room| room.deleted);
        let accepted: usize = deleted.map(|room| room.asked.len()).sum();
        // What was sent without a key, and not answered, may be anywhere, or nowhere.
        let said: BTreeSet<_> =
            self.messages.values().filter_map(|it| it["content"].as_str()).collect();
        let nowhere = book.maybe.iter().filter(|content| !said.contains(content.as_str()));
        (accepted + nowhere.count()) as u64
    }

    pub(super) fn nothing_is_left_of(&self, book: &Book, findings: &mut Findings) {
        let all = self.users.iter().chain(&self.chatrooms).chain(self.messages.values());
        let is_theirs = |item: &&Value| {
            item["user_id"] == *book.user_id
                || item["pk"].as_str().is_some_and(|pk| pk.ends_with(&book.user_id))
        };
        let left: Vec<_> = all.filter(is_theirs).collect();
        // The tombstone stays until its time to live is over.
        let is_tombstone = |item: &&Value| item["sk"] == "profile" && !item["deleted_at"].is_null();
        let left: Vec<_> = left.into_iter().filter(|item| !is_tombstone(item)).collect();
        findings.check(ACCOUNT_PURGED, left.is_empty(), || format!("{}: {left:?}", book.name));
    }
}

fn text(item: &Value, attribute: &str) -> String {
    text_of(item, attribute).unwrap_or_default()
}
