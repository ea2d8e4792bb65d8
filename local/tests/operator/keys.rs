//! `parley keys`, into files and into the parameters of a stack.

use std::{fs, os::unix::fs::PermissionsExt as _};

use local::operator::{
    deployment::StackName,
    keys::{self, Keys},
};

use crate::ssm::Ssm;

pub(crate) fn stack() -> StackName {
    "parley-test".parse().unwrap()
}

#[test]
fn files_are_for_their_owner_alone_and_belong_together() {
    let folder = tempfile::tempdir().unwrap();
    let stored = keys::in_folder(&folder.path().join("new")).unwrap();
    assert_eq!(stored.written.len(), 3);
    for file in &stored.written {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
    }
    let read = |name: &str| fs::read_to_string(folder.path().join("new").join(name)).unwrap();
    let public = auth::public_keys_of(&read("jwt-private-key.pem")).unwrap();
    assert_eq!(read("jwt-public-keys.json"), public);
    assert_eq!(read("otp-pepper").len(), 44);
}

#[test]
fn no_file_is_overwritten_and_none_is_written_beside_one_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let pepper = folder.path().join("otp-pepper");
    fs::write(&pepper, "mine").unwrap();
    let refused = keys::in_folder(folder.path()).unwrap_err().to_string();
    assert!(refused.contains("otp-pepper is there already"), "{refused}");
    assert_eq!(fs::read_to_string(&pepper).unwrap(), "mine");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn no_two_sets_of_keys_are_alike() {
    let [one, other] = [(); 2].map(|()| Keys::generate().unwrap());
    assert_ne!(one.jwt_private_key, other.jwt_private_key);
    assert_ne!(one.otp_pepper, other.otp_pepper);
}

#[tokio::test]
async fn a_stack_gets_its_keys_the_secret_ones_as_secure_strings() {
    let ssm = Ssm::start().await;
    keys::put(&stack(), &ssm.process()).await.unwrap();
    let names = ["jwt-private-key", "jwt-public-keys", "otp-pepper"];
    let [private, public, pepper] = names.map(|name| format!("/parley-test/{name}"));
    assert_eq!(ssm.names(), [private.as_str(), &public, &pepper]);
    assert_eq!(
        [&private, &public, &pepper].map(|name| ssm.kind(name)),
        ["SecureString", "String", "SecureString"]
    );
    assert_eq!(ssm.value(&public), auth::public_keys_of(&ssm.value(&private)).unwrap());
}

#[tokio::test]
async fn keys_that_a_stack_has_stay_as_they_are() {
    let ssm = Ssm::start().await;
    keys::put(&stack(), &ssm.process()).await.unwrap();
    let before: Vec<_> = ssm.names().iter().map(|name| ssm.value(name)).collect();
    let stored = keys::put(&stack(), &ssm.process()).await.unwrap();
    assert_eq!((stored.written.len(), stored.kept.len()), (0, 3));
    let after: Vec<_> = ssm.names().iter().map(|name| ssm.value(name)).collect();
    assert_eq!(before, after);
}

#[tokio::test]
async fn a_put_that_broke_off_is_finished_with_the_key_that_was_stored() {
    let ssm = Ssm::start().await;
    let key = Keys::generate().unwrap().jwt_private_key;
    ssm.set("/parley-test/jwt-private-key", &key);
    keys::put(&stack(), &ssm.process()).await.unwrap();
    let public = ssm.value("/parley-test/jwt-public-keys");
    assert_eq!(public, auth::public_keys_of(&key).unwrap());
}

#[tokio::test]
async fn public_keys_without_their_private_one_get_no_other() {
    let ssm = Ssm::start().await;
    ssm.set("/parley-test/jwt-public-keys", &Keys::generate().unwrap().jwt_public_keys);
    let refused = keys::put(&stack(), &ssm.process()).await.unwrap_err().to_string();
    assert!(refused.contains("/parley-test/jwt-private-key is not"), "{refused}");
    assert_eq!(ssm.names().len(), 1);
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    let ssm = Ssm::start().await;
    for (error, advice) in [
        ("AccessDeniedException", "docs/operating.md"),
        ("ExpiredTokenException", "sign in to AWS again"),
    ] {
        ssm.refuse("PutParameter", error);
        let refused = keys::put(&stack(), &ssm.process()).await.unwrap_err().to_string();
        assert!(refused.contains(error) && refused.contains(advice), "{refused}");
        assert!(!refused.contains("PRIVATE KEY"), "{refused}");
    }
}
