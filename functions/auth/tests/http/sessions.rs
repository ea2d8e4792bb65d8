//! Refresh tokens: rotated on use, and a family ends when a used one comes back.

use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::json;

use crate::{App, NUMBER, PASSWORD};

#[tokio::test]
async fn a_refresh_token_gives_a_new_pair() {
    let app = App::start().await;
    let first = app.user().await;
    app.pass(SignedDuration::from_secs(1));
    let second = app.refresh(&first.refresh).await.tokens();
    assert!(first.refresh != second.refresh && first.access != second.access);
    app.refresh(&second.refresh).await.expect(200);
}

#[tokio::test]
async fn a_used_token_that_comes_back_ends_the_session() {
    let app = App::start().await;
    let first = app.user().await;
    let second = app.refresh(&first.refresh).await.tokens();
    let third = app.refresh(&second.refresh).await.tokens();
    app.refresh(&first.refresh).await.refused(401, "refresh_token_reused");
    app.refresh(&third.refresh).await.refused(401, "invalid_refresh_token");
    app.change_password(&third, json!({"new_password": PASSWORD}))
        .await
        .refused(401, "session_ended");
}

#[tokio::test]
async fn reuse_in_one_session_does_not_touch_another() {
    let app = App::start().await;
    let first = app.user_with_password().await;
    let other = app.login(NUMBER, PASSWORD).await.tokens();
    app.refresh(&first.refresh).await.expect(200);
    app.refresh(&first.refresh).await.refused(401, "refresh_token_reused");
    app.refresh(&other.refresh).await.expect(200);
}

#[tokio::test]
async fn of_parallel_uses_of_a_token_at_most_one_succeeds_and_the_session_ends() {
    let app = App::start().await;
    let user = app.user().await;
    let answers = join_all((0..20).map(|_| app.refresh(&user.refresh))).await;
    let good: Vec<_> = answers.into_iter().filter(|answer| answer.status == 200).collect();
    assert!(good.len() <= 1);
    for answer in good {
        app.refresh(&answer.tokens().refresh).await.refused(401, "invalid_refresh_token");
    }
}

#[tokio::test]
async fn who_loses_the_race_for_a_rotation_counts_as_a_thief() {
    let app = App::start().await;
    let user = app.user().await;
    let mut held = app.wire.hold("UpdateItem");
    let (late, early) = tokio::join!(app.refresh(&user.refresh), async {
        held.arrived().await;
        let early = app.refresh(&user.refresh).await.tokens();
        held.release();
        early
    });
    late.refused(401, "refresh_token_reused");
    app.refresh(&early.refresh).await.refused(401, "invalid_refresh_token");
}

#[tokio::test]
async fn a_rotation_succeeds_though_dynamodbs_answer_got_lost() {
    let app = App::start().await;
    let user = app.user().await;
    app.wire.lose_answer("UpdateItem");
    let next = app.refresh(&user.refresh).await.tokens();
    app.refresh(&next.refresh).await.expect(200);
}

#[tokio::test]
async fn a_refresh_whose_account_can_not_be_read_uses_up_nothing() {
    let app = App::start().await;
    let user = app.user().await;
    app.wire.refuse("GetItem");
    app.refresh(&user.refresh).await.expect(503);
    let next = app.refresh(&user.refresh).await.tokens();
    app.refresh(&next.refresh).await.expect(200);
}

#[tokio::test]
async fn whoever_comes_before_an_exchange_is_taken_back_counts_as_a_thief() {
    let app = App::start().await;
    let user = app.user().await;
    app.wire.refuse("GetItem");
    app.wire.let_pass("UpdateItem");
    let mut taking_back = app.wire.hold("UpdateItem");
    let (late, thief) = tokio::join!(app.refresh(&user.refresh), async {
        taking_back.arrived().await;
        let thief = app.refresh(&user.refresh).await;
        taking_back.release();
        thief
    });
    late.expect(503);
    thief.refused(401, "refresh_token_reused");
    app.refresh(&user.refresh).await.refused(401, "invalid_refresh_token");
}

#[tokio::test]
async fn an_exchange_in_a_session_that_has_ended_gives_nothing_and_brings_nothing_back() {
    let app = App::start().await;
    let ended = app.user_with_password().await;
    let other = app.login(NUMBER, PASSWORD).await.tokens();
    let body = json!({"old_password": PASSWORD, "new_password": "another password"});
    app.change_password(&other, body).await.expect(200);
    for _ in 0..2 {
        app.refresh(&ended.refresh).await.refused(401, "invalid_refresh_token");
    }
    let kept = app.refresh(&other.refresh).await.tokens();

    app.delete_account(&kept.access).await;
    for _ in 0..2 {
        app.refresh(&kept.refresh).await.refused(401, "invalid_refresh_token");
    }
    app.signup(json!({})).await.expect(201);
    for tokens in [&ended, &other, &kept] {
        app.refresh(&tokens.refresh).await.refused(401, "invalid_refresh_token");
    }
}

#[tokio::test]
async fn a_password_change_in_the_middle_of_a_refresh_ends_the_session_all_the_same() {
    for call in ["UpdateItem", "GetItem"] {
        let app = App::start().await;
        let user = app.user_with_password().await;
        let other = app.login(NUMBER, PASSWORD).await.tokens();
        let mut held = app.wire.hold(call);
        let (refreshed, ()) = tokio::join!(app.refresh(&other.refresh), async {
            held.arrived().await;
            let body = json!({"old_password": PASSWORD, "new_password": "another password"});
            app.change_password(&user, body).await.expect(200);
            held.release();
        });
        let latest = match refreshed.status {
            200 => refreshed.tokens().refresh,
            _ => other.refresh,
        };
        app.refresh(&latest).await.refused(401, "invalid_refresh_token");
        app.refresh(&user.refresh).await.expect(200);
    }
}

#[tokio::test]
async fn what_is_no_token_changes_nothing() {
    let app = App::start().await;
    let user = app.user().await;
    let strangers = App::start().await.user().await;
    let mut damaged = user.refresh.clone();
    let last = damaged.pop().unwrap();
    damaged.push(if last == 'A' { 'Q' } else { 'A' });
    let longer = format!("{}x", user.refresh);
    for token in ["", "nonsense", "a.b.c", &user.access, &damaged, &longer, &strangers.refresh] {
        app.refresh(token).await.refused(401, "invalid_refresh_token");
    }
    let answer = app.post("/auth/refresh", &json!({"refresh_token": 7})).await;
    assert_eq!(answer.faulty_fields(), ["refresh_token"]);
    app.refresh(&user.refresh).await.expect(200);
}

#[tokio::test]
async fn a_session_lasts_for_thirty_days_from_its_last_refresh() {
    let app = App::start().await;
    let almost = SignedDuration::from_secs(30 * 24 * 3_600 - 1);
    let mut tokens = app.user().await;
    for _ in 0..3 {
        app.pass(almost);
        tokens = app.refresh(&tokens.refresh).await.tokens();
    }
    app.pass(almost + SignedDuration::from_secs(1));
    app.refresh(&tokens.refresh).await.refused(401, "invalid_refresh_token");
}

#[tokio::test]
async fn logging_out_ends_this_session_and_no_other() {
    let app = App::start().await;
    let user = app.user_with_password().await;
    let other = app.login(NUMBER, PASSWORD).await.tokens();
    let answer = app.post_as(&user.access, "/auth/logout", &json!({})).await.expect(204);
    assert_eq!(answer.text, "");
    app.refresh(&user.refresh).await.refused(401, "invalid_refresh_token");
    app.refresh(&other.refresh).await.expect(200);
    // Twice does no harm.
    app.post_as(&user.access, "/auth/logout", &json!({})).await.expect(204);
}

#[tokio::test]
async fn refresh_tokens_are_kept_as_hashes_only() {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
    let app = App::start().await;
    let user = app.user().await;
    let stored = app.stored().await;
    assert!(stored.contains("token_hash") && stored.contains("family_hash"), "{stored}");
    let token = BASE64.decode(&user.refresh).unwrap();
    for secret in [&token[32..64], &token[64..], &token[..]] {
        assert!(!stored.contains(&BASE64.encode(secret)), "{stored}");
    }
}
