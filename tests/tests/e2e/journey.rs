//! Both predecessors' journeys, from the first request to the last.

use serde_json::json;
use tests::{Parley, clear_of_midnight, is_midnight_in, random_digits, rate_limit, replies_to};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_user_signs_up_asks_until_the_day_is_used_up_and_deletes_the_room() {
    clear_of_midnight().await;
    let parley = Parley::start().await;
    let number = format!("+1415555{}", random_digits(4));
    let body = json!({"mobile_number": number});

    let signup = parley.post("/auth/signup").json(&body).await.expect(201);
    assert_eq!(signup.json()["mobile_number"], number, "{signup}");
    assert_eq!(signup.json()["subscription_tier"], "basic", "{signup}");

    let sent = parley.post("/auth/send-otp").json(&body).await.expect(200);
    let otp = sent.string("otp");
    assert!(otp.len() == 6 && otp.bytes().all(|c| c.is_ascii_digit()), "{sent}");
    assert_eq!(sent.json()["expires_in"], 300, "{sent}");
    assert!(!sent.string("message").contains(&otp), "{sent}");

    let verified = parley
        .post("/auth/verify-otp")
        .json(&json!({"mobile_number": number, "otp": otp}))
        .await
        .expect(200);
    let user = verified.signed_in(&parley, &number);

    let created = user.post("/chatroom").json(&json!({"name": "AI Assistant"})).await.expect(201);
    let room = created.string("id");
    assert_eq!(created.json()["name"], "AI Assistant", "{created}");
    assert_eq!(created.header("location"), format!("/chatroom/{room}"), "{created}");

    let question = "Explain quantum computing";
    let sent = user
        .post(&format!("/chatroom/{room}/message"))
        .json(&json!({"content": question}))
        .await
        .expect(202);
    let id = sent.string("id");
    assert_eq!(sent.header("location"), format!("/chatroom/{room}/messages/{id}"), "{sent}");
    for (member, value) in [
        ("chatroom_id", json!(room)),
        ("content", json!(question)),
        ("is_from_user", json!(true)),
        ("status", json!("pending")),
    ] {
        assert_eq!(sent.json()[member], value, "{member}: {sent}");
    }

    let reply = user.wait_for_reply(&room, &id).await;
    let messages = user.messages(&room).await;
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert_eq!(messages[0]["id"], id);
    assert_eq!(messages[0]["status"], "answered");
    assert_eq!(messages[0]["reply_id"], reply["id"]);
    assert_eq!(replies_to(&messages, &id), [&reply]);
    assert!(!reply["content"].as_str().unwrap().trim().is_empty(), "{reply}");

    for nth in 2..=5 {
        user.send(&room, &format!("And question number {nth}?")).await.is(202);
    }
    let sixth = user.send(&room, "And one more?").await.expect(429);
    assert_eq!(
        sixth.json()["type"],
        "https://iana.org/assignments/http-problem-types#quota-exceeded",
        "{sixth}"
    );
    assert!(is_midnight_in(sixth.retry_after()), "{sixth}");
    assert_eq!(rate_limit::daily(&sixth).0, 0, "{sixth}");

    parley.assert_drained(&[&user]).await;
    user.delete(&format!("/chatroom/{room}")).await.is(204);
    user.get(&format!("/chatroom/{room}")).await.is(404);
    // Ten thousand numbers are few: make room for the next run.
    user.delete("/user/me").await.is(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_predecessors_clients_send_text_and_a_number_of_ten_bare_digits() {
    let parley = Parley::start().await;
    let number = format!("98{}", random_digits(8));
    let body = json!({"mobile_number": number});

    let signup = parley.post("/auth/signup").json(&body).await.expect(201);
    assert_eq!(signup.json()["mobile_number"], format!("+{number}"), "{signup}");
    let user = parley.sign_in(&number).await;
    let me = user.get("/user/me").await.expect(200);
    assert_eq!(me.json()["mobile_number"], format!("+{number}"), "{me}");

    let room = user.create_room("General").await;
    let sent = user
        .post(&format!("/chatroom/{room}/message"))
        .json(&json!({"text": "What is a monad?"}))
        .await
        .expect(202);
    assert_eq!(sent.json()["content"], "What is a monad?", "{sent}");
    user.wait_for_reply(&room, &sent.string("id")).await;
    assert_eq!(user.rooms().await, [room]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_journey_works_without_a_cache() {
    clear_of_midnight().await;
    let Some(parley) = Parley::builder().without_cache().start().await else { return };
    let user = parley.user().await;
    let room = user.create_room("No cache").await;
    for nth in 1..=5 {
        user.ask_and_wait(&room, &format!("Question number {nth}")).await;
    }
    user.send(&room, "One too many").await.is(429);
    let list = user.get("/chatroom").await.expect(200);
    assert_eq!(list.array().len(), 1, "{list}");
    assert_ne!(list.try_header("x-cache").as_deref(), Some("HIT"), "{list}");
    user.delete(&format!("/chatroom/{room}")).await.is(204);
    assert_eq!(user.rooms().await, [""; 0]);
}

/// What must not be in a log is looked for at the end of every test; this one sends all of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_journey_leaves_nothing_private_in_the_log() {
    let Some(parley) = Parley::builder().start().await else { return };
    let user = parley.user().await;
    let room = user.create_room("Private matters").await;
    let instruction = json!({"system_instruction": "You know that I live in Elsewhere Lane."});
    user.patch(&format!("/chatroom/{room}")).json(&instruction).await.is(200);
    user.ask_and_wait(&room, "My password is hunter2hunter2, and I have a rash.").await;
    let password = json!({"new_password": "correct horse battery staple"});
    user.post("/auth/change-password").json(&password).await.is(200);
    parley.login(&user.mobile_number, "correct horse battery staple").await.is(200);
    parley.login(&user.mobile_number, "incorrect horse battery staple").await.is(401);
    parley.refresh(&user.refresh_token).await.is(200);
    let code = parley.reset_code(&user.mobile_number).await;
    parley.verify(&user.mobile_number, &code).await.is(401);
    // A body that can't be read may well hold secrets too.
    let broken = r#"{"mobile_number": "+14155550199", "password": "swordfish-swordfish""#;
    parley.post("/auth/login").body("application/json", broken).await.is(400);

    let logs = parley.logs();
    assert!(logs.contains(&room), "these are not the logs: {logs}");
    assert!(!logs.contains("swordfish"), "{logs}");
}
