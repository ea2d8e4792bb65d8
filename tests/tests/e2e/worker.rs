//! The model's faults, and what a user sees of them: one reply in the end, always.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{
    Behaviour, PATIENCE, Parley, Respond, StatusReply, TextReply, User, clear_of_midnight,
    eventually, model::asked_about, rehearsal, replies_to,
};

/// A reply comes within five minutes, whatever happens. Retries take their time.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// The question that failed, and the message that stands in place of its reply.
async fn failed(user: &User, room: &str, question: &str) -> Value {
    let reply = user.wait_for_reply_within(LONGEST_WAIT, room, question).await;
    let asked = user.message(room, question).await;
    assert_eq!(asked["status"], "failed", "{asked}");
    assert_eq!(reply["status"], "failed", "{reply}");
    let says = reply["content"].as_str().unwrap();
    assert!(says.split_whitespace().count() >= 5, "that is no sentence: {reply}");
    let messages = user.messages(room).await;
    assert_eq!(replies_to(&messages, question).len(), 1, "{messages:?}");
    reply
}

async fn answered(user: &User, room: &str, question: &str) -> Value {
    let reply = user.wait_for_reply_within(LONGEST_WAIT, room, question).await;
    let asked = user.message(room, question).await;
    assert_eq!(asked["status"], "answered", "{asked}");
    assert_eq!(reply.get("status"), None, "{reply}");
    let messages = user.messages(room).await;
    assert_eq!(replies_to(&messages, question).len(), 1, "{messages:?}");
    reply
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_overloaded_twice_is_asked_a_third_time() {
    let Some(parley) = Parley::builder().start().await else { return };
    parley.model().on(Behaviour::new(Respond::status(503)).times(2));
    let user = parley.user().await;
    let room = user.create_room("Overloaded").await;
    let question = user.ask(&room, "Are you there?").await;
    let reply = answered(&user, &room, &question).await;
    assert!(reply["content"].as_str().unwrap().contains("Are you there?"), "{reply}");
    assert_eq!(asked_about(parley.model(), "Are you there?").len(), 3);
    assert_eq!(user.daily_message_count().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_passes_is_tried_again() {
    let Some(parley) = Parley::builder().without_quota().start().await else { return };
    let user = parley.user().await;
    let html = StatusReply {
        status: 502,
        retry_after: None,
        body: Some(json!("<html><h1>502 Bad Gateway</h1>generativelanguage.internal</html>")),
    };
    let faults = [
        ("a cut", Respond::Cut),
        ("a page of a proxy", Respond::Status(html)),
        ("a 500", Respond::status(500)),
        ("a 504", Respond::status(504)),
        ("a 408", Respond::status(408)),
        ("a 429", Respond::status(429)),
    ];
    let asks = faults.into_iter().map(async |(what, fault)| {
        parley.model().on(Behaviour::new(fault).when(what).times(1));
        let room = user.create_room(what).await;
        let question = user.ask(&room, &format!("What if there is {what}?")).await;
        answered(&user, &room, &question).await;
        assert_eq!(asked_about(parley.model(), what).len(), 2, "{what}");
    });
    join_all(asks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_answered_says_so_clearly_and_costs_no_unit() {
    clear_of_midnight().await;
    for (what, fault) in [
        ("a bad request", Respond::status(400)),
        ("a blocked prompt", Respond::Block),
        ("an answer without parts", Respond::Empty),
        ("no candidates", Respond::NoCandidates),
        ("only thoughts", Respond::ThoughtsOnly),
    ] {
        let Some(parley) = Parley::builder().start().await else { return };
        parley.model().on(Behaviour::new(fault).when("Question"));
        let user = parley.user().await;
        let room = user.create_room(what).await;
        let question = user.ask(&room, "Question of the day").await;
        let reply = failed(&user, &room, &question).await;
        assert_eq!(user.daily_message_count().await, 0, "{what}");
        assert_eq!(asked_about(parley.model(), "Question").len(), 1, "{what} is final");
        assert!(!reply.to_string().contains("Let me think"), "{reply}");

        // The room goes on, and the apology is nothing that the model has said.
        let next = user.ask(&room, "Something else").await;
        answered(&user, &room, &next).await;
        let asked = asked_about(parley.model(), "Something else").remove(0);
        let apology = reply["content"].as_str().unwrap();
        assert!(!asked.turns().contains(&apology), "{what}: {asked:?}");
        assert_eq!(asked.turns().last(), Some(&"Something else"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_mistake_is_a_clear_failure_too() {
    for (name, value) in [("GEMINI_API_KEY", "invalid"), ("GEMINI_MODEL", "gemini-2.5-flash")] {
        let Some(parley) = Parley::builder().env(name, value).start().await else { return };
        let user = parley.user().await;
        let room = user.create_room("Misconfigured").await;
        let question = user.ask(&room, "Are you there?").await;
        failed(&user, &room, &question).await;
        assert_eq!(user.daily_message_count().await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_hangs_is_given_up_in_time_and_holds_up_nobody_else() {
    let builder = Parley::builder().env("GEMINI_TIMEOUT_SECONDS", "1");
    let Some(parley) = builder.start().await else { return };
    parley.model().on(Behaviour::new(Respond::Hang).when("hang"));
    let user = parley.user().await;
    let mut hung = Vec::new();
    for nth in 0..4 {
        let room = user.create_room("Hung").await;
        let question = user.ask(&room, &format!("Do you hang, number {nth}?")).await;
        hung.push((room, question));
    }
    eventually("all four hang", PATIENCE, async || {
        (asked_about(parley.model(), "Do you hang").len() >= 4).then_some(())
    })
    .await;

    let others = (0..5).map(async |_| {
        let other = parley.user().await;
        let room = other.create_room("Not hung").await;
        other.ask_and_wait(&room, "Am I held up?").await;
    });
    join_all(others).await;
    for (room, question) in &hung {
        let asked = user.message(room, question).await;
        assert_eq!(asked["status"], "pending", "all waited for it: {asked}");
    }

    let ended = hung.iter().map(|(room, question)| failed(&user, room, question));
    join_all(ended).await;
    for nth in 0..4 {
        let asked = asked_about(parley.model(), &format!("number {nth}?"));
        assert!(asked.len() > 1, "it was not tried again");
    }
    assert_eq!(user.daily_message_count().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_asks_for_patience_is_not_asked_earlier() {
    let Some(parley) = Parley::builder().start().await else { return };
    parley.model().on(Behaviour::new(Respond::status_after(429, "4.5s")).times(1));
    let user = parley.user().await;
    let room = user.create_room("Throttled").await;
    let question = user.ask(&room, "Now?").await;
    answered(&user, &room, &question).await;
    let asked = asked_about(parley.model(), "Now?");
    assert_eq!(asked.len(), 2);
    let waited = asked[1].at.duration_since(asked[0].at);
    assert!(waited.as_millis() >= 4_500, "asked again after {waited:?}");
    assert!(waited.as_secs() < 20, "asked again only after {waited:?}");
}

/// The texts that the model service wrote are looked for by the harness, in every answer.
#[tokio::test(flavor = "multi_thread")]
async fn no_user_ever_reads_what_the_model_service_says_in_its_errors() {
    let builder = Parley::builder().without_quota().env("GEMINI_TIMEOUT_SECONDS", "1");
    let Some(parley) = builder.start().await else { return };
    let marker = "internal-marker-4711";
    let error = json!({"error": {
        "code": 400, "message": marker, "status": marker,
        "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": marker}],
    }});
    let told =
        |status, body| Respond::Status(StatusReply { status, retry_after: None, body: Some(body) });
    let user = parley.user().await;
    let faults = [
        ("in Google's form", told(400, error.clone())),
        ("forbidden", told(403, error)),
        ("in HTML", told(400, json!(format!("<html>{marker}</html>")))),
        ("in a redirect", told(302, json!(marker))),
        ("in no form at all", told(418, json!([marker, {"deep": marker}]))),
    ];
    let asks = faults.into_iter().map(async |(what, fault)| {
        parley.model().on(Behaviour::new(fault).when(what));
        let room = user.create_room(&format!("An error {what}")).await;
        let question = user.ask(&room, &format!("Fail, please, {what}")).await;
        failed(&user, &room, &question).await;
        for path in [
            "/chatroom".to_owned(),
            format!("/chatroom/{room}"),
            format!("/chatroom/{room}/messages"),
            format!("/chatroom/{room}/messages/{question}"),
            "/user/me/usage".to_owned(),
        ] {
            let answer = user.get(&path).await.expect(200);
            assert!(!answer.text().contains(marker), "{what}: {answer}");
        }
    });
    join_all(asks).await;
    assert!(!parley.logs().contains(marker), "it is in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn why_the_model_stopped_and_what_it_cost_is_kept_with_the_reply() {
    let Some(parley) = Parley::builder().without_quota().start().await else { return };
    let user = parley.user().await;
    let room = user.create_room("Finished").await;
    let plain = user.ask_and_wait(&room, "Four words are here").await;
    assert_eq!(plain["finish_reason"], "STOP", "{plain}");
    let count = |reply: &Value, name: &str| reply["usage"][name].as_u64().unwrap();
    // The stand-in counts a token per four characters, and twelve for its thoughts.
    assert_eq!(count(&plain, "input_tokens"), 5, "{plain}");
    let characters = plain["content"].as_str().unwrap().chars().count() as u64;
    assert_eq!(count(&plain, "output_tokens"), characters.div_ceil(4) + 12, "{plain}");

    for reason in ["MAX_TOKENS", "A_REASON_THAT_NOBODY_KNOWS_YET"] {
        let text = TextReply { text: "So far".to_owned(), finish_reason: Some(reason.to_owned()) };
        parley.model().on(Behaviour::new(Respond::Text(text)).times(1));
        let question = user.ask(&room, "And now?").await;
        let reply = answered(&user, &room, &question).await;
        assert_eq!(reply["finish_reason"], reason, "{reply}");
        assert_eq!(reply["content"], "So far", "{reply}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_are_answered_side_by_side_and_one_room_in_order() {
    const DELAY: Duration = Duration::from_millis(600);
    let Some(parley) = Parley::builder().without_quota().start().await else { return };
    parley.model().set_delay(DELAY);
    let user = parley.user().await;
    let mut rooms = Vec::new();
    for _ in 0..6 {
        rooms.push(user.create_room("One of six").await);
    }
    let mut questions = Vec::new();
    for nth in 0..3 {
        for (index, room) in rooms.iter().enumerate() {
            let content = format!("Room {index}, question {nth}");
            questions.push((room, user.ask(room, &content).await));
        }
    }
    for (room, question) in &questions {
        answered(&user, room, question).await;
    }

    let asked = |text: &str| asked_about(parley.model(), text);
    let first = asked("question 0");
    let together = first
        .iter()
        .filter(|other| other.at.duration_since(first[0].at) < DELAY.try_into().unwrap());
    // The emulator gives a FIFO queue's worker one batch at a time, and the first has one room.
    if !rehearsal::is_on() {
        assert!(together.count() >= 3, "the rooms waited for one another: {first:?}");
    }
    for index in 0..rooms.len() {
        let of_room = asked(&format!("Room {index}, "));
        let order: Vec<_> = of_room.iter().map(|asked| *asked.turns().last().unwrap()).collect();
        let expected: Vec<_> = (0..3).map(|nth| format!("Room {index}, question {nth}")).collect();
        assert_eq!(order, expected);
        for pair in of_room.windows(2) {
            let apart = pair[1].at.duration_since(pair[0].at);
            assert!(apart >= DELAY.try_into().unwrap(), "one room, {apart:?} apart");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_in_flight_to_a_deleted_room_is_dropped_without_an_error() {
    let Some(parley) = Parley::builder().without_quota().start().await else { return };
    parley.model().set_delay(Duration::from_millis(500));
    let user = parley.user().await;
    let room = user.create_room("Soon gone").await;
    user.ask(&room, "Too late to answer").await;
    eventually("the model is asked", PATIENCE, async || {
        (!asked_about(parley.model(), "Too late").is_empty()).then_some(())
    })
    .await;
    user.ask(&room, "And this one waits behind it").await;
    user.delete(&format!("/chatroom/{room}")).await.is(204);
    user.get(&format!("/chatroom/{room}")).await.is(404);

    // The worker is as well as before, and the deleted room's question is not asked again and again.
    let other = user.create_room("Another").await;
    user.ask_and_wait(&other, "Do you still work?").await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(asked_about(parley.model(), "Too late").len(), 1);
    assert_eq!(asked_about(parley.model(), "waits behind").len(), 0);
    user.get(&format!("/chatroom/{room}/messages")).await.is(404);
    let logs = parley.logs();
    assert!(!logs.contains("ERROR"), "it was logged as an error:\n{logs}");
}
