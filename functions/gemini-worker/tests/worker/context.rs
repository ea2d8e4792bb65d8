//! What the model is shown.

use std::time::Duration;

use local::gemini::{Behaviour, Respond};
use shared::domain::Status;

use crate::host::Host;

/// More questions than the worker reads of a room's history at once.
const MANY: usize = 70;

#[tokio::test]
async fn the_second_question_comes_with_the_first_turn_and_the_rooms_instruction() {
    let host = Host::start().await;
    host.model.on(Behaviour::new(Respond::text("one!")).when("one?"));
    let ada = host.user().await;
    let room = host.room(&ada).await;
    host.ask(&ada, room, "one?").await;
    host.deliver().await;
    host.instruct(&ada, room, "Answer like a pirate.").await;
    host.ask(&ada, room, "two?").await;
    host.deliver().await;

    let [first, second] = &host.model.requests()[..] else { panic!("asked not twice") };
    assert_eq!(first.turns(), ["one?"]);
    assert!(first.body.get("systemInstruction").is_none());
    assert_eq!(second.turns(), ["one?", "one!", "two?"]);
    let roles = second.body["contents"].as_array().unwrap().iter().map(|turn| &turn["role"]);
    assert_eq!(roles.collect::<Vec<_>>(), ["user", "model", "user"]);
    assert_eq!(second.body["systemInstruction"]["parts"][0]["text"], "Answer like a pirate.");
}

#[tokio::test]
async fn replies_stand_behind_their_questions_though_they_came_later() {
    let host = Host::start().await;
    host.model.on(Behaviour::new(Respond::text("one!")).when("one?"));
    host.model.on(Behaviour::new(Respond::text("two!")).when("two?"));
    let ada = host.user().await;
    let room = host.room(&ada).await;
    for text in ["one?", "two?", "three?"] {
        host.ask(&ada, room, text).await;
    }
    host.deliver().await;

    let requests = host.model.requests();
    let turns: Vec<_> = requests.iter().map(|request| request.turns()).collect();
    assert_eq!(turns[0], ["one?"]);
    assert_eq!(turns[1], ["one?", "one!", "two?"]);
    assert_eq!(turns[2], ["one?", "one!", "two?", "two!", "three?"]);
}

#[tokio::test]
async fn failed_turns_are_not_shown() {
    let host = Host::start().await;
    host.model.on(Behaviour::new(Respond::Block).when("blocked"));
    let ada = host.user().await;
    let room = host.room(&ada).await;
    host.ask(&ada, room, "blocked").await;
    host.ask(&ada, room, "fine").await;
    host.deliver().await;
    assert_eq!(host.model.requests()[1].turns(), ["fine"]);
}

#[tokio::test]
async fn a_question_that_many_newer_ones_have_pushed_far_back_keeps_its_context() {
    // On the newest page with all, with hardly any and with none of what was said before it.
    for newer in [1, 55, MANY] {
        let host = Host::start().await;
        host.model.on(Behaviour::new(Respond::text("yes")));
        let ada = host.user().await;
        let room = host.room(&ada).await;
        for text in ["one?", "two?", "three?"] {
            host.ask(&ada, room, text).await;
            host.deliver().await;
        }
        let question = host.ask(&ada, room, "the question").await;
        for nth in 0..newer {
            host.accept(&ada, room, &format!("newer {nth}")).await;
        }
        host.deliver().await;

        host.reply(question, Status::Answered).await;
        let asked = &host.model.requests()[3];
        let expected = ["one?", "yes", "two?", "yes", "three?", "yes", "the question"];
        assert_eq!(asked.turns(), expected, "{newer} newer ones");
    }
}

#[tokio::test]
async fn the_first_of_many_that_wait_has_its_context_wherever_a_page_ends() {
    // The page that holds the first of them begins with one and with none of what was said before it.
    for waiting in [119, 120] {
        let host = Host::start().await;
        host.model.on(Behaviour::new(Respond::text("yes")));
        let ada = host.user().await;
        let room = host.room(&ada).await;
        let mut expected = Vec::new();
        for nth in 0..20 {
            let text = format!("answered {nth}");
            host.ask(&ada, room, &text).await;
            host.deliver().await;
            expected.extend([text, "yes".to_owned()]);
        }
        expected.push("first".to_owned());
        let first = host.accept(&ada, room, "first").await;
        for nth in 2..waiting {
            host.accept(&ada, room, &format!("waiting {nth}")).await;
        }
        host.ask(&ada, room, "last").await;
        // Time for one of them.
        host.deliver_within(Duration::from_secs(105)).await;

        host.reply(first, Status::Answered).await;
        assert_eq!(host.model.requests()[20].turns(), expected, "{waiting} wait");
    }
}

#[tokio::test]
async fn a_long_history_is_cut_to_the_budget_with_its_newest_turns_kept() {
    // Every turn costs 6 of the worker's own tokens: the question, and two pairs.
    let host =
        Host::start_with(shared::config::Env::default().with("GEMINI_CONTEXT_TOKENS", "30")).await;
    host.model.on(Behaviour::new(Respond::text("b".repeat(20))));
    let ada = host.user().await;
    let room = host.room(&ada).await;
    for nth in 0..6 {
        host.ask(&ada, room, &format!("{nth:a>20}")).await;
        host.deliver().await;
    }
    let asked = &host.model.requests()[5];
    let firsts: Vec<_> = asked.turns().iter().map(|turn| turn.chars().last().unwrap()).collect();
    assert_eq!(firsts, ['3', 'b', '4', 'b', '5']);
}
