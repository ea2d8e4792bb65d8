//! Getting in, or staying in, by way of a session: prepared before its victim came, stolen, or kept
//! over what should have ended it.

use futures_util::future::join_all;
use serde_json::json;
use tests::{Parley, Response, User, random_number};

const PASSWORD: &str = "correct horse battery";
const NEW_PASSWORD: &str = "staple of another kind";
const STRANGERS: &str = "the stranger's password";

async fn set_password(user: &User, password: &str) {
    let body = json!({"new_password": password});
    user.post("/auth/change-password").json(&body).await.is(200);
}

/// The owner of the number sets a new password by a code.
async fn reset(parley: &Parley, number: &str) {
    let code = parley.reset_code(number).await;
    let body = json!({"mobile_number": number, "otp": code, "new_password": NEW_PASSWORD});
    parley.post("/auth/reset-password").json(&body).await.is(200);
}

/// Neither token of this session changes anything, or gives a new one.
async fn is_over(parley: &Parley, session: &User, room: &str) {
    parley.refresh(&session.refresh_token).await.is(401);
    let body = json!({
        "content": "Me again", "name": "Mine", "full_name": "Mallory",
        "old_password": NEW_PASSWORD, "new_password": STRANGERS,
    });
    for (method, path) in [
        ("GET", "/user/me".to_owned()),
        ("PATCH", "/user/me".to_owned()),
        ("DELETE", "/user/me".to_owned()),
        ("GET", "/user/me/usage".to_owned()),
        ("POST", "/auth/change-password".to_owned()),
        ("POST", "/chatroom".to_owned()),
        ("PATCH", format!("/chatroom/{room}")),
        ("DELETE", format!("/chatroom/{room}")),
        ("POST", format!("/chatroom/{room}/message")),
        ("POST", "/subscribe/pro".to_owned()),
        ("POST", "/subscribe/portal".to_owned()),
        ("GET", "/subscribe/status".to_owned()),
    ] {
        let answer = session.request(method.parse().unwrap(), &path).json(&body).await;
        assert_eq!(answer.status(), 401, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_in_before_a_reset_is_out_after_it() {
    let parley = Parley::start().await;
    let victim = parley.user().await;
    set_password(&victim, PASSWORD).await;
    let room = victim.create_room("The victim's").await;
    let number = &victim.mobile_number;
    let thief = parley.login(number, PASSWORD).await.signed_in(&parley, number);
    // One that was kept over a change of the password is no exception.
    let body = json!({"old_password": PASSWORD, "new_password": STRANGERS});
    thief.post("/auth/change-password").json(&body).await.is(200);
    thief.get("/user/me").await.is(200);

    reset(&parley, number).await;

    for session in [&thief, &victim] {
        is_over(&parley, session, &room).await;
    }
    parley.login(number, STRANGERS).await.is(401);
    let owner = parley.login(number, NEW_PASSWORD).await.signed_in(&parley, number);
    assert_eq!(owner.rooms().await, [room]);
}

/// `docs/adr/0002-signup-passwords.md`, "What remains": a stranger's signup, and no other, minutes before
/// the owner's first code. It ends with the owner's reset.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_stranger_prepared_ends_with_a_reset() {
    let parley = Parley::start().await;
    let number = random_number();
    let signup = parley.signup(&number, json!({"password": STRANGERS})).await.expect(201);
    assert!(!signup.text().contains("token"), "{signup}");
    parley.login(&number, STRANGERS).await.is(401);
    let victim = parley.sign_in(&number).await;
    let room = victim.create_room("The victim's").await;
    let prepared = parley.login(&number, STRANGERS).await.signed_in(&parley, &number);

    reset(&parley, &number).await;

    parley.login(&number, STRANGERS).await.is(401);
    is_over(&parley, &prepared, &room).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_refresh_token_is_good_for_nothing_once_it_is_used_by_both() {
    let parley = Parley::start().await;
    let victim = parley.user().await;
    let room = victim.create_room("The victim's").await;
    let next = |answer: &Response| answer.signed_in(&parley, &victim.mobile_number);
    let thief = next(&parley.refresh(&victim.refresh_token).await);
    let thief = next(&parley.refresh(&thief.refresh_token).await);
    // Ten of the victim's tabs come with the token that the thief has used.
    let tabs = join_all((0..10).map(|_| parley.refresh(&victim.refresh_token))).await;
    for answer in &tabs {
        answer.is(401);
    }
    for session in [&thief, &victim] {
        is_over(&parley, session, &room).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_owner_of_a_number_is_nobody_the_last_one_knew() {
    let parley = Parley::start().await;
    let last = parley.user().await;
    set_password(&last, PASSWORD).await;
    let number = &last.mobile_number;
    let other = parley.login(number, PASSWORD).await.signed_in(&parley, number);
    let room = last.create_room("The last owner's").await;
    // Asked for by the last owner, and kept for later.
    let code = parley.reset_code(number).await;
    last.delete("/user/me").await.is(204);
    parley.signup(number, json!({})).await.is(201);

    for session in [&last, &other] {
        is_over(&parley, session, &room).await;
    }
    parley.login(number, PASSWORD).await.is(401);
    // Whoever holds a code holds the number, as long as the code lives; the account is a new one.
    let body = json!({"mobile_number": number, "otp": code, "new_password": NEW_PASSWORD});
    parley.post("/auth/reset-password").json(&body).await.is(200);
    let next = parley.login(number, NEW_PASSWORD).await.signed_in(&parley, number);
    assert_eq!(next.rooms().await, [""; 0]);
    next.get(&format!("/chatroom/{room}")).await.is(404);
}
