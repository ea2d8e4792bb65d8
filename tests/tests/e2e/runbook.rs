//! The steps of `docs/runbook.md`, done: the trouble, the remedy with the operator's own command line,
//! and what a user sees before and after.

use serde_json::json;
use tests::{
    Parley, User, random_digits, rehearsal,
    stripe::{Dropped, WebhookSettings},
};

const PARAMETER: &str = "a parameter of the template is for `sam deploy` to change";

/// Asks, is told that no answer could be made, and has lost nothing by it.
async fn fails_and_costs_nothing(user: &User, room: &str, content: &str) {
    let question = user.ask(room, content).await;
    let reply = user.wait_for_reply(room, &question).await;
    assert_eq!(reply["status"], "failed", "{reply}");
    assert_eq!(user.daily_message_count().await, 0, "its unit is given back");
}

async fn is_answered(user: &User, room: &str, content: &str) {
    let reply = user.ask_and_wait(room, content).await;
    assert_eq!(reply.get("status"), None, "{reply}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_model_is_gone_and_another_takes_its_place() {
    let builder = Parley::builder().env("GEMINI_MODEL", "gemini-2.5-flash").only_local(PARAMETER);
    let Some(mut parley) = builder.start().await else { return };
    let user = parley.user().await;
    let room = user.create_room("Which model?").await;
    fails_and_costs_nothing(&user, &room, "Are you gone?").await;
    let status = parley.operate(&["status", "--json"]).await.expect(1).json();
    assert_eq!(status["needs_attention"], json!(["model"]), "{status}");
    assert!(parley.logs().contains("model_gone"), "the cause is in the log");

    parley.restart_with("GEMINI_MODEL", "gemini-3.8-flash");
    is_answered(&user, &room, "Are you the new one?").await;
    assert_eq!(parley.operate(&["status", "--json"]).await.expect(0).json()["status"], "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_gemini_that_is_refused_is_replaced() {
    let builder = Parley::builder().env("GEMINI_API_KEY", "invalid");
    let Some(mut parley) = builder.start().await else { return };
    let user = parley.user().await;
    let room = user.create_room("Which key?").await;
    fails_and_costs_nothing(&user, &room, "Do you know me?").await;
    let status = parley.operate(&["status", "--json"]).await.expect(1).json();
    assert_eq!(status["model"]["status"], "key_refused", "{status}");

    parley.restart_with("GEMINI_API_KEY", "another-key-of-the-end-to-end-tests");
    is_answered(&user, &room, "Do you know me now?").await;
    assert_eq!(parley.operate(&["status", "--json"]).await.expect(0).json()["status"], "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaked_signing_key_is_worth_nothing_any_more_and_nobody_is_signed_out() {
    let Some(mut parley) = Parley::builder().only_local(PARAMETER).start().await else { return };
    let user = parley.user().await;
    user.get("/user/me").await.is(200);

    let keys = parley.operate(&["keys", "--print", "--json"]).await.expect(0).json();
    parley.restart_with("JWT_PRIVATE_KEY", keys["jwt_private_key"].as_str().unwrap());
    user.get("/user/me").await.is(401);
    let refreshed = parley.refresh(&user.refresh_token).await;
    refreshed.signed_in(&parley, &user.mobile_number).get("/user/me").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_pepper_voids_the_codes_under_way_and_nothing_else() {
    let Some(mut parley) = Parley::builder().start().await else { return };
    let user = parley.user().await;
    let code = parley.reset_code(&user.mobile_number).await;

    parley.restart_with("OTP_PEPPER", &random_digits(40));
    let reset = json!({
        "mobile_number": user.mobile_number, "otp": code, "new_password": "a password of mine",
    });
    let refused = parley.post("/auth/reset-password").json(&reset).await.expect(401);
    assert_eq!(refused.string("code"), "invalid_code");
    user.get("/user/me").await.is(200);
    // With a code that was hashed with the new one.
    parley.user().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stripe_told_in_vain_is_replayed() {
    // The stack's own address is no name that this machine can resolve.
    let builder =
        Parley::builder().only_local("`parley replay` speaks to the API by its name in AWS");
    let Some(parley) = builder.start().await else { return };
    let (stripe, user) = (parley.stripe(), parley.user().await);
    let checkout = user.subscribe().await;
    stripe.webhooks(WebhookSettings { drop: Dropped::All, ..WebhookSettings::default() });
    let paid = stripe.pay(&checkout.id).unwrap();
    assert_eq!(user.tier().await, "basic", "nobody has told");

    let event = &paid.events[0].id;
    let replayed = parley.operate(&["replay", event]).await.expect(0);
    assert!(replayed.out.contains("it was applied"), "{}", replayed.out);
    assert_eq!(user.tier().await, "pro");
    let again = parley.operate(&["replay", event]).await.expect(0);
    assert!(again.out.contains("known already"), "{}", again.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_listed_and_moved_back() {
    if !rehearsal::is_on() {
        return;
    }
    let Some(parley) = Parley::builder().start().await else { return };
    let (stack, user) = (parley.stack(), parley.user().await);
    let room = user.create_room("Dead and back").await;
    stack.map_queue(false).await;
    let question = user.ask(&room, "Is anybody there?").await;
    // As after the last receive.
    let (group, job) = stack.take("MessageQueue").await.expect("the job is queued");
    stack.send("DeadLetterQueue", &group, &job).await;
    stack.map_queue(true).await;
    let status = parley.operate(&["status", "--json"]).await.expect(1).json();
    assert_eq!(status["needs_attention"], json!(["dead_letter_queue"]), "{status}");

    let listed = parley.operate(&["redrive", "--dry-run", "--json"]).await.expect(0).json();
    assert_eq!(listed["letters"][0]["message_id"], question, "{listed}");
    let moved = parley.operate(&["redrive"]).await.expect(0);
    assert!(moved.out.starts_with("1 moved"), "{}", moved.out);
    user.wait_for_reply(&room, &question).await;
    assert_eq!(parley.operate(&["status", "--json"]).await.expect(0).json()["status"], "ok");
}
