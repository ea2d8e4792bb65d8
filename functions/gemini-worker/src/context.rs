//! What the model is shown: the room's instruction, as much of its history as the budget holds, and
//! the question last.

use std::collections::HashMap;

use shared::domain::{Message, MessageId, Side, Status};

use crate::gemini::{Prompt, Role, Turn};

/// The prompt for `question`, from `history` in any order.
///
/// The history is taken as pairs of a question and its answer, in the order of the questions: what
/// was asked later is left out, and so is what failed or is still pending, so that the roles always
/// alternate and the user's turn is the last. From the newest pair back, as many are taken as
/// `budget` tokens hold; the question itself is always shown.
pub(crate) fn prompt(
    history: &[Message],
    question: &Message,
    system_instruction: Option<String>,
    budget: usize,
) -> Prompt {
    let mut earlier = pairs_before(history, question.id);
    earlier.sort_unstable_by_key(|(asked, _)| asked.id);

    let fixed = tokens(&question.content) + system_instruction.as_deref().map_or(0, tokens);
    let mut left = budget.saturating_sub(fixed);
    let taken = earlier
        .iter()
        .rev()
        .take_while(|pair| {
            let fits = cost(pair) <= left;
            left = left.saturating_sub(cost(pair));
            fits
        })
        .count();

    let mut turns = Vec::with_capacity(2 * taken + 1);
    for (asked, reply) in earlier.iter().skip(earlier.len() - taken) {
        turns.push(Turn { role: Role::User, text: asked.content.clone() });
        turns.push(Turn { role: Role::Model, text: reply.content.clone() });
    }
    turns.push(Turn { role: Role::User, text: question.content.clone() });
    Prompt { system_instruction, turns }
}

/// Whether what was said before `question` is more than `budget` tokens hold: no more of the room would be
/// shown, however much there is.
pub(crate) fn overflows(history: &[Message], question: MessageId, budget: usize) -> bool {
    pairs_before(history, question).iter().map(cost).sum::<usize>() > budget
}

/// A question, and the good reply to it.
type Pair<'a> = (&'a Message, &'a Message);

/// Those of `history` whose question is older than `question`.
fn pairs_before(history: &[Message], question: MessageId) -> Vec<Pair<'_>> {
    let replies = replies(history);
    let earlier = history.iter().filter(|asked| asked.id < question && is_answered(asked));
    earlier.filter_map(|asked| Some((asked, *replies.get(&asked.id)?))).collect()
}

fn cost((asked, reply): &Pair<'_>) -> usize {
    tokens(&asked.content) + tokens(&reply.content)
}

/// The good replies, by the question that they answer.
fn replies(history: &[Message]) -> HashMap<MessageId, &Message> {
    history
        .iter()
        .filter_map(|message| match message.side {
            Side::Reply { reply_to, failed: false, .. } => Some((reply_to, message)),
            _ => None,
        })
        .collect()
}

fn is_answered(message: &Message) -> bool {
    matches!(message.side, Side::Question { status: Status::Answered, .. })
}

/// An estimate of a text's tokens: a token is about four bytes of English
/// (<https://ai.google.dev/gemini-api/docs/tokens>), and other scripts, which take more bytes for a
/// character, take more tokens too.
fn tokens(text: &str) -> usize {
    text.len().div_ceil(4) + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::domain::{ChatroomId, Ids};

    struct Room {
        ids: Ids,
        id: ChatroomId,
        messages: Vec<Message>,
    }

    impl Room {
        fn new() -> Self {
            let ids = Ids::default();
            Self { id: ids.next(now()), ids, messages: Vec::new() }
        }

        fn add(&mut self, content: &str, side: Side) -> MessageId {
            let id = self.ids.next(now());
            let (chatroom_id, content) = (self.id, content.to_owned());
            self.messages.push(Message { id, chatroom_id, content, side });
            id
        }

        fn ask(&mut self, content: &str, status: Status) -> MessageId {
            self.add(content, Side::Question { status, reply_id: None })
        }

        fn reply(&mut self, content: &str, reply_to: MessageId, failed: bool) {
            self.add(content, Side::Reply { reply_to, failed, finish_reason: None, usage: None });
        }

        fn prompt(&self, question: MessageId, budget: usize) -> Vec<(Role, String)> {
            let question = self.messages.iter().find(|m| m.id == question).unwrap();
            let prompt = prompt(&self.messages, question, None, budget);
            prompt.turns.into_iter().map(|turn| (turn.role, turn.text)).collect()
        }
    }

    fn now() -> jiff::Timestamp {
        "2026-11-21T12:00:00Z".parse().unwrap()
    }

    fn texts(turns: &[(Role, String)]) -> Vec<&str> {
        turns.iter().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn the_first_turn_is_context_for_the_second_question() {
        let mut room = Room::new();
        let first = room.ask("one?", Status::Answered);
        room.reply("one!", first, false);
        let second = room.ask("two?", Status::Pending);
        let turns = room.prompt(second, 8_000);
        assert_eq!(texts(&turns), ["one?", "one!", "two?"]);
        assert_eq!(turns.last().unwrap().0, Role::User);
    }

    #[test]
    fn replies_stand_behind_their_own_questions_however_late_they_came() {
        let mut room = Room::new();
        let first = room.ask("one?", Status::Answered);
        let second = room.ask("two?", Status::Pending);
        let third = room.ask("three?", Status::Pending);
        room.reply("one!", first, false);
        assert_eq!(texts(&room.prompt(second, 8_000)), ["one?", "one!", "two?"]);
        assert_eq!(texts(&room.prompt(third, 8_000)), ["one?", "one!", "three?"]);
        assert_eq!(texts(&room.prompt(first, 8_000)), ["one?"]);
    }

    #[test]
    fn failed_turns_are_not_shown() {
        let mut room = Room::new();
        let first = room.ask("one?", Status::Failed);
        room.reply("sorry", first, true);
        let second = room.ask("two?", Status::Pending);
        assert_eq!(texts(&room.prompt(second, 8_000)), ["two?"]);
    }

    #[test]
    fn the_budget_keeps_the_newest_turns_and_always_the_question() {
        let mut room = Room::new();
        for n in 0..10 {
            let asked = room.ask(&format!("{n:0>36}"), Status::Answered);
            room.reply(&"r".repeat(36), asked, false);
        }
        let question = room.ask(&"q".repeat(36), Status::Pending);
        // Every text is 10 tokens: the question, and two pairs.
        assert_eq!(room.prompt(question, 50).len(), 5);
        assert!(texts(&room.prompt(question, 50))[0].ends_with('8'));
        assert_eq!(texts(&room.prompt(question, 0)), ["q".repeat(36)]);
    }

    #[test]
    fn a_history_overflows_once_older_turns_could_not_be_shown() {
        let mut room = Room::new();
        // A pair is 20 tokens; what failed and what waits is not shown, however long it is.
        let failed = room.ask(&"f".repeat(4_000), Status::Failed);
        room.reply("sorry", failed, true);
        let mut asked = room.ask(&"q".repeat(36), Status::Answered);
        room.reply(&"r".repeat(36), asked, false);
        asked = room.ask(&"q".repeat(36), Status::Answered);
        let first = room.ask("first", Status::Pending);
        room.ask(&"w".repeat(4_000), Status::Pending);
        room.reply(&"r".repeat(36), asked, false);
        assert!(overflows(&room.messages, first, 39));
        assert!(!overflows(&room.messages, first, 40), "an older pair might be shown");
    }
}
