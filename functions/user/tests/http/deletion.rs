//! `DELETE /user/me`.

use std::{
    future::pending,
    time::{Duration, Instant},
};

use axum::http::request::Parts;
use local::testing;
use shared::{
    cache::{Cache, Lookup},
    config::Env,
    domain::{Caller, MobileNumber},
};

use crate::host::{Host, NUMBER};

#[tokio::test]
async fn everything_of_the_user_is_gone_from_view() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let elsewhere = Caller { session_id: host.ids.next(host.now()), ..ada };
    let mut rooms = Vec::new();
    for _ in 0..60 {
        rooms.push(host.room(&ada).await);
    }
    let stranger = host.stranger().await;
    let strangers_room = host.room(&stranger).await;

    let answer = host.delete_me(&ada).await;
    assert_eq!(answer.status, 204, "{answer:?}");
    assert!(answer.body.is_empty());

    for caller in [&ada, &elsewhere] {
        host.get("/user/me", caller).await.assert_problem(401, "session_ended");
        host.get("/user/me/usage", caller).await.assert_problem(401, "session_ended");
        host.patch_me(caller, "{}").await.assert_problem(401, "session_ended");
        host.delete_me(caller).await.assert_problem(401, "session_ended");
    }
    assert!(host.store.chatrooms(ada.user_id, 100, None).await.unwrap().rooms.is_empty());
    for room in &rooms {
        assert!(host.store.chatroom(ada.user_id, *room).await.unwrap().is_none());
    }

    let mut waiting: Vec<_> = host.store.rooms_to_purge(100).await.unwrap();
    waiting.sort_unstable();
    assert_eq!(waiting, rooms.iter().map(|room| (ada.user_id, *room)).collect::<Vec<_>>());
    assert_eq!(host.store.accounts_to_purge(100).await.unwrap(), [ada.user_id]);

    assert_eq!(host.get("/user/me", &stranger).await.status, 200);
    assert!(host.store.chatroom(stranger.user_id, strangers_room).await.unwrap().is_some());
}

#[tokio::test]
async fn the_number_is_free_for_a_new_account_that_knows_nothing_of_the_old_one() {
    let host = Host::start().await;
    let ada = host.ada().await;
    host.room(&ada).await;
    assert_eq!(host.delete_me(&ada).await.status, 204);
    let number = MobileNumber::parse(NUMBER).unwrap();
    assert!(host.store.account_of(&number, host.now()).await.unwrap().is_none());

    let again = host.ada().await;
    assert_ne!(again.user_id, ada.user_id);
    assert_eq!(host.get("/user/me", &again).await.status, 200);
    assert!(host.store.chatrooms(again.user_id, 100, None).await.unwrap().rooms.is_empty());
    host.get("/user/me", &ada).await.assert_problem(401, "session_ended");
}

#[tokio::test]
async fn the_lists_are_dropped_and_nothing_is_held_afterwards() {
    let Some((_valkey, url)) = testing::valkey().await else { return };
    let env = Env::default().with("VALKEY_URL", url);
    let host = Host::start_with(env.clone()).await;
    let ada = host.ada().await;
    let cache = Cache::from_env(&env, host.clock.clone()).unwrap();
    for is_there in [true, false] {
        let Lookup::Miss(version) = cache.list(ada.user_id, "50:").await else {
            panic!("it is still kept")
        };
        cache.keep_list(ada.user_id, "50:", version, "[]").await;
        let kept = cache.list(ada.user_id, "50:").await;
        assert!(matches!(kept, Lookup::Hit(_)), "{kept:?}");
        if is_there {
            assert_eq!(host.delete_me(&ada).await.status, 204);
        }
    }
}

/// What a request asks of DynamoDB.
fn operation(request: &Parts) -> &str {
    let target = request.headers["x-amz-target"].to_str().unwrap();
    target.rsplit('.').next().unwrap()
}

#[tokio::test]
async fn a_thief_whose_session_ends_meanwhile_deletes_no_more_than_was_under_way() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let thief = Caller { session_id: host.ids.next(host.now()), ..ada };
    for _ in 0..60 {
        host.room(&ada).await;
    }
    // The first rooms are found, and then the owner sets a new password.
    let (store, now) = (host.store.clone(), host.now());
    let url = testing::relay(host.dynamodb_url(), move |request| {
        let store = store.clone();
        async move {
            if operation(&request) == "Query" {
                let account = store.account(ada.user_id, now).await.unwrap().unwrap();
                assert!(store.set_password(&account, "$argon2id$", ada.session_id).await.unwrap());
            }
        }
    });
    let url = url.await;
    let host = host.behind(url).await;

    host.delete_me(&thief).await.assert_problem(401, "session_ended");
    assert_eq!(host.get("/user/me", &ada).await.status, 200);
    let left = host.store.chatrooms(ada.user_id, 100, None).await.unwrap().rooms;
    assert_eq!(left.len(), 60 - 25);
}

#[tokio::test]
async fn a_deletion_that_is_out_of_time_says_so_before_the_function_is_cut_off() {
    let host = Host::start().await;
    let ada = host.ada().await;
    host.room(&ada).await;
    // A table that is slow, and then does what it is told, and doesn't answer.
    let url = testing::relay(host.dynamodb_url(), async |request| match operation(&request) {
        "Query" => tokio::time::sleep(Duration::from_millis(2_500)).await,
        "TransactWriteItems" => pending().await,
        _ => {}
    });
    let url = url.await;
    let host = host.behind(url).await;

    let started = Instant::now();
    let problem = host.delete_me(&ada).await.assert_problem(503, "unavailable");
    let took = started.elapsed();
    assert!(
        took < user::DELETION + Duration::from_secs(1),
        "{took:?} of the function's ten seconds"
    );
    assert_eq!(problem["detail"], "Not all of it is deleted yet. Try again in a moment.");
    assert!(host.store.chatrooms(ada.user_id, 100, None).await.unwrap().rooms.is_empty());
    // It was the account's last call.
    host.delete_me(&ada).await.assert_problem(401, "session_ended");
}
