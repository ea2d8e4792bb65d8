//! The cache's user: its access string lets the functions do all that they do, and no more.

use std::sync::Arc;

use local::{testing, valkey::Valkey};
use shared::{
    cache::{Cache, Lookup},
    config::Env,
    domain::{SystemClock, UserId},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::stack::Stack;

const PASSWORD: &str = "password";

#[tokio::test]
async fn the_caches_user_may_do_what_the_functions_do() {
    let Some((_server, address)) = server().await else { return };
    let user = UserId::from_bytes([7; 16]);
    let url = format!("redis://parley:{PASSWORD}@{address}");
    let env = Env::default().with("VALKEY_URL", url);
    let cache = Cache::from_env(&env, Arc::new(SystemClock)).unwrap();
    assert_eq!(cache.count_send(user, 1).await, Some(1));
    let Lookup::Miss(version) = cache.list(user, "first").await else { panic!("kept already") };
    cache.keep_list(user, "first", version, "[]").await;
    assert!(matches!(cache.list(user, "first").await, Lookup::Hit(list) if list == "[]"));
    let hold = cache.hold_lists(user).await;
    let Lookup::Miss(version) = cache.list(user, "first").await else { panic!("still kept") };
    cache.keep_list(user, "first", version, "[]").await;
    assert!(matches!(cache.list(user, "first").await, Lookup::Miss(_)), "kept during a write");
    cache.release_lists(hold).await;
    let Lookup::Miss(version) = cache.list(user, "first").await else { panic!("kept again") };
    cache.keep_list(user, "first", version, "[]").await;
    assert!(matches!(cache.list(user, "first").await, Lookup::Hit(_)), "the write is over");
}

#[tokio::test]
async fn the_caches_user_may_not_touch_other_keys_or_the_whole_server() {
    let Some((_server, address)) = server().await else { return };
    let login = format!("AUTH parley {PASSWORD}");
    for command in [
        "GET others:1",
        "FLUSHALL",
        "KEYS *",
        "SCAN 0",
        "RANDOMKEY",
        "SCRIPT FLUSH",
        "CONFIG GET *",
        "ACL LIST",
    ] {
        let answer = say(&address, &[&login, command]).await;
        assert!(answer.contains("-NOPERM"), "{command}: {answer}");
    }
}

/// A server with the user of the template's access string, and where it is; none where no server is
/// installed.
async fn server() -> Option<(Valkey, String)> {
    let (server, url) = testing::valkey().await?;
    let address = url.strip_prefix("redis://").unwrap().to_owned();
    let stack = Stack::production();
    let access = stack.text(&stack.template().properties("CacheUser")["AccessString"]).unwrap();
    let answer = say(&address, &[&format!("ACL SETUSER parley {access} >{PASSWORD}")]).await;
    assert!(answer.starts_with("+OK"), "{access}: {answer}");
    Some((server, address))
}

/// What a server answers to commands, one after the other.
async fn say(address: &str, commands: &[&str]) -> String {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let said = [commands, &["QUIT\r\n"]].concat().join("\r\n");
    connection.write_all(said.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    answer
}
